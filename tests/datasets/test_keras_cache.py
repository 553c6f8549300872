"""Keras' cache: good copies are taken, damaged ones replaced, and without a network the message says what to do."""

import hashlib
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_utils.datasets import keras_cache
from course_utils.datasets.originals import FASHION_MNIST, MNIST
from tests.idx_files import pictures, write_npz, write_pair

TRAIN, TEST = pictures(40, seed=1), pictures(20, seed=2)
COUNTS = {"train": [4] * 10, "t10k": [2] * 10}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a network that is not there."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.datasets.mnist.load_data", fail)
    monkeypatch.setattr("keras.datasets.fashion_mnist.load_data", fail)
    return tmp_path / "datasets"


def fail():
    raise Exception("URL fetch failure: Name or service not known")  # noqa: TRY002 - Keras raises just that


def small(collection, path=None):
    """A collection of the same name and files, with few pictures."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path else collection.archive_sha256
    return replace(collection, label_counts=COUNTS, archive_sha256=digest, pixels_sha256={})


def fill(cache, name):
    """Puts a good copy into the cache; gives the collection and one of its files."""
    if name == "mnist":
        path = write_npz(cache / "mnist.npz", TRAIN, TEST)
        return small(MNIST, path), path
    write_pair(cache / "fashion-mnist", "train", *TRAIN)
    return small(FASHION_MNIST), write_pair(cache / "fashion-mnist", "t10k", *TEST)[0]


def assert_good(parts):
    for part, (x, y) in (("train", TRAIN), ("t10k", TEST)):
        np.testing.assert_array_equal(parts[part][0], x)
        np.testing.assert_array_equal(parts[part][1], y)


both = pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])


@both
def test_a_good_copy_is_taken_without_network_and_without_a_word(cache, name, capsys):
    collection, _ = fill(cache, name)
    assert_good(keras_cache.load(collection))
    assert capsys.readouterr() == ("", "")


@both
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"<html>Not found</html>" + content[:0],
        lambda content: content[:0],
        lambda content: content[:3000] + b"?" + content[3001:],
    ],
    ids=["half", "last byte lost", "web page", "empty", "one byte changed"],
)
def test_a_damaged_copy_is_downloaded_anew(cache, name, damage, monkeypatch, capsys):
    collection, path = fill(cache, name)
    path.write_bytes(damage(path.read_bytes()))
    seen = []

    def download():
        seen.append(path.exists())
        return TRAIN, TEST

    monkeypatch.setattr(f"keras.datasets.{name}.load_data", download)
    assert_good(keras_cache.load(collection))
    assert seen == [False], "the damaged file was deleted before"
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"Downloading {collection.name} ({collection.megabytes} MB). This is done once."
    ]
    assert printed.err == ""


@both
def test_a_copy_of_something_else_is_never_trained_on(cache, name):
    collection, path = fill(cache, name)
    collection = replace(collection, label_counts={"train": [4] * 10, "t10k": [0, 4, *[2] * 8]})
    with pytest.raises(ConnectionError, match=r"but damaged: .*pictures of the classes"):
        keras_cache.load(collection)
    assert not path.exists()


def test_another_archive_than_the_published_one_is_replaced(cache):
    _, path = fill(cache, "mnist")
    with pytest.raises(ConnectionError, match="it has another SHA-256"):
        keras_cache.load(small(MNIST))
    assert not path.exists()


def test_an_incomplete_copy_is_downloaded_anew(cache, monkeypatch):
    collection, path = fill(cache, "fashion_mnist")
    (cache / "fashion-mnist" / "train-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setattr("keras.datasets.fashion_mnist.load_data", lambda: (TRAIN, TEST))
    assert_good(keras_cache.load(collection))
    assert not path.exists(), "Keras would have taken it without looking at it"


@both
def test_a_damaged_download_is_deleted(cache, name, monkeypatch):
    collection = small(MNIST if name == "mnist" else FASHION_MNIST)

    def download():
        fill(cache, name)
        return (TRAIN[0], TRAIN[1] + 200), TEST

    monkeypatch.setattr(f"keras.datasets.{name}.load_data", download)
    with pytest.raises(ConnectionError, match=r"no download: .* holds the label 209"):
        keras_cache.load(collection)
    assert not [path for path in cache.rglob("*") if path.is_file()]


@both
def test_without_network_the_message_says_what_was_tried_and_what_to_do(cache, name):
    collection = MNIST if name == "mnist" else FASHION_MNIST
    with pytest.raises(ConnectionError) as caught:
        keras_cache.load(collection)
    message = str(caught.value)
    assert message.startswith(f"{collection.name} is not on this machine and could not be downloaded.")
    for part in (str(cache), "Name or service not known", f'datasets.{name}(folder="...")', "datasets.digits()"):
        assert part in message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.fixture
def keras_itself(tmp_path, monkeypatch):
    """An empty cache, into which Keras downloads with its own code."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    return tmp_path / "datasets"


def test_a_real_attempt_without_network_fails_as_described(keras_itself, monkeypatch, capfd):
    def no_network(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConnectionError, match=r"no download: URL fetch failure on https://.*mnist\.npz"):
        keras_cache.load(MNIST)
    printed = capfd.readouterr()
    assert printed.out == "Downloading MNIST (11 MB). This is done once.\n"
    assert printed.err == ""
    assert not list(keras_itself.rglob("*"))


@pytest.mark.parametrize(
    ("collection", "reason"), [(MNIST, "Incomplete or corrupted"), (FASHION_MNIST, "Not a gzipped")]
)
def test_an_error_page_that_came_for_a_file_is_not_kept(keras_itself, monkeypatch, collection, reason):
    def give_a_page(_, target, report):
        report(1, 10, 10)
        Path(target).write_text("<html>Please log in</html>", encoding="utf-8")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", give_a_page)
    with pytest.raises(ConnectionError, match=f"no download: {reason}"):
        keras_cache.load(collection)
    assert not [path for path in keras_itself.rglob("*") if path.is_file()]


def test_a_download_through_keras_is_kept_and_shows_one_line(keras_itself, tmp_path, monkeypatch, capfd):
    for part, arrays in (("train", TRAIN), ("t10k", TEST)):
        write_pair(tmp_path / "server", part, *arrays)

    def download(origin, target, report):
        for block in range(20):
            report(block, 100, 2000)
        shutil.copy(tmp_path / "server" / origin.rpartition("/")[2], target)

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", download)
    assert_good(keras_cache.load(small(FASHION_MNIST)))
    assert len(list(keras_itself.rglob("*.gz"))) == 4
    monkeypatch.setattr("keras.datasets.fashion_mnist.load_data", fail)
    assert_good(keras_cache.load(small(FASHION_MNIST)))
    assert capfd.readouterr() == ("Downloading Fashion-MNIST (31 MB). This is done once.\n", "")


def test_keras_is_as_talkative_afterwards_as_before(cache, monkeypatch):
    from keras import config

    seen = []

    def download():
        seen.append((config.is_interactive_logging_enabled(), socket.getdefaulttimeout()))
        return TRAIN, TEST

    monkeypatch.setattr("keras.datasets.mnist.load_data", download)
    keras_cache.load(small(MNIST))
    assert seen == [(False, keras_cache.PATIENCE)]
    assert (config.is_interactive_logging_enabled(), socket.getdefaulttimeout()) == (True, None)
    assert not list(cache.glob("*"))


def test_the_cache_is_where_keras_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_cache.places() == [tmp_path / "datasets"]
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert keras_cache.places()[0] == tmp_path / ".keras" / "datasets"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no read-only folders")
def test_a_cache_that_cannot_be_written_is_read_all_the_same(cache, monkeypatch):
    collection, _ = fill(cache, "mnist")
    assert len(keras_cache.places()) == 1
    monkeypatch.setattr("os.access", lambda *_: False)
    assert len(keras_cache.places()) == 2
    assert_good(keras_cache.load(collection))
