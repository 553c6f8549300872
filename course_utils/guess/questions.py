"""Questions that ask for a guess before a result, and the answers that put the result beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course_utils.drawing import CurvesDisplay, Display, show
from course_utils.guess import kept, page
from course_utils.guess.axis import Axis
from course_utils.guess.kinds import Choice, Curve, Number, draw

#: What has been asked in this kernel, by key.
_asked: dict[str, Question] = {}


class Question:
    """A question, what was guessed, and what came out: on the page, and on the disk.

    Args:
        key: What it is kept under; no other question of the course has it.
        question: What is asked, in a sentence.
        kind: What can be guessed.
    """

    def __init__(self, key: str, question: str, kind: Choice | Number | Curve) -> None:
        self.key, self.question, self.kind = key, question, kind
        form = kind.form() | {"question": question}
        self._asks = page.Page(form, self.enter, lambda: f"A question to guess: {question}", self._asleep)
        self._answers = page.Page(form, self.enter, self._said_of_answer, self._answered)
        self._came_out: Any = None  # until the result is there
        self.refresh()

    @property
    def guess(self) -> Any:
        """The guess that is kept, as its kind stores it; None if there is none that still fits the question."""
        record = kept.read(self.key)
        try:
            return self.kind.entered(record["guess"])
        except (KeyError, ValueError, TypeError):
            return None

    @property
    def bound(self) -> bool:
        """Whether a guess was made before the result was seen: then it stays."""
        record = kept.read(self.key)
        return bool(record.get("before") and record.get("seen") and self.guess is not None)

    def enter(self, entered: dict[str, Any]) -> None:
        """Keeps a guess, or says in the status line why it cannot be kept.

        Args:
            entered: From the page: `guess`, and for a choice `sure`, in per cent.
        """
        if self.bound:
            self.refresh()
            return
        try:
            guess = self.kind.entered(entered.get("guess"))
        except (ValueError, TypeError) as error:
            self.refresh(f"Not kept: {error}")
            return
        record = kept.read(self.key)
        record |= {"question": self.question, "guess": guess, "said": self.kind.said(guess)}
        record |= {"sure": self.kind.sure(entered.get("sure")), "before": not record.get("seen", False)}
        lasting = self._keep(record)
        self.refresh("" if lasting else "It lasts until the kernel ends, since no file can be written here.")

    def answer(self, came_out: Any, means: str, picture: Display | None, axis: str) -> page.Page:
        """Puts what came out beside the guess; the arguments are those of `answer`."""
        self._came_out, self._means, self._axis = self.kind.came_out(came_out), means, axis
        self._picture = self._curves(came_out) if picture is None and isinstance(self.kind, Curve) else picture
        self._keep(kept.read(self.key) | {"seen": True})
        self.refresh()
        return self._answers

    def refresh(self, remark: str = "") -> None:
        """Shows on the page what is now known.

        Args:
            remark: What to say of the guess that was just entered.
        """
        guess, bound, record = self.guess, self.bound, kept.read(self.key)
        shown = {} if guess is None else {"guess": guess, "sure": record.get("sure")}
        said = "" if guess is None else f"Your guess: {self._words(guess)}."
        stays = "It stays, since you have seen the result." if bound else ""
        status = " ".join(filter(None, (said, stays, remark)))
        self._asks.show(kept=shown, locked=bound, status=status)
        if self._came_out is not None:
            heading = "You made no guess. What would you have said? It will be marked as made after seeing the result."
            self._answers.show(
                kept=shown,
                asks=not bound,
                heading=heading if guess is None else "You may change a guess that was made after seeing the result.",
                status="" if bound else status,
                answer=self._answered(),
            )

    def close(self) -> None:
        """Takes the question and its answer off the page."""
        self._asks.close()
        self._answers.close()

    def _keep(self, record: dict[str, Any]) -> bool:
        """Keeps a record, and with it how the guess compares with what came out, where both are known."""
        if record.get("guess") is not None and self._came_out is not None:
            verdict, _ = self.kind.compare(record["guess"], self._came_out)
            inside = self.kind.inside(record["guess"], self._came_out)
            record |= {"came_out": self.kind.said(self._came_out), "verdict": verdict, "inside": inside}
        return kept.write(self.key, record)

    def _words(self, guess: Any) -> str:
        """Says a guess, how sure it was, and when it was made if that was late."""
        record = kept.read(self.key)
        sure = f", {record['sure']} % sure" if record.get("sure") else ""
        return self.kind.said(guess) + sure + ("" if record.get("before") else " (made after seeing the result)")

    def _asleep(self) -> str:
        guess, options = self.guess, getattr(self.kind, "options", ())
        return page.asleep(self.question, options, "" if guess is None else self._words(guess))

    def _said_of_answer(self) -> str:
        words = [f"What came out: {self.kind.said(self._came_out)}.", self._means]
        return " ".join(filter(None, [*words, self._picture.alt() if self._picture else ""]))

    def _answered(self) -> str:
        guess = self.guess
        said, verdict = "none", ""
        if guess is not None:
            said, verdict = self._words(guess), self.kind.compare(guess, self._came_out)[1]
        came_out = self.kind.said(self._came_out)
        return page.answered(self.question, said, verdict, came_out, self._means, self._drawn(guess))

    def _drawn(self, guess: Any) -> str:
        """Draws the picture, with the guess in it, as HTML."""
        if self._picture is None:
            return ""
        self._picture.plot()
        if guess is not None:
            draw(self._picture.ax_, self.kind, guess, self._axis)
        return show(self._picture.figure_, self._picture.alt())["text/html"]

    def _curves(self, came_out: tuple[Sequence[float], Sequence[float]]) -> Display:
        x, y = came_out
        xlabel, ylabel = self.kind.labels
        scales = {"xscale": self.kind.x.scale, "yscale": self.kind.y.scale}
        limits = (self.kind.y.low, self.kind.y.high)
        return CurvesDisplay({"": y}, self.question, x=x, xlabel=xlabel, ylabel=ylabel, ylim=limits, **scales)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self._asks._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return repr(self._asks)


def choice(key: str, question: str, options: Sequence[str]) -> Question:
    """Asks which of several things will happen; put it last in a cell, before the one that runs.

    Args:
        key: What the guess is kept under, such as "rate-of-three"; no other question of the course has it.
        question: What is asked, in a sentence.
        options: What there is to choose from.

    Returns:
        The question.

    Raises:
        ValueError: If the key cannot name a file, or there are not two different options.

    Example:
        >>> guess.choice("rate-of-three", "What will the loss do at a rate of 3?", ["fall", "stay", "explode"])
    """
    return _ask(key, question, Choice(options if isinstance(options, str) else tuple(options)))


def number(key: str, question: str, low: float, high: float, *, unit: str = "", scale: str = "linear") -> Question:
    """Asks for a number, and for a range that holds it with 90 % certainty.

    Args:
        key: What the guess is kept under; no other question of the course has it.
        question: What is asked, in a sentence.
        low: The smallest number that can be entered.
        high: The largest. A guess that differs from what came out by at most a tenth of the range is called close.
        unit: The number's unit, such as "epochs".
        scale: "linear", or "log" where factors count and not differences.

    Returns:
        The question.

    Raises:
        ValueError: If the key cannot name a file, or the range does not suit the scale.
    """
    return _ask(key, question, Number(Axis(low, high, scale), unit))


def curve(
    key: str,
    question: str,
    x: tuple[float, float],
    y: tuple[float, float],
    *,
    xlabel: str,
    ylabel: str,
    xscale: str = "linear",
    yscale: str = "linear",
    points: int = 9,
) -> Question:
    """Asks for a curve, which is drawn with the mouse or with the arrow keys.

    Args:
        key: What the guess is kept under; no other question of the course has it.
        question: What is asked, in a sentence.
        x: Where the curve begins and ends.
        y: The lowest and the highest value that can be drawn.
        xlabel: What lies along.
        ylabel: What lies upward.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        points: How many points there are to move.

    Returns:
        The question.

    Raises:
        ValueError: If the key cannot name a file, a range does not suit its scale, or there are not 3 to 30 points.
    """
    if not isinstance(points, int) or not 3 <= points <= 30:
        raise ValueError(f"points={points!r} cannot be used: choose a whole number from 3 to 30.")
    return _ask(key, question, Curve(Axis(*x, xscale, "x"), Axis(*y, yscale, "y"), (xlabel, ylabel), points))


def answer(key: str, came_out: Any, means: str = "", *, picture: Display | None = None, axis: str = "x") -> page.Page:
    """Shows what was guessed beside what came out; put it last in the cell that runs.

    Without a guess, it shows what came out and asks for one all the same, which is marked as made after seeing.

    Args:
        key: The key of the question, whose cell was run before.
        came_out: What came out, computed: an option; a number or one for each seed, shape (seeds,); for a curve a pair
            of places along and heights, each of shape (places,).
        means: What that means, in a sentence or two.
        picture: What to draw the guess into; None draws a curve alone, and else nothing.
        axis: For a number, the axis of the picture along which it lies, "x" or "y".

    Returns:
        The answer.

    Raises:
        ValueError: If nothing was asked under this key, or what came out is none of the things that could be guessed.
    """
    if key not in _asked:
        known = ", ".join(_asked) or "none, as nothing was asked"
        raise ValueError(f"key={key!r} cannot be used: run the cell that asks first, or choose among {known}.")
    if axis not in {"x", "y"}:
        raise ValueError(f"axis={axis!r} cannot be used: choose 'x' or 'y'.")
    return _asked[key].answer(came_out, means, picture, axis)


def _ask(key: str, question: str, kind: Choice | Number | Curve) -> Question:
    """Gives the question with this key; it lives on when its cell is run again, and so does its answer."""
    kept.check_key(key)
    old = _asked.get(key)
    if old is not None and (old.question, old.kind) == (question, kind):
        old.refresh()
        return old
    if old is not None:
        old.close()
    _asked[key] = Question(key, question, kind)
    return _asked[key]
