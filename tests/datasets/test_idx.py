"""IDX files and Keras' archive: read exactly when whole, refused with the reason when not."""

import gzip

import numpy as np
import pytest

from course_utils.datasets.idx import DamagedFileError, read_idx, read_npz, read_part, shown
from tests.idx_files import idx, pictures, write_npz, write_pair

X, Y = pictures(30)
HTML = b"\n<!DOCTYPE html><html><title>404</title></html>"


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_what_was_written_is_read(tmp_path, ending):
    x, y = read_part(*write_pair(tmp_path, "t10k", X, Y, ending=ending))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert x.dtype == y.dtype == np.uint8


def test_a_file_that_a_browser_unpacked_and_did_not_rename_is_read(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(idx(Y))
    np.testing.assert_array_equal(read_idx(path, 1), Y)


def packed(content):
    return gzip.compress(content, mtime=0)  # without the time of day, the tests are named alike in every process


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (HTML, "is a web page"),
        (packed(HTML), "begins with the bytes 0a 3c 21 44, not with 00 00 08 03"),
        (idx(Y), "begins with the bytes 00 00 08 01, not with 00 00 08 03"),
        (idx(X.astype(">i4")).replace(b"\x08", b"\x0c", 1), "begins with the bytes 00 00 0c 03"),
        (idx(X)[:10], "ends after 10 bytes, within its head"),
        (idx(X)[:-1], r"says it holds 30 × 28 × 28 bytes: it should have 23,536, and has 23,535"),
        (idx(X) + b"\0", r"says .* should have 23,536, and has 23,537"),
        (packed(idx(X))[:-9], "is cut off after"),
        (packed(idx(X))[:2], "is cut off after 2 bytes"),
        (flipped(packed(idx(X))), "cannot be unpacked"),
        (idx(X[:, :27]), "holds pictures of 27 × 28 pixels, not of 28 × 28"),
    ],
)
def test_damaged_pictures_are_refused(tmp_path, content, message):
    images, labels = write_pair(tmp_path, "t10k", X, Y)
    images.write_bytes(content)
    with pytest.raises(DamagedFileError, match=f"{images.name} {message}") as caught:
        read_part(images, labels)
    assert caught.value.path == images


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.where(np.arange(30) == 7, 10, Y).astype(np.uint8), "holds the label 10, first in row 7"),
        (Y[:29], "holds 29 labels for 30 pictures"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, y, message):
    images, labels = write_pair(tmp_path, "t10k", X, y)
    with pytest.raises(DamagedFileError, match=f"{labels.name} {message}"):
        read_part(images, labels)


def test_files_of_no_pictures_are_refused(tmp_path):
    with pytest.raises(DamagedFileError, match="holds no labels"):
        read_part(*write_pair(tmp_path, "t10k", X[:0], Y[:0]))


def test_the_archive_of_keras_is_read(tmp_path):
    parts = read_npz(write_npz(tmp_path / "mnist.npz", (X, Y), (X[:10], Y[:10])))
    np.testing.assert_array_equal(parts["train"][0], X)
    np.testing.assert_array_equal(parts["t10k"][1], Y[:10])


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ((X, Y[:29]), "holds 29 labels for 30 pictures"),
        ((X, Y + 1), "holds the label 10, first in row 9"),
        ((X.astype("int64"), Y), "holds pictures of type int64"),
        ((X.reshape(30, 784), Y), r"holds .* shape \(30, 784\), not uint8"),
        ((X, Y.astype("float32")), "holds labels of type float32"),
        ((X, Y[:, None]), r"holds labels of type uint8 and shape \(30, 1\)"),
        ((X, Y.astype(object)), "cannot be unpacked"),
    ],
)
def test_an_archive_of_other_arrays_is_refused(tmp_path, train, message):
    with pytest.raises(DamagedFileError, match=f"mnist.npz {message}"):
        read_npz(write_npz(tmp_path / "mnist.npz", train, (X, Y)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: HTML, "is a web page"),
        (lambda content: content[:5000], "is no complete NumPy archive"),
        (flipped, "cannot be unpacked"),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path, damage, message):
    path = write_npz(tmp_path / "mnist.npz", (X, Y), (X, Y))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedFileError, match=message):
        read_npz(path)


def test_an_archive_that_lacks_an_array_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=X, y_train=Y)
    with pytest.raises(DamagedFileError, match="lacks an array: x_test"):
        read_npz(tmp_path / "mnist.npz")


def test_a_path_is_shown_as_its_owner_knows_it(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert shown(tmp_path / "data" / "x.gz").replace("\\", "/") == "~/data/x.gz"
    assert shown(tmp_path.parent) == str(tmp_path.parent)


def test_a_cure_follows_what_is_wrong(tmp_path):
    error = DamagedFileError(tmp_path / "x", "is empty").with_cure("Put a good copy there.")
    assert str(error).endswith("x is empty. Put a good copy there.")
