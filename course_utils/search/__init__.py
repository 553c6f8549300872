"""Search: many settings tried, the best one found, and every trial kept."""

from course_utils.search.gaussian_process import Posterior, posterior
from course_utils.search.rungs import BLOCK
from course_utils.search.samplers import ROUND, CoarseToFine
from course_utils.search.searching import METHODS, Search, search
from course_utils.search.spaces import UnitCube, distributions
from course_utils.search.storage import noted

__all__ = [
    "BLOCK",
    "METHODS",
    "ROUND",
    "CoarseToFine",
    "Posterior",
    "Search",
    "UnitCube",
    "distributions",
    "noted",
    "posterior",
    "search",
]
