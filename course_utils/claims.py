"""What the course's documents claim, in our words, and how each claim fared."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from course_utils.tables import data_file

VERDICTS = ("holds", "holds here, with a condition", "does not hold here", "a convention", "not tested yet")

#: The documents that the course examines. They are in Chinese; the titles are our translation.
DOCUMENTS = {
    "A": "Hyperparameters of deep learning (blog post, December 2019)",
    "B": "Hyperparameter tuning, batch normalisation and deep-learning frameworks (blog post)",
    "C": "Tips for tuning deep learning (blog post, August 2019)",
    "D": "Adjusting the hyperparameters of deep learning (article)",
}

_COLUMNS = ("Claim", "Document", "What we measured", "Verdict")
_LEFT = "text-align: left; vertical-align: top; white-space: normal"


@dataclass(frozen=True)
class Claim:
    """One claim.

    Args:
        id: Such as "LR1".
        chapter: The chapter that examines it, such as "01_learning_rate".
        documents: The documents that make it, such as "A, D".
        claim: What they claim, in our words.
        verdict: One of `VERDICTS`.
    """

    id: str
    chapter: str
    documents: str
    claim: str
    verdict: str


@cache
def load() -> dict[str, Claim]:
    """Reads the claims of all chapters.

    Returns:
        The claims by id, in the file's order.

    Raises:
        ValueError: If an id appears twice, or a document or verdict is none of those that exist.
    """
    with data_file("claims.csv").open(encoding="utf-8", newline="") as file:
        claims = [Claim(**row) for row in csv.DictReader(file)]
    for number, claim in enumerate(claims):
        if claim.id in {earlier.id for earlier in claims[:number]}:
            raise ValueError(f"{claim.id} appears twice")
        if claim.verdict not in VERDICTS:
            raise ValueError(f"{claim.id}: {claim.verdict!r} is none of the verdicts {', '.join(VERDICTS)}")
        if unknown := set(re.split(r",\s*", claim.documents)) - set(DOCUMENTS):
            raise ValueError(f"{claim.id}: there is no document {', '.join(sorted(unknown))}")
    return {claim.id: claim for claim in claims}


class ClaimTable:
    """A table of claims against measurements; put it last in a cell to see it.

    Args:
        claims: The claims, in the order of the rows.
        measured: What was measured, in words with numbers, for the id of each claim.
    """

    def __init__(self, claims: list[Claim], measured: Mapping[str, str]) -> None:
        self.claims = claims
        self.measured = dict(measured)

    def _rows(self) -> list[tuple[str, ...]]:
        return [(f"{one.id}: {one.claim}", one.documents, self.measured[one.id], one.verdict) for one in self.claims]

    def _key(self) -> list[str]:
        letters = {letter for one in self.claims for letter in re.split(r",\s*", one.documents)}
        return [f"{letter}: {DOCUMENTS[letter]}" for letter in sorted(letters)]

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_LEFT}">{name}</th>' for name in _COLUMNS)
        body = []
        for first, *rest in self._rows():
            cells = "".join(f'<td style="{_LEFT}">{escape(text)}</td>' for text in rest)
            body.append(f'<tr><th scope="row" style="{_LEFT}; font-weight: normal">{escape(first)}</th>{cells}</tr>')
        caption = f'<caption style="{_LEFT}">What the documents say, and what we measured</caption>'
        key = "<br>".join(escape(line) for line in self._key())
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table><p>{key}</p>"

    def __repr__(self) -> str:
        lines = [
            f"{first}\n    {_COLUMNS[1]}: {documents}\n    {_COLUMNS[2]}: {measured}\n    {_COLUMNS[3]}: {verdict}"
            for first, documents, measured, verdict in self._rows()
        ]
        return "\n".join([*lines, *self._key()])


def table(measured: Mapping[str, str], claims: Mapping[str, Claim] | None = None) -> ClaimTable:
    """Sets a chapter's claims against what it measured.

    Args:
        measured: What was measured, for the id of each claim of the chapter. Make the text from the variables that
            hold the measurements, so that it cannot go stale: `{"LR3": f"NaN at step {step}"}`.
        claims: The claims by id; None takes those of the course.

    Returns:
        The table, in the order of the claims.

    Raises:
        ValueError: If an id is unknown, if a claim of the same chapter has no measurement, or if one is empty.
    """
    claims = load() if claims is None else claims
    if unknown := [name for name in measured if name not in claims]:
        raise ValueError(f"there is no claim {', '.join(unknown)}")
    chapters = {claims[name].chapter for name in measured}
    wanted = [claim for claim in claims.values() if claim.chapter in chapters]
    if missing := [claim.id for claim in wanted if not measured.get(claim.id, "").strip()]:
        raise ValueError(f"nothing was measured for {', '.join(missing)}")
    return ClaimTable(wanted, measured)
