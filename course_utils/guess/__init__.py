"""Guesses before results: entered by the learner, kept, and shown beside what came out."""

from course_utils.guess.calibration import calibration
from course_utils.guess.kept import forget
from course_utils.guess.questions import answer, choice, curve, number

__all__ = ["answer", "calibration", "choice", "curve", "forget", "number"]
