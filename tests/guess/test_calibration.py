"""The page of all guesses: what counts, and how sure the learner was."""

import pytest

from course_utils import guess
from course_utils.guess import kept


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_GUESSES", str(tmp_path))
    monkeypatch.setattr(kept, "_in_memory", {})


def keep(number, verdict, sure=None, inside=None, *, before=True):
    record = {"question": f"Question {number}?", "guess": "a", "said": "A < B", "came_out": "B", "before": before}
    kept.write(f"q{number}", record | {"verdict": verdict, "sure": sure, "inside": inside, "seen": True})


def html(page):
    return page._repr_mimebundle_()["text/html"]


def test_without_guesses_it_says_how_to_make_some():
    assert "No guess that was answered is kept yet" in html(guess.calibration())


def test_only_what_was_said_before_seeing_counts():
    keep(1, "right", sure=90)
    keep(2, "off", sure=90)
    keep(3, "close", inside=True)
    keep(4, "off", inside=False)
    keep(5, "right", sure=50)
    keep(6, "right", sure=99, before=False)
    keep(7, "right")
    kept.write("q8", {"question": "Never answered?", "guess": "a", "said": "a"})
    page = guess.calibration()
    assert page.shares == {50: (1, 1), 90: (2, 4)}
    assert (page.before, page.right) == (6, 4)
    assert page.title == "You were right less often than you were sure"
    text = html(page)
    assert "Made before seeing the result: 6; right or close: 4." in text
    assert text.count("<tr>") == 1 + 7
    assert "right, made after seeing the result" in text
    assert "A &lt; B" in text
    assert "At 90 %: 2 of 4 right." in text


@pytest.mark.parametrize(
    ("right", "title"),
    [
        (9, "You were right about as often as you were sure"),
        (10, "You were right about as often as you were sure"),
        (7, "You were right less often than you were sure"),
    ],
)
def test_the_title_says_what_the_picture_proves(right, title):
    for number in range(10):
        keep(number, "right" if number < right else "off", sure=90)
    assert guess.calibration().title == title


def test_too_few_certainties_prove_nothing():
    for number in range(4):
        keep(number, "off", sure=90)
    assert guess.calibration().title == "Too few guesses with a certainty to tell"


def test_what_nbval_compares_does_not_depend_on_the_learner():
    plain = guess.calibration()._repr_mimebundle_()["text/plain"]
    keep(1, "right", sure=90)
    made = guess.calibration()._repr_mimebundle_()
    assert made["text/plain"] == plain
    assert made["text/html"].startswith("<div><!--mine-->")
    assert made["text/html"].endswith("<!--/mine--></div>")
