"""Still pictures, in one style: curves, sweeps, and several of them side by side."""

from course_utils.drawing.displays import (
    CurvesDisplay,
    Display,
    Gallery,
    SweepDisplay,
    draw_curve,
    draw_sweep,
    finite_median,
    show,
)

__all__ = ["CurvesDisplay", "Display", "Gallery", "SweepDisplay", "draw_curve", "draw_sweep", "finite_median", "show"]
