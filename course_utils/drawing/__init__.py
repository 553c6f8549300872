"""Still pictures, in one style: curves, sweeps, surfaces, and several of them side by side."""

from course_utils.drawing.displays import CurvesDisplay, SurfaceDisplay, SweepDisplay
from course_utils.drawing.figures import Display, Gallery

__all__ = ["CurvesDisplay", "Display", "Gallery", "SurfaceDisplay", "SweepDisplay"]
