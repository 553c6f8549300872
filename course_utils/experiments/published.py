"""Figures that others have published, to hold ours against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parents[2] / "data"


def table(name: str) -> pd.DataFrame:
    """Reads a table of published figures.

    Args:
        name: Name of a file in the folder `data`, without its ending; what it holds is told in `data/README.md`.

    Returns:
        The table.

    Raises:
        ValueError: If there is no such file.
    """
    import pandas as pd

    file = _FOLDER / f"{name}.csv"
    if Path(name).name != name or not file.is_file():
        raise ValueError(f"name={name!r} is no table in the folder data: its README names those that are.")
    return pd.read_csv(file)
