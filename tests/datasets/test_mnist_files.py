"""MNIST and Fashion-MNIST: every folder that a learner may have gives the right split, or a message with the cure."""

import os
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets
from course_utils.datasets.originals import FASHION_MNIST, MNIST
from tests.idx_files import pictures, write_npz, write_pair

X, Y = pictures(100)
TEST_X, TEST_Y = pictures(30, seed=1)


def bytes_of(data, part):
    """Gives the pictures of a part as they were, in an order that can be compared."""
    x = np.round(getattr(data, f"x_{part}") * 255).astype(np.uint8)
    return sorted(row.tobytes() for row in x.reshape(len(x), -1))


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_official_split_is_kept(tmp_path, mark, ending):
    write_pair(tmp_path, "train", X, Y, mark=mark, ending=ending)
    write_pair(tmp_path, "t10k", TEST_X, TEST_Y, mark=mark, ending=ending)
    data = datasets.mnist(tmp_path)
    assert repr(data) == "Dataset('MNIST, 130-image subset': 90 + 10 + 30 rows of shape (784,), 10 classes)"
    np.testing.assert_array_equal(data.y_test, TEST_Y)
    assert bytes_of(data, "test") == sorted(x.tobytes() for x in TEST_X)
    assert sorted(bytes_of(data, "train") + bytes_of(data, "validation")) == sorted(x.tobytes() for x in X)


def test_the_test_part_alone_is_split_and_the_name_says_so(tmp_path):
    write_pair(tmp_path, "t10k", X, Y)
    data = datasets.mnist(str(tmp_path))
    assert repr(data) == "Dataset('MNIST, 100-image subset': 80 + 10 + 10 rows of shape (784,), 10 classes)"
    rows = [row for part in ("train", "validation", "test") for row in bytes_of(data, part)]
    assert sorted(rows) == sorted(x.tobytes() for x in X)


def test_labels_stay_with_their_pictures(tmp_path):
    write_pair(tmp_path, "t10k", X, Y)
    data = datasets.mnist(tmp_path, scale="raw")
    label = {x.tobytes(): y for x, y in zip(X, Y)}
    for part in ("train", "validation", "test"):
        for x, y in zip(getattr(data, f"x_{part}").astype(np.uint8), getattr(data, f"y_{part}")):
            assert label[x.tobytes()] == y


def test_an_archive_of_keras_serves_too(tmp_path):
    write_npz(tmp_path / "mnist.npz", (X, Y), (TEST_X, TEST_Y))
    assert [len(part) for part in split(datasets.mnist(tmp_path))] == [90, 10, 30]


def split(data):
    return data.x_train, data.x_validation, data.x_test


@pytest.fixture
def folder(tmp_path):
    write_pair(tmp_path, "train", X, Y)
    write_pair(tmp_path, "t10k", TEST_X, TEST_Y)
    return tmp_path


def test_arguments_are_those_of_digits(folder):
    flat, images = datasets.mnist(folder), datasets.mnist(folder, images=True)
    assert images.input_shape == (28, 28, 1)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 784), flat.x_train)
    assert (flat.x_train.dtype, flat.y_train.dtype) == (np.float32, np.int32)
    assert (flat.x_train.min(), flat.x_train.max()) == (0, 1)
    standard = datasets.mnist(folder, scale="standard")
    np.testing.assert_allclose(standard.x_train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standard.x_train.std(axis=0), 1, atol=1e-4)
    assert datasets.mnist(folder, scale="raw").x_train.max() == 255
    assert all(part.dtype == np.float32 for part in split(standard))


def test_the_seed_decides_about_validation_only(folder):
    one, other = datasets.mnist(folder), datasets.mnist(folder, seed=1)
    assert bytes_of(one, "validation") != bytes_of(other, "validation")
    np.testing.assert_array_equal(one.x_test, other.x_test)
    np.testing.assert_array_equal(one.x_train, datasets.mnist(folder).x_train)


def test_fewer_rows_are_the_first_ones_and_leave_the_other_parts_alone(folder):
    full, few = datasets.mnist(folder), datasets.mnist(folder, rows=20)
    assert few.name == "MNIST, 130-image subset, 20 training rows"
    np.testing.assert_array_equal(few.x_train, full.x_train[:20])
    np.testing.assert_array_equal(few.y_train, full.y_train[:20])
    np.testing.assert_array_equal(few.x_validation, full.x_validation)
    np.testing.assert_array_equal(few.x_test, full.x_test)


@pytest.mark.parametrize("rows", [0, -1, 91])
def test_rows_that_are_not_there_are_refused(folder, rows):
    with pytest.raises(ValueError, match=f"rows={rows} cannot be had: .* has 90 training rows"):
        datasets.mnist(folder, rows=rows)


def test_a_folder_without_files_says_what_belongs_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no file of MNIST: put t10k-images.*or mnist\.npz"):
        datasets.mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds no file of Fashion-MNIST.*fashion_mnist\.npz"):
        datasets.fashion_mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match="is no folder: name the one"):
        datasets.mnist(tmp_path / "nowhere")


@pytest.mark.parametrize(("lost", "kept"), [("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")])
def test_a_file_that_lacks_its_other_half_says_so(tmp_path, lost, kept):
    write_pair(tmp_path, "t10k", X, Y)
    (tmp_path / f"t10k-{lost}-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=rf"t10k-{kept}-ubyte\.gz is alone: put t10k-{lost}-ubyte"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("damage", [lambda content: content[:-20], lambda _: b"", lambda _: b"<html></html>"])
@pytest.mark.parametrize("kind", ["t10k-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
def test_a_damaged_file_of_the_learner_is_named_and_left_alone(folder, kind, damage):
    path = folder / kind
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{kind} .*\. It was left as it is: put a good copy in its place"):
        datasets.mnist(folder)
    assert path.read_bytes() == content


def test_a_damaged_archive_of_the_learner_is_left_alone_too(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"<html></html>")
    with pytest.raises(ValueError, match=r"mnist\.npz is a web page"):
        datasets.mnist(tmp_path)
    assert (tmp_path / "mnist.npz").exists()


def full(collection):
    parts = []
    for part in ("train", "t10k"):
        y = np.repeat(np.arange(10, dtype=np.uint8), collection.label_counts[part])
        parts.append((np.zeros((len(y), 28, 28), np.uint8), y))
    return parts


def test_the_full_set_has_54000_6000_and_10000_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.datasets.fashion_mnist.load_data", lambda: full(FASHION_MNIST))
    data = datasets.fashion_mnist(scale="raw")
    assert repr(data) == "Dataset('Fashion-MNIST': 54000 + 6000 + 10000 rows of shape (784,), 10 classes)"


def test_pixels_that_are_not_those_of_mnist_are_refused(tmp_path):
    write_pair(tmp_path, "t10k", *full(MNIST)[1], ending="")
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte holds other pixels than MNIST has"):
        datasets.mnist(tmp_path)


real = pytest.mark.skipif("COURSE_MNIST" not in os.environ, reason="COURSE_MNIST names no folder with files of MNIST")


@real
def test_the_real_files_are_what_was_published():
    """The pixels of the real test part are compared with their published SHA-256 on the way."""
    folder = Path(os.environ["COURSE_MNIST"])
    data = datasets.mnist(folder)
    parts = [data.y_train, data.y_validation, data.y_test]
    if "subset" in data.name:
        assert data.name == "MNIST, 10,000-image subset"
        assert [len(part) for part in parts] == [8000, 1000, 1000]
        assert np.bincount(np.concatenate(parts)).tolist() == MNIST.label_counts["t10k"]
    else:
        assert [len(part) for part in parts] == [54_000, 6_000, 10_000]
    with pytest.raises(ValueError, match="holds MNIST, not Fashion-MNIST"):
        datasets.fashion_mnist(folder)


@real
def test_the_real_digits_can_be_learned():
    from course_utils import models
    from course_utils.training import Trainer

    data = datasets.mnist(Path(os.environ["COURSE_MNIST"]), rows=4000)
    runs = Trainer(models.mlp, data, epochs=5).run(learning_rate=0.1, seeds=5)
    assert (runs.final("val_accuracy") > 0.85).all()
