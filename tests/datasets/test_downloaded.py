"""MNIST and Fashion-MNIST: a folder and Keras' copy give the right split, or a message with the cure."""

import gzip
import os
import shutil
import socket
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from course_utils import datasets
from course_utils.datasets.downloaded import FASHION_MNIST, MNIST, PATIENCE
from tests.idx_files import idx, pictures, write_pair

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


@pytest.mark.parametrize("rows", [0, -1, 91, 2.5])
def test_rows_that_are_not_there_are_refused(folder, rows):
    with pytest.raises(ValueError, match=f"rows={rows} cannot be used: choose 1 to 90"):
        datasets.mnist(folder, rows=rows)


def test_a_folder_without_files_says_what_belongs_there(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(
            FileNotFoundError, match=rf"folder=.*{folder.name}' holds no file of MNIST: put t10k-images"
        ):
            datasets.mnist(folder)
    with pytest.raises(FileNotFoundError, match="holds no file of Fashion-MNIST"):
        datasets.fashion_mnist(tmp_path)


def full(collection, part="t10k"):
    y = np.repeat(np.arange(10, dtype=np.uint8), collection.label_counts[part])
    return np.zeros((len(y), 28, 28), np.uint8), y


@pytest.mark.parametrize(
    ("read", "part", "message"),
    [
        (datasets.mnist, full(FASHION_MNIST), r"\[1000, .*: put those of MNIST there, .*\[980, "),
        (datasets.fashion_mnist, full(MNIST), r"\[980, .*: put those of Fashion-MNIST there, .*\[1000, "),
        (datasets.mnist, (full(MNIST)[0], np.zeros(10_000, np.uint8)), r"\[10000, 0, .*: put those of MNIST"),
        (datasets.mnist, pictures(10_010), r"\[1001, .*: put those of MNIST"),
        (datasets.mnist, (X[:, :27], Y), r"of shape \(27, 28\), .*: put those of MNIST there, of shape \(28, 28\)"),
        (datasets.mnist, (X, Y + 1), r"of each class \[0, 10, .*: put those of MNIST"),
    ],
    ids=["clothes", "digits", "one class", "too many", "sizes", "label 10"],
)
def test_another_set_under_the_same_names_is_refused(tmp_path, read, part, message):
    write_pair(tmp_path, "t10k", *part, ending="")
    with pytest.raises(ValueError, match=rf"folder=.* holds .*{message}"):
        read(tmp_path)


def test_a_set_too_small_to_split_is_refused(tmp_path):
    write_pair(tmp_path, "t10k", X[:4], Y[:4])
    with pytest.raises(ValueError, match="x has 4 rows, too few"):
        datasets.mnist(tmp_path)


def test_the_full_set_has_54000_6000_and_10000_rows(monkeypatch):
    parts = [full(FASHION_MNIST, part) for part in ("train", "t10k")]
    monkeypatch.setattr("keras.datasets.fashion_mnist.load_data", lambda: parts)
    data = datasets.fashion_mnist(scale="raw")
    assert repr(data) == "Dataset('Fashion-MNIST': 54000 + 6000 + 10000 rows of shape (784,), 10 classes)"


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty cache of Keras'; what it downloads are small files that lie beside it."""
    write_pair(tmp_path / "server", "train", X, Y)
    write_pair(tmp_path / "server", "t10k", TEST_X, TEST_Y)
    small = FASHION_MNIST._replace(label_counts={"train": [10] * 10, "t10k": [3] * 10})
    monkeypatch.setattr("course_utils.datasets.downloaded.FASHION_MNIST", small)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / "keras"))
    monkeypatch.setattr(
        "keras.src.utils.file_utils.urlretrieve",
        lambda url, target, _: shutil.copy(tmp_path / "server" / url.rpartition("/")[2], target),
    )
    (tmp_path / "keras").mkdir()
    return tmp_path / "keras"


def no_network(*_):
    assert socket.getdefaulttimeout() == PATIENCE
    raise URLError("Name or service not known")


def test_keras_downloads_once_and_stderr_stays_empty(keras_home, monkeypatch, capfd):
    first = datasets.fashion_mnist()
    assert repr(first) == "Dataset('Fashion-MNIST': 90 + 10 + 30 rows of shape (784,), 10 classes)"
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", no_network)
    np.testing.assert_array_equal(datasets.fashion_mnist().x_train, first.x_train)
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(
        datasets.fashion_mnist(keras_home / "datasets" / "fashion-mnist").x_test, first.x_test
    )


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_without_network_the_message_says_what_to_do(keras_home, name, monkeypatch, capfd):
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", no_network)
    with pytest.raises(ConnectionError) as caught:
        getattr(datasets, name)()
    message = str(caught.value)
    assert message.startswith("folder=None cannot be used: Keras gives no ")
    files = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-")
    for part in ("Name or service not known", *files, f'datasets.{name}(folder="...")', "datasets.digits()"):
        assert part in message
    assert caught.value.__suppress_context__
    assert socket.getdefaulttimeout() is None
    assert capfd.readouterr().err == ""
    assert not [path for path in keras_home.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[: len(content) // 2], "Compressed file ended"),
        (lambda _: b"<html>Please log in</html>", "Not a gzipped file"),
        (lambda _: gzip.compress(idx(TEST_X[:20])), "cannot reshape"),
    ],
    ids=["half", "web page", "too few"],
)
def test_a_damaged_copy_of_keras_is_never_trained_on(keras_home, damage, reason):
    datasets.fashion_mnist()
    path = keras_home / "datasets" / "fashion-mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConnectionError, match=rf"{reason}[\s\S]*delete what lies of it in ~/\.keras/datasets"):
        datasets.fashion_mnist()


@pytest.mark.usefixtures("keras_home")
def test_an_error_page_that_came_for_the_archive_is_refused(monkeypatch):
    def give_a_page(_, target, __):
        Path(target).write_text("<html>Please log in</html>", encoding="utf-8")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", give_a_page)
    with pytest.raises(ConnectionError, match="Incomplete or corrupted file"):
        datasets.mnist()


def test_another_set_than_the_published_one_is_refused_of_keras_too(monkeypatch):
    monkeypatch.setattr("keras.datasets.mnist.load_data", lambda: ((X, Y + 1), (TEST_X, TEST_Y)))
    with pytest.raises(ConnectionError, match="Keras' cache holds train pictures"):
        datasets.mnist()


real = pytest.mark.skipif("COURSE_MNIST" not in os.environ, reason="COURSE_MNIST names no folder with files of MNIST")


@real
def test_the_real_files_are_what_was_published():
    folder = Path(os.environ["COURSE_MNIST"])
    data = datasets.mnist(folder)
    parts = [data.y_train, data.y_validation, data.y_test]
    if "subset" in data.name:
        assert data.name == "MNIST, 10,000-image subset"
        assert [len(part) for part in parts] == [8000, 1000, 1000]
        assert np.bincount(np.concatenate(parts)).tolist() == MNIST.label_counts["t10k"]
    else:
        assert [len(part) for part in parts] == [54_000, 6_000, 10_000]
    with pytest.raises(ValueError, match="put those of Fashion-MNIST there"):
        datasets.fashion_mnist(folder)


@real
def test_the_real_digits_can_be_learned():
    from course_utils import models
    from course_utils.training import Trainer

    data = datasets.mnist(Path(os.environ["COURSE_MNIST"]), rows=4000)
    runs = Trainer(models.mlp, data, epochs=5).run(learning_rate=0.1, seeds=5)
    assert (runs.final("val_accuracy") > 0.85).all()
