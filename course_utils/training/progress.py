"""A progress bar, of training and of searches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(total: int, unit: str, *, shown: bool) -> tqdm:
    """Makes a bar that appears after a second and goes away when it is closed.

    Args:
        total: How many units the work has.
        unit: What a unit is called, such as "epochs".
        shown: Whether to show it; if so, the variable TQDM_DISABLE can still hide it.

    Returns:
        The bar, a context manager.
    """
    from tqdm import tqdm

    # Text on stdout: tqdm's notebook bar would stay in saved notebooks as a dead widget, and stderr is red.
    # disable=False would overrule TQDM_DISABLE.
    hidden = {} if shown else {"disable": True}
    return tqdm(total=total, unit=f" {unit}", delay=1, leave=False, file=sys.stdout, ncols=80, **hidden)
