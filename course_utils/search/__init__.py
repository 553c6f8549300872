"""Search: many settings tried, the best one found, and every trial kept."""

from course_utils.search.searching import METHODS, Search, search

__all__ = ["METHODS", "Search", "search"]
