"""Published pictures from Keras' cache, or downloaded into it; what is damaged there is replaced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course_utils.datasets import originals
from course_utils.datasets.idx import DamagedFileError, Part, check_arrays, read_npz, read_part, shown
from course_utils.datasets.originals import Collection

#: Seconds of silence after which a download has failed. Without a limit it could hang for minutes.
PATIENCE = 20


def load(collection: Collection) -> dict[str, Part]:
    """Takes a collection from the cache, or downloads it.

    Args:
        collection: Which.

    Returns:
        The parts "train" and "t10k", complete.

    Raises:
        ConnectionError: If there is no good copy, and none can be downloaded.
    """
    tried = []
    for place in places():
        files = [place / name for name in collection.cached]
        if not all(file.is_file() for file in files):
            tried.append(f"not in Keras' cache, {shown(place)}")
            continue
        try:
            return _read(collection, files)
        except DamagedFileError as error:
            tried.append(f"in Keras' cache, but damaged: {error}")
    for place in places():
        _delete(collection, place)
    try:
        return _download(collection)
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception
        for place in places():
            _delete(collection, place)
        tried.append(f"no download: {error}")
    raise ConnectionError(_unavailable(collection, tried))


def places() -> list[Path]:
    """Lists the folders in which Keras looks for data sets."""
    home = os.environ.get("KERAS_HOME")
    base = Path(home).expanduser() if home else Path.home() / ".keras"
    if os.access(base, os.W_OK) or not base.exists():
        return [base / "datasets"]
    # Keras then writes elsewhere, but a good copy in a folder that a school keeps unchangeable is just as good.
    spare = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir())  # noqa: S108 - Keras' own choice
    return [base / "datasets", spare / ".keras" / "datasets"]


def _read(collection: Collection, files: list[Path]) -> dict[str, Part]:
    if collection.archive_sha256:
        parts = read_npz(files[0])
        if hashlib.sha256(files[0].read_bytes()).hexdigest() != collection.archive_sha256:
            raise DamagedFileError(files[0], "is not the file that was published: it has another SHA-256")
    else:
        parts = {"train": read_part(*files[:2]), "t10k": read_part(*files[2:])}
    for part, arrays in parts.items():
        originals.check(collection, part, files[0], arrays, smaller=False)
    return parts


def _download(collection: Collection) -> dict[str, Part]:
    sys.stdout.write(f"Downloading {collection.name} ({collection.megabytes} MB). This is done once.\n")
    sys.stdout.flush()
    import keras

    with _quiet(), _patient():
        train, test = getattr(keras.datasets, collection.keras_name).load_data()
    parts = {"train": train, "t10k": test}
    for part, arrays in parts.items():
        place = Path(collection.cached[0])
        check_arrays(place, *arrays)
        originals.check(collection, part, place, arrays, smaller=False)
    return parts


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Keras from drawing a progress bar, which would fill the cell of a notebook."""
    from keras import config

    before = config.is_interactive_logging_enabled()
    config.disable_interactive_logging()
    try:
        yield
    finally:
        if before:
            config.enable_interactive_logging()


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _delete(collection: Collection, place: Path) -> None:
    # An incomplete set goes as a whole: it is of no use, and Keras would take what is there without looking at it.
    for name in collection.cached:
        with contextlib.suppress(OSError):
            (place / name).unlink()


def _unavailable(collection: Collection, tried: list[str]) -> str:
    files = "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz (and, for all 70,000, the same with train-)"
    return (
        f"{collection.name} is not on this machine and could not be downloaded.\n"
        + "".join(f"  - {line}\n" for line in tried)
        + "Any one of these is a cure:\n"
        "  - connect to the network and call again;\n"
        f'  - put {files} into a folder, and call datasets.{collection.keras_name}(folder="...");\n'
        "  - take datasets.digits(): handwritten digits that came with the course, smaller, and good for all chapters."
    )
