"""What the chapters' stories gave on MNIST: measured once by `make reproduce`, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FILE = Path(__file__).parents[2] / "data" / "reproduced.csv"

_ABOUT = ["chapter", "story"]


def table(story: str, path: Path = FILE) -> pd.DataFrame:
    """Reads what a story gave, to set beside what it gives on the digits.

    Args:
        story: Name of the function in its chapter, such as "one_layer_story".
        path: A CSV file with the columns chapter, story, dataset, training_rows and those of all stories.

    Returns:
        A row for each setting: name of the data set, its training rows, and the columns of the story.

    Raises:
        ValueError: If nothing was kept of such a story.

    Example:
        >>> reproduced.table("one_layer_story")
    """
    import pandas as pd

    kept = pd.read_csv(path, dtype=str)
    if story not in set(kept["story"]):
        raise ValueError(f"story={story!r} is not kept: choose one of {', '.join(kept['story'].unique())}.")
    rows = kept[kept["story"] == story].drop(columns=_ABOUT).dropna(axis="columns", how="all").reset_index(drop=True)
    return rows.apply(_numbers)


def _numbers(column: pd.Series) -> pd.Series:
    import pandas as pd

    try:
        return pd.to_numeric(column)
    except ValueError:
        return column
