"""IDX files: read exactly when whole, refused with the reason when not."""

import gzip

import numpy as np
import pytest

from course_utils.datasets.idx import DamagedFileError, read_idx, read_part
from tests.idx_files import idx, pictures, write_pair

X, Y = pictures(30)
HTML = b"<!DOCTYPE html><html><title>404</title></html>"


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("mark", ["-", "."])
def test_what_was_written_is_read(tmp_path, mark, ending):
    write_pair(tmp_path, "t10k", X, Y, mark=mark, ending=ending)
    x, y = read_part(tmp_path, "t10k")
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert x.dtype == y.dtype == np.uint8
    assert read_part(tmp_path, "train") is None


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
        (HTML, "begins with b'<!DOCTYPE html><' and not with"),
        (packed(HTML), "begins with b'<!DOCTYPE html><' and not with"),
        (idx(Y), r"begins with b'\\x00\\x00\\x08\\x01.* and not with b'\\x00\\x00\\x08\\x03'"),
        (idx(X.astype(">i4")).replace(b"\x08", b"\x0c", 1), r"begins with b'\\x00\\x00\\x0c\\x03"),
        (idx(X)[:10], "should have .* bytes for 30 × .*, and has 10"),
        (idx(X)[:-1], "should have 23,536 bytes for 30 × 28 × 28 numbers, and has 23,535"),
        (idx(X) + b"\0", "should have 23,536 bytes .*, and has 23,537"),
        (packed(idx(X))[:-9], r"cannot be unpacked \(Compressed file ended"),
        (packed(idx(X))[:2], r"cannot be unpacked \("),
        (flipped(packed(idx(X))), r"cannot be unpacked \("),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, message):
    images, _ = write_pair(tmp_path, "t10k", X, Y)
    images.write_bytes(content)
    with pytest.raises(DamagedFileError, match=rf"{images.name} {message}.*: put a good copy in its place\."):
        read_part(tmp_path, "t10k")
    assert images.read_bytes() == content, "what is a learner's is left alone"


def test_labels_that_are_too_few_are_refused(tmp_path):
    _, labels = write_pair(tmp_path, "t10k", X, Y[:29])
    with pytest.raises(DamagedFileError, match=f"{labels.name} holds 29 labels for 30 pictures"):
        read_part(tmp_path, "t10k")


@pytest.mark.parametrize(("lost", "kept"), [("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")])
def test_a_file_that_lacks_its_other_half_says_so(tmp_path, lost, kept):
    write_pair(tmp_path, "t10k", X, Y)
    (tmp_path / f"t10k-{lost}-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=rf"t10k-{kept}-ubyte\.gz is alone: put t10k-{lost}-ubyte"):
        read_part(tmp_path, "t10k")
