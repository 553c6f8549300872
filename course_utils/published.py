"""Figures that others have published, to hold ours against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parent.parent / "data"


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

    path = _FOLDER / f"{name}.csv"
    if not path.exists():
        raise ValueError(f"there is no published table {name!r}.")
    return pd.read_csv(path)
