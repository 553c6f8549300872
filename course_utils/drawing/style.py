"""How every figure of the course looks; applied to single axes, never to Matplotlib as a whole."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from html import escape
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from PIL import Image

#: Colours that people with any colour vision tell apart (Okabe & Ito 2008), darkest first where it matters.
COLORS = ("#0072B2", "#D55E00", "#007A5E", "#8C4A7E", "#B07A00", "#333333", "#3A8FC7")
#: Lines differ in their dashes too, so that nothing hangs on colour alone.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
#: Opacity of the band around a line.
BAND = 0.18
GHOST = "#767676"
TEXT = "#222222"

#: Pixels to an inch: figures are drawn twice as fine as they are shown, sharp on dense screens.
DPI = 160
_SHOWN_DPI = 96

_WIDTH, _HEIGHT = 7.4, 3.5


def new_figure(columns: int = 1, width: float = _WIDTH, height: float = _HEIGHT) -> tuple[Figure, list[Axes]]:
    """Makes a figure with a row of axes.

    Args:
        columns: How many axes.
        width: Width in inches.
        height: Height in inches.

    Returns:
        The figure and its axes.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    figure.subplots_adjust(left=0.62 / width, right=1 - 1.15 / width, bottom=0.56 / height, top=1 - 0.42 / height)
    if columns > 1:
        figure.subplots_adjust(wspace=0.62)
    return figure, list(axes)


def label_axes(ax: Axes, xlabel: str, ylabel: str, title: str = "") -> None:
    """Labels axes and removes ticks and frames that carry no data.

    Args:
        ax: The axes.
        xlabel: What lies along, with its unit.
        ylabel: What lies upward, with its unit.
        title: The one message of the picture.
    """
    ax.set_xlabel(xlabel, color=TEXT, fontsize=10)
    ax.set_ylabel(ylabel, color=TEXT, fontsize=10)
    ax.set_title(title, color=TEXT, fontsize=11, loc="left")
    ax.tick_params(labelsize=9, colors=TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#E4E4E4", linewidth=0.6)
    ax.set_axisbelow(True)


def scale(ax: Axes, x: str = "linear", y: str = "linear") -> None:
    """Sets the scales of both axes; logarithmic ones get plain numbers (0.01, not a power of ten).

    Args:
        ax: The axes.
        x: "linear" or "log".
        y: "linear" or "log".
    """
    ax.set_xscale(x)
    ax.set_yscale(y)
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        if name == "log":
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())


def whole_numbers(ax: Axes) -> None:
    """Puts ticks at whole numbers only, for an axis of epochs or steps.

    Args:
        ax: The axes.
    """
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def mark(ax: Axes, name: str, x: float, line: int = 0) -> None:
    """Marks a place with a dotted vertical line and its name, on the side where there is room.

    Args:
        ax: The axes, with their limits already set.
        name: What is there.
        x: Where.
        line: How many names stand above it.
    """
    ax.axvline(x, color=GHOST, linewidth=1, linestyle=":")
    on_the_left = ax.transAxes.inverted().transform(ax.transData.transform((x, 0)))[0] > 0.5
    # The name is no part of the layout, which would shrink the axes to make room for it.
    ax.annotate(
        name,
        (x, 0.97 - 0.1 * line),
        xycoords=ax.get_xaxis_transform(),
        xytext=(-4 if on_the_left else 4, 0),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        va="top",
        color=TEXT,
        fontsize=9,
        bbox={"facecolor": "white", "alpha": 0.8, "pad": 1, "linewidth": 0},
        in_layout=False,
    )


def your_guess(ax: Axes, x: Sequence[float] | float | None = None, y: Sequence[float] | float | None = None) -> None:
    """Draws what the learner has guessed, with its name where there is most room.

    Args:
        ax: The axes, with everything else drawn and their limits set.
        x: Positions of a curve's points, shape (points,), or where a vertical line stands; None for a horizontal line.
        y: Heights of the curve's points, shape (points,), or of a horizontal line; None for a vertical one.
    """
    look = {"color": TEXT, "linewidth": 1.6, "linestyle": (0, (4, 2)), "zorder": 4}
    others = [line.get_transform().transform(line.get_xydata()) for line in ax.lines if len(line.get_xdata())]
    limits = ax.get_xlim(), ax.get_ylim()
    if y is None:
        ax.axvline(x, **look)
        places = [(x, part) for part in np.linspace(0.1, 0.9, 9)]
        to_pixels = ax.get_xaxis_transform()
    elif x is None:
        ax.axhline(y, **look)
        places, to_pixels = [(part, y) for part in np.linspace(0.1, 0.9, 9)], ax.get_yaxis_transform()
    else:
        ax.plot(x, y, marker="D", markersize=5, markerfacecolor="white", **look)
        places, to_pixels = list(zip(x, y)), ax.transData
    ax.set(xlim=limits[0], ylim=limits[1])
    _name_where_there_is_room(ax, "your guess", to_pixels.transform(places), others)


def _name_where_there_is_room(ax: Axes, name: str, places: np.ndarray, others: list[np.ndarray]) -> None:
    """Writes a name above, below or beside one of several places: where it is farthest from other lines."""
    scale = ax.figure.dpi / 72
    half = np.array([2.5 * len(name), 6.0]) * scale  # half the width and height of the words, in pixels
    aside = half[0] / scale + 7
    shifts = [(right, up) for right in (0, aside, -aside) for up in (0, 11, -11) if right or up]
    centers = np.array([place + np.multiply(shift, scale) for place in places for shift in shifts])
    low, high = ax.transAxes.transform([(0, 0), (1, 1)])
    inside = ((centers - half >= low) & (centers + half <= high)).all(axis=1)
    centers = centers[inside] if inside.any() else centers
    drawn = np.concatenate([_closely(line) for line in (*others, places)])
    away = np.maximum(np.abs(centers[:, None] - drawn[None]) - half, 0)  # from the box of the words
    best = centers[np.argmax(np.hypot(*np.moveaxis(away, -1, 0)).min(axis=1))]
    at = ax.transAxes.inverted().transform(best)
    ax.text(*at, name, transform=ax.transAxes, ha="center", va="center", color=TEXT, fontsize=9, in_layout=False)


def _closely(line: np.ndarray) -> np.ndarray:
    """Fills a line of few points with many, shape (points, 2), and leaves out what is not finite."""
    line = line[np.isfinite(line).all(axis=1)]
    parts = np.linspace(0, max(len(line) - 1, 0), 200)
    return (
        np.stack([np.interp(parts, np.arange(len(line)), column) for column in line.T], axis=1) if len(line) else line
    )


def look(ghost: str, index: int = 0, dashes: object = None) -> tuple[str, object]:
    """Gives a line its colour and dashes.

    Args:
        ghost: Name of the earlier result that the line belongs to, which is drawn in grey; empty for the newest.
        index: Which of the lines of one picture it is, counted from 0.
        dashes: Matplotlib line style in place of the index's own.

    Returns:
        Colour and Matplotlib line style.
    """
    if ghost:
        return GHOST, ":"
    return COLORS[index], DASHES[index] if dashes is None else dashes


def end_labels(ax: Axes, ends: list[tuple[str, float, float, str]], size: float = 9) -> list[Text]:
    """Writes each line's name at its right end, pushed apart where names would overlap.

    Args:
        ax: The axes, with everything else drawn.
        ends: Name, x, y and colour of each line; ends that are not finite are left out.
        size: Font size in points.

    Returns:
        The texts.
    """
    ax.autoscale_view()  # otherwise limits that are not set yet would move the lines away from their names
    low, high = ax.transAxes.transform([(0, 0), (1, 1)])[:, 1]
    gap = size * 1.25 * ax.figure.dpi / 72
    shown = [(ax.transData.transform((x, y))[1], name, color) for name, x, y, color in ends if np.isfinite(y)]
    shown.sort()
    heights = np.clip([height for height, *_ in shown], low, high)
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    overshoot = max(0.0, heights[-1] - high) if len(heights) else 0.0
    if overshoot:
        heights[-1] -= overshoot
        for i in range(len(heights) - 2, -1, -1):
            heights[i] = min(heights[i], heights[i + 1] - gap)
    return [
        ax.text(
            1.015, (height - low) / (high - low), name, color=color, fontsize=size, va="center", transform=ax.transAxes
        )
        for height, (_, name, color) in zip(heights, shown)
    ]


def png(pixels: np.ndarray, palette: Image.Image | None = None) -> bytes:
    """Packs pixels into a small PNG.

    Args:
        pixels: Red, green, blue and opacity, shape (rows, columns, 4), 0 … 255.
        palette: Colours to use, from `live_palette`; None finds the best, which takes most of the time.

    Returns:
        The file's bytes.
    """
    height, width = pixels.shape[:2]
    image = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    if palette is None:
        image = image.quantize(64, method=Image.Quantize.FASTOCTREE)
    else:
        image = image.quantize(palette=palette, dither=Image.Dither.NONE)
    file = BytesIO()
    image.save(file, "png", compress_level=3)
    return file.getvalue()


@cache
def live_palette() -> Image.Image:
    """Collects the colours of live pictures: greys, the lines' colours in every strength, and bands that overlap.

    Returns:
        An image of one pixel with the palette, for `png`; the same object at every call.
    """
    white, lines = np.full(3, 255.0), [np.array(to_rgb(color)) * 255 for color in COLORS]
    bands = [white + (line - white) * BAND for line in lines]
    colors = [np.full(3, grey) for grey in np.linspace(0, 255, 40)]
    colors += [white + (line - white) * strength for line in lines for strength in np.linspace(0.08, 1, 14)]
    colors += [lower + (line - lower) * BAND for lower in bands for line in lines]
    image = Image.new("P", (1, 1))
    image.putpalette(np.round(colors).astype(int).ravel().tolist())
    return image


def shown_pixels(inches: float) -> int:
    """Tells how many pixels of the screen a length takes.

    Args:
        inches: The length, such as the width of a figure, in inches.

    Returns:
        Pixels, at 96 to the inch.
    """
    return round(inches * _SHOWN_DPI)


def img_tag(file: bytes, alt: str, width: float) -> str:
    """Wraps a PNG into HTML, with its alternative text.

    Args:
        file: The PNG.
        alt: Alternative text.
        width: Width on the screen in inches at 96 pixels to the inch; narrower screens shrink it.

    Returns:
        An `img` element.
    """
    data = base64.b64encode(file).decode()
    size = f"width:{shown_pixels(width)}px;max-width:100%;height:auto"
    return f'<img class="course-figure" alt="{escape(alt)}" style="{size}" src="data:image/png;base64,{data}">'
