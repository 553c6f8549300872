"""Tables of figures that others have published, to hold our own against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parent.parent / "data"


def table(name: str) -> pd.DataFrame:
    """Reads a published table.

    Args:
        name: A file in the folder `data`, such as "mishkin2016_batch.csv"; the data card there names its source.

    Returns:
        The table, with its first column as index.

    Raises:
        ValueError: If there is no such file.
    """
    import pandas as pd

    file = _FOLDER / name
    if file.parent != _FOLDER or not file.is_file():
        raise ValueError(f"name={name!r} is no file in the folder data: look at its README for those that are.")
    return pd.read_csv(file, index_col=0)
