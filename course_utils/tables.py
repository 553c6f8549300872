"""Tables that come with the course: figures that others have published, and those that it measured and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parent.parent / "data"


def data_file(name: str) -> Path:
    """Tells where a file of the folder `data` is; all that is read from there is asked for here.

    A notebook is built again when a file changes that its code, or the code it uses, asks for by name: write the name
    out.

    Args:
        name: Name of the file, such as "claims.csv".

    Returns:
        Its path; the file need not exist.
    """
    return _FOLDER / name


def published(name: str) -> pd.DataFrame:
    """Reads a table of figures that others have published, to compare ours with.

    Args:
        name: Name of a CSV file in the folder `data`; `data/README.md` says what it holds.

    Returns:
        The table.

    Raises:
        ValueError: If there is no such file.
    """
    import pandas as pd

    file = data_file(name)
    if Path(name).name != name or file.suffix != ".csv" or not file.is_file():
        raise ValueError(f"name={name!r} is no table in the folder data: its README names those that are.")
    return pd.read_csv(file)


def reproduced(story: str) -> pd.DataFrame:
    """Reads what a chapter's story gave on MNIST, measured once by `make reproduce`.

    Args:
        story: Name of the function in its chapter, such as "one_layer_story".

    Returns:
        A row for each setting: name of the data set, its training rows, and the columns of the story.

    Raises:
        ValueError: If nothing was kept of such a story.

    Example:
        >>> tables.reproduced("one_layer_story")
    """
    import pandas as pd

    kept = pd.read_csv(data_file("reproduced.csv"), dtype=str)
    if story not in set(kept["story"]):
        raise ValueError(f"story={story!r} is not kept: choose one of {', '.join(kept['story'].unique())}.")
    rows = kept[kept["story"] == story].drop(columns=["chapter", "story"]).dropna(axis="columns", how="all")
    return rows.reset_index(drop=True).apply(_numbers)


def _numbers(column: pd.Series) -> pd.Series:
    import pandas as pd

    try:
        return pd.to_numeric(column)
    except ValueError:
        return column
