"""Feedback on the answers of exercises: right, nearly right, or not yet, with a hint for each known mistake."""

from course_utils.checks.answers import Feedback, choice, code, goal, number

__all__ = ["Feedback", "choice", "code", "goal", "number"]
