"""Frames of a live picture, drawn fast: the axes are kept as pixels, only what changes is drawn again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg

from course_utils.drawing import style
from course_utils.lab.contract import Picture, Result

#: Seconds between two frames while training goes on, and before the first.
_BETWEEN, _FIRST = 1 / 14, 1 / 22


class FramePace:
    """Decides, from when it is made, which of the results on the way are worth a frame; the last always is."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._next = self._start + _FIRST
        # When the first result came, and its progress: an experiment may go on where another request left it.
        self._origin: tuple[float, float] | None = None

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self._start

    def wants(self, result: Result) -> bool:
        """Tells whether it is time for a frame, and this result not so near the end that it would only delay it."""
        now = time.perf_counter()
        self._origin = self._origin or (now, result.progress)
        if result.progress == 1 or now < self._next:
            return False
        since, first = self._origin
        gained = result.progress - first
        if gained and (now - since) * (1 - result.progress) / gained < _BETWEEN:
            return False
        self._next = now + _BETWEEN
        return True


class Animation:
    """Draws results as PNG frames; use it from one thread only.

    Args:
        picture: What to draw.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._key: Any = None
        #: Seconds that the parts of the last frame took.
        self.spent: dict[str, float] = {}

    def png(self, result: Any, ghosts: Mapping[str, Any] = {}) -> bytes:
        """Draws one frame.

        Args:
            result: The newest result.
            ghosts: Earlier results to show behind it in grey, by the names to write at them. Those that need other
                axes are left out.

        Returns:
            The frame as a PNG file.
        """
        start = time.perf_counter()
        key = self.picture.axes_key(result)
        if key != self._key:
            self._canvas = FigureCanvasAgg(self.picture.axes(result))
            self._canvas.draw()
            self._empty = self._canvas.copy_from_bbox(self._canvas.figure.bbox)
            self._key, self._behind = key, [("", None)]
        self._draw_behind({name: ghost for name, ghost in ghosts.items() if self.picture.axes_key(ghost) == key})
        self._canvas.restore_region(self._background)
        self._draw(result)
        drawn = time.perf_counter()
        file = style.png(np.asarray(self._canvas.buffer_rgba()), style.live_palette())
        self.spent = {"draw": drawn - start, "encode": time.perf_counter() - drawn}
        return file

    def _draw_behind(self, ghosts: Mapping[str, Any]) -> None:
        """Draws the ghosts, and again only when they change."""
        behind = list(ghosts.items())
        stays = len(behind) == len(self._behind) and all(
            name == old_name and ghost is old for (name, ghost), (old_name, old) in zip(behind, self._behind)
        )
        if not stays:
            self._canvas.restore_region(self._empty)
            for name, ghost in behind:
                self._draw(ghost, ghost=name)
            # Megabytes for each lab of a chapter, so that it is not copied without need.
            self._background = self._canvas.copy_from_bbox(self._canvas.figure.bbox) if behind else self._empty
            self._behind = behind

    def _draw(self, result: Any, *, ghost: str = "") -> None:
        artists = self.picture.artists(self._canvas.figure, result, ghost=ghost)
        for artist in sorted(artists, key=Artist.get_zorder):  # as a figure that is drawn whole would
            artist.axes.draw_artist(artist)
            artist.remove()
