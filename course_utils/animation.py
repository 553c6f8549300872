"""Frames of a live picture, drawn fast: the axes are kept as pixels, only what changes is drawn anew."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from course_utils import style
from course_utils.pictures import Picture


class Animation:
    """Draws results as PNG frames; use it from one thread only.

    Args:
        picture: What to draw.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._frame: Any = None

    def png(self, result: Any, ghost: Any = None) -> bytes:
        """Draws one frame.

        Args:
            result: The newest result.
            ghost: An earlier result to show behind it, in grey.

        Returns:
            The frame as a PNG file.
        """
        frame = (self.picture.frame(result), id(ghost))
        if frame != self._frame:
            self._canvas = FigureCanvasAgg(self.picture.prepare(result))
            self._canvas.draw()
            if ghost is not None and self.picture.frame(ghost) == frame[0]:
                self._draw(ghost, ghost=True)
            self._background = self._canvas.copy_from_bbox(self._canvas.figure.bbox)
            self._frame = frame
        self._canvas.restore_region(self._background)
        self._draw(result)
        return style.png(np.asarray(self._canvas.buffer_rgba()))

    def _draw(self, result: Any, *, ghost: bool = False) -> None:
        for artist in self.picture.artists(self._canvas.figure, result, ghost=ghost):
            artist.axes.draw_artist(artist)
            artist.remove()
