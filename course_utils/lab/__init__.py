"""Labs: sliders that retrain networks while they move, and the pictures that follow."""

from course_utils.lab.contract import AtOnce, OfRuns, Result
from course_utils.lab.controls import choice, int_slider, log_slider, slider
from course_utils.lab.lab import Lab
from course_utils.lab.pictures import LearningCurves, Parabola, Picture, Schedule, Sweep

__all__ = [
    "AtOnce",
    "Lab",
    "LearningCurves",
    "OfRuns",
    "Parabola",
    "Picture",
    "Result",
    "Schedule",
    "Sweep",
    "choice",
    "int_slider",
    "log_slider",
    "slider",
]
