"""Labs: sliders that retrain networks while they move, and the pictures that follow."""

from course_utils.lab.contract import HEIGHT, WIDTH, Experiment, FromRuns, Instant, InstantExperiment, Picture, Result
from course_utils.lab.controls import choice, int_slider, log_slider, slider
from course_utils.lab.lab import Lab
from course_utils.lab.pictures import LOSSES, LearningCurves, Sweep, draw_history, epoch_axis

__all__ = [
    "HEIGHT",
    "LOSSES",
    "WIDTH",
    "Experiment",
    "FromRuns",
    "Instant",
    "InstantExperiment",
    "Lab",
    "LearningCurves",
    "Picture",
    "Result",
    "Sweep",
    "choice",
    "draw_history",
    "epoch_axis",
    "int_slider",
    "log_slider",
    "slider",
]
