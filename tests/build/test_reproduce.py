"""`make reproduce`: takes a story out of its chapter, runs nothing else of it, and writes the same table every time."""

import csv

import pytest

from course_utils import datasets, tables
from notebooks.build import reproduce
from notebooks.build.contents import ROOT, UnfitError
from tests.idx_files import pictures, write_pair

CHAPTER = """# %% [markdown] name="title"
# # A chapter

# %% name="imports"
import numpy as np

# %% [markdown] name="words"
# Words.

# %% name="more-imports"
from math import sqrt as root

print(1 / 0)


# %% name="story"
def parts_story(dataset, names=("train", "test"), seeds=5, rate=0.03):
    shape, means = " × ".join(map(str, dataset.input_shape)), dataset.x_train[:seeds].mean(axis=1).ravel()
    spread = {"lowest": means.min(), "highest": means.max()}
    return [
        {"part": name, "rows": len(rows), **spread, "root, of two": root(2), "shape": shape}
        for name, rows in [("train", dataset.x_train), ("test", dataset.x_test)]
    ]


# %% [markdown] name="task"
# A task.

# %% name="task-code" tags=["exercise"]
def my_story(dataset): ...


# %% name="task-solved" tags=["solution"]
def my_story(dataset):
    return []
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    source = tmp_path / "notebooks" / "source"
    source.mkdir(parents=True)
    (source / "05_chapter.py").write_text(CHAPTER, encoding="utf-8")
    (source / "chapters.csv").write_text("number,name,title,question,minutes\n05,chapter,A,B?,1\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(tables, "_FOLDER", tmp_path / "data")
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    write_pair(tmp_path / "files", "t10k", *pictures(50))
    return tmp_path / "files"


def test_a_story_comes_with_the_imports_of_its_chapter_and_nothing_else(root, digits):
    story = reproduce.find("parts_story", root)
    assert (story.chapter, story.name) == ("05_chapter", "parts_story")
    train, test = story.run(digits)
    assert (train["rows"], test["rows"]) == (1437, 180)


def test_rows_tell_the_settings_and_round_what_was_measured(root, digits):
    train, _ = reproduce.rows_of(reproduce.find("parts_story", root), digits)
    assert list(train.items()) == [
        ("chapter", "05_chapter"),
        ("story", "parts_story"),
        ("dataset", "digits"),
        ("training_rows", 1437),
        ("rate", "0.03"),
        ("seeds", 5),
        ("part", "train"),
        ("rows", 1437),
        ("lowest", f"{digits.x_train[:5].mean(axis=1).min():.3g}"),
        ("highest", f"{digits.x_train[:5].mean(axis=1).max():.3g}"),
        ("root, of two", "1.41"),
        ("shape", "64"),
    ]


def test_settings_may_be_others_than_the_chapters_and_are_told(root, digits, monkeypatch):
    monkeypatch.setattr(reproduce, "SETTINGS", {"parts_story": {"seeds": 8}})
    train, _ = reproduce.rows_of(reproduce.find("parts_story", root), digits)
    assert (train["seeds"], train["rate"]) == (8, "0.03")


def test_a_story_that_is_nowhere_or_twice_is_refused(root):
    with pytest.raises(UnfitError, match=r"no chapter defines your_story\(dataset\)"):
        reproduce.find("your_story", root)
    with pytest.raises(UnfitError, match="no chapter defines my_story"):
        reproduce.find("my_story", root)
    source = root / "notebooks" / "source"
    (source / "06_other.py").write_text(CHAPTER, encoding="utf-8")
    with (source / "chapters.csv").open("a", encoding="utf-8") as listed:
        listed.write("06,other,A,B?,1\n")
    with pytest.raises(UnfitError, match=r"05_chapter and 06_other defines parts_story"):
        reproduce.find("parts_story", root)


def test_the_table_is_written_and_read_and_always_the_same(root, folder, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "STORIES", {"parts_story": {"images": True}})
    texts = []
    for _ in range(2):
        assert reproduce.main(["--folder", str(folder)], root) == 0
        texts.append((root / "data" / "reproduced.csv").read_bytes())
    assert texts[0] == texts[1]
    assert b"\r" not in texts[0]
    table = tables.reproduced("parts_story")
    settings = ["dataset", "training_rows", "rate", "seeds"]
    assert list(table.columns) == [*settings, "part", "rows", "lowest", "highest", "root, of two", "shape"]
    assert list(table["dataset"]) == ["MNIST, 50-image subset"] * 2
    assert list(table["rows"]) == [40, 5]
    assert list(table["shape"]) == ["28 × 28 × 1"] * 2
    assert "05_chapter: parts_story on MNIST, 50-image subset" in capsys.readouterr().out


def test_stories_with_other_columns_share_a_table(root):
    first = {"chapter": "01_a", "story": "one", "dataset": "MNIST", "start": "zeros", "accuracy": "0.9"}
    second = {"chapter": "02_b", "story": "two", "dataset": "MNIST", "batch": 32, "accuracy": "0.8", "highest": "0.9"}
    (root / "data" / "reproduced.csv").write_text(reproduce.written([first, second]), encoding="utf-8")
    one, two = map(tables.reproduced, ("one", "two"))
    assert one.to_dict("records") == [{"dataset": "MNIST", "start": "zeros", "accuracy": 0.9}]
    assert two.to_dict("records") == [{"dataset": "MNIST", "batch": 32, "accuracy": 0.8, "highest": 0.9}]
    assert list(two.columns) == ["dataset", "batch", "accuracy", "highest"]


def test_what_is_missing_is_said_and_the_table_stays(root, folder, monkeypatch, capsys):
    table = root / "data" / "reproduced.csv"
    table.write_text("kept", encoding="utf-8")
    for stories, arguments, message in [
        ({"your_story": {}}, ["--folder", str(folder)], "no chapter defines your_story"),
        ({"parts_story": {}}, ["--folder", str(root)], "holds no file of MNIST"),
    ]:
        monkeypatch.setattr(reproduce, "STORIES", stories)
        assert reproduce.main(arguments, root) == 1
        assert message in capsys.readouterr().err
    assert table.read_text(encoding="utf-8") == "kept"


def test_a_check_compares_fewer_seeds_with_the_table_and_leaves_it_alone(root, folder, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "STORIES", {"parts_story": {}})
    assert reproduce.main(["--folder", str(folder)], root) == 0
    assert reproduce.main(["--folder", str(folder), "--check"], root) == 0
    table = root / "data" / "reproduced.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    highest = float(rows[1]["highest"])
    rows[1] |= {"lowest": highest + 2 * reproduce.NEAR, "highest": highest + 3 * reproduce.NEAR}
    kept = reproduce.written(rows)
    table.write_text(kept, encoding="utf-8")
    assert reproduce.main(["--folder", str(folder), "--check"], root) == 1
    assert "parts_story: " in capsys.readouterr().err
    assert table.read_text(encoding="utf-8") == kept


def test_a_check_without_files_of_mnist_sees_that_stories_run_and_what_columns_they_have(root, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_MNIST", raising=False)
    monkeypatch.setattr(reproduce, "STORIES", {"parts_story": {"images": True}})
    change = "seeds=5, rate=0.03", "seeds=5, rate=0.03, epochs=9"
    script = root / "notebooks" / "source" / "05_chapter.py"
    script.write_text(CHAPTER.replace(*change), encoding="utf-8")
    rows = reproduce.rows_of(reproduce.find("parts_story", root), datasets.digits())
    table = root / "data" / "reproduced.csv"
    table.write_text(reproduce.written(rows), encoding="utf-8")
    assert reproduce.main(["--check"], root) == 0
    assert "parts_story on made-up pictures" in capsys.readouterr().out
    script.write_text(CHAPTER.replace(*change).replace('"rows": len', '"lines": len'), encoding="utf-8")
    assert reproduce.main(["--check"], root) == 1
    assert "the columns are chapter, story" in capsys.readouterr().err


def test_make_hands_the_folder_down():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert 'build.reproduce $(if $(MNIST),--folder "$(MNIST)")' in makefile
