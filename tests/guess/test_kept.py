"""Guesses on the disk: a file each, whole at every moment, and memory where there is no disk."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from course_utils.guess import kept


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    monkeypatch.setenv("COURSE_GUESSES", str(folder))
    monkeypatch.setattr(kept, "_in_memory", {})
    return folder


def test_a_record_comes_back_as_it_was(place):
    record = {"guess": "fällt", "before": True, "sure": None}
    assert kept.write("a", record)
    assert kept.read("a") == record
    assert kept.read("b") == {}
    assert kept.read_all() == {"a": record}
    assert [file.name for file in place.iterdir()] == ["a.json"]


def test_by_default_they_lie_beside_the_chapters_which_solutions_share(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_GUESSES")
    (solutions := tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    for here in (solutions, solutions.parent):
        monkeypatch.chdir(here)
        assert kept.folder() == tmp_path / "notebooks" / "guesses"


def test_in_memory_no_file_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_GUESSES", kept.MEMORY)
    assert not kept.write("a", {"guess": 1})
    assert kept.read("a") == {"guess": 1}
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_written_a_guess_lasts_as_long_as_the_kernel(place):
    place.write_text("no folder can be made here")
    assert not kept.write("a", {"guess": 1})
    assert kept.read("a") == kept.read_all()["a"] == {"guess": 1}
    place.unlink()
    assert kept.write("a", {"guess": 2})
    assert kept.read("a") == {"guess": 2}


def test_an_interrupted_write_leaves_the_record_before(place, monkeypatch):
    kept.write("a", {"guess": 1})

    def fail(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.replace", fail)
    assert not kept.write("a", {"guess": 2})
    assert json.loads((place / "a.json").read_text()) == {"guess": 1}
    assert [file.name for file in place.iterdir()] == ["a.json"], "nothing half-written stays"
    assert kept.read("a") == {"guess": 2}


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_a_damaged_file_counts_as_no_guess(place, text):
    place.mkdir()
    (place / "a.json").write_text(text)
    assert kept.read("a") == {}
    assert kept.write("a", {"guess": 1})
    assert kept.read("a") == {"guess": 1}


def _write_many(name):
    for number in range(50):
        assert kept.write(f"{name}-{number}", {"guess": number})
        assert kept.write("shared", {"guess": name, "text": name * 2000})
        assert kept.read("shared")["text"] in {"a" * 2000, "b" * 2000}


def test_two_notebooks_write_at_the_same_time_and_lose_nothing():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_write_many, name) for name in "ab"]:
            done.result()
    assert len(kept.read_all()) == 101


def test_forget_one_or_all(place):
    for key in ("a", "b", "c"):
        kept.write(key, {"guess": key})
    kept.forget("b")
    assert list(kept.read_all()) == ["a", "c"]
    with pytest.raises(ValueError, match="key='b' cannot be used: choose among a, c"):
        kept.forget("b")
    kept.forget()
    assert kept.read_all() == {}
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("key", ["", "A", "a b", "../a", "a/b", "a" * 61, 3])
def test_a_key_that_is_no_file_name_is_refused(key):
    with pytest.raises(ValueError, match=r"key=.* cannot be used: choose at most 60 small letters, digits and hyphens"):
        kept.check_key(key)


def test_what_only_memory_holds_can_be_forgotten(monkeypatch):
    monkeypatch.setenv("COURSE_GUESSES", kept.MEMORY)
    kept.write("a", {"guess": 1})
    kept.forget("a")
    assert kept.read("a") == kept.read_all() == {}
