"""Numbers that are the same, bit for bit, on every machine: random draws, functions and sums that need no library."""

from course_utils.portable.draws import Draws
from course_utils.portable.functions import cospi, exp, log, power, sinpi
from course_utils.portable.sums import deviation, mean, total

__all__ = ["Draws", "cospi", "deviation", "exp", "log", "mean", "power", "sinpi", "total"]
