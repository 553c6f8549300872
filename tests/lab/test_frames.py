"""Frames: when one is drawn, what stays behind it, and the colours it is packed in."""

import io
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from course_utils.drawing import style
from course_utils.lab import Picture, frames


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in milliseconds."""
    time = SimpleNamespace(now=0)
    monkeypatch.setattr(frames.time, "perf_counter", lambda: time.now / 1000)
    return time


def after(epochs):
    return SimpleNamespace(progress=epochs / 100)


def drawn(clock, milliseconds_an_epoch, begins=0):
    pace, shown = frames.FramePace(), []
    for epoch in range(begins + 1, 101):
        clock.now += milliseconds_an_epoch
        if pace.wants(after(epoch)):
            shown.append(clock.now)
    return shown


def test_a_long_run_has_a_first_frame_soon_and_then_14_a_second(clock):
    frames = drawn(clock, 10)
    assert frames[0] == 50
    assert {later - sooner for sooner, later in pairwise(frames)} == {80}
    assert frames[-1] <= 1000 - 71


def test_a_run_that_goes_on_where_it_was_left_has_frames_like_any_other(clock):
    assert len(drawn(clock, 20, begins=70)) >= 5


def test_a_run_that_is_over_at_once_has_no_frame_but_the_last(clock):
    assert drawn(clock, 1) == []


def test_colours_of_lines_and_bands_survive_packing():
    palette = np.array(style.live_palette().getpalette()).reshape(-1, 3)
    assert len(palette) <= 256
    for color in [*style.COLORS, style.GHOST, style.TEXT, "#FFFFFF"]:
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        band = [round(255 + (part - 255) * style.BAND) for part in wanted]
        for pixel in (wanted, band):
            assert np.abs(palette - pixel).max(axis=1).min() <= 8, color


def test_a_live_frame_looks_as_drawn():
    pixels = np.full((40, 60, 4), 255, "uint8")
    pixels[10:20, :, :3] = [0, 114, 178]
    packed = np.asarray(Image.open(io.BytesIO(style.png(pixels, style.live_palette()))).convert("RGB"))
    assert np.abs(packed.astype(int) - pixels[..., :3]).max() <= 8


class LineUnderItsBand(Picture):
    """A picture that names the line first, though a band belongs under it."""

    def axes_key(self, result):
        return result

    def axes(self, result):  # noqa: ARG002 - as every picture
        figure, (ax,) = style.new_figure(1, 4, 3)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        return figure

    def artists(self, figure, result, *, ghost=""):  # noqa: ARG002 - as every picture
        (ax,) = figure.axes
        (line,) = ax.plot([0, 1], [0.5, 0.5], color=style.COLORS[0], linewidth=20)
        return [line, ax.fill_between([0, 1], 0, 1, color=style.COLORS[1])]

    def alt(self):
        return "A line on a band."


def test_a_band_is_drawn_under_a_line_whichever_is_named_first():
    frame = Image.open(io.BytesIO(frames.Animation(LineUnderItsBand()).png("result"))).convert("RGB")
    pixels = np.asarray(frame).reshape(-1, 3).astype(int)
    for color in style.COLORS[:2]:
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(pixels - wanted).max(axis=1) <= 8).mean() > 0.02, color
