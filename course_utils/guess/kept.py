"""Where guesses are kept: a small file each, beside the notebooks, so that two notebooks never write the same one.

The environment variable COURSE_GUESSES names another folder; "memory" keeps them only as long as the kernel lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

#: What the variable says when no file is to be written.
MEMORY = "memory"

#: Guesses that could not be written, and all of them where the variable says so; by their keys.
_in_memory: dict[str, dict[str, Any]] = {}


def folder() -> Path | None:
    """Tells where guesses are kept.

    Returns:
        The folder, which need not exist yet: `guesses` beside the chapters, which their solutions share; None if they
        are kept in memory.
    """
    asked = os.environ.get("COURSE_GUESSES")
    if asked:
        return None if asked == MEMORY else Path(asked)
    here = Path.cwd()
    return (here.parent if here.name == "solutions" else here) / "guesses"


def check_key(key: str) -> None:
    """Checks that a key can name a file on every system.

    Args:
        key: Such as "rate-of-three".

    Raises:
        ValueError: If it cannot.
    """
    if not isinstance(key, str) or not re.fullmatch(r"[a-z0-9-]{1,60}", key):
        raise ValueError(f"key={key!r} cannot be used: choose at most 60 small letters, digits and hyphens.")


def read(key: str) -> dict[str, Any]:
    """Reads what is known of a question.

    Args:
        key: The question's key.

    Returns:
        The record that `write` got; empty if there is none, or none that can be read.
    """
    place = folder()
    if key in _in_memory or place is None:
        return dict(_in_memory.get(key, {}))
    return _load(place / f"{key}.json")


def read_all() -> dict[str, dict[str, Any]]:
    """Reads every record, by its key, in the order of the keys."""
    place = folder()
    found = {} if place is None else {file.stem: _load(file) for file in place.glob("*.json")}
    return dict(sorted((found | _in_memory).items()))


def write(key: str, record: dict[str, Any]) -> bool:
    """Keeps a record, in place of an earlier one.

    Args:
        key: The question's key.
        record: What to keep, of such things as JSON knows.

    Returns:
        Whether it outlives the kernel. Where no file can be written, it is kept in memory.
    """
    place = folder()
    if place is not None:
        try:
            place.mkdir(parents=True, exist_ok=True)
            _replace(place / f"{key}.json", json.dumps(record, ensure_ascii=False, indent=1))
        except OSError:
            pass
        else:
            _in_memory.pop(key, None)
            return True
    _in_memory[key] = dict(record)
    return False


def forget(key: str | None = None) -> None:
    """Deletes a guess, so that the question can be answered afresh.

    Args:
        key: The question's key; None deletes all guesses.

    Raises:
        ValueError: If nothing is known of such a question.
    """
    known = read_all()
    if key is not None and key not in known:
        raise ValueError(f"key={key!r} cannot be used: choose among {', '.join(known) or 'none, as none is kept'}.")
    for one in known if key is None else [key]:
        _in_memory.pop(one, None)
        if (place := folder()) is not None:
            (place / f"{one}.json").unlink(missing_ok=True)


def _load(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a damaged file counts as none, and the next guess replaces it
        return {}
    return record if isinstance(record, dict) else {}


def _replace(file: Path, text: str) -> None:
    """Writes a file in one piece: whoever reads it meanwhile sees the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
        Path(name).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
