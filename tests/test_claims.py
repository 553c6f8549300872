"""The list of claims, and the table that sets a chapter's claims against its measurements."""

from html.parser import HTMLParser

import pytest

from course_utils import claims, tables

FEW = {
    "X1": claims.Claim("X1", "07_x", "A, D", "Rates < 1 converge", "holds"),
    "X2": claims.Claim("X2", "07_x", "B", "Noise helps", "does not hold here"),
    "Y1": claims.Claim("Y1", "08_y", "C", "Depth helps", "a convention"),
}


class Cells(HTMLParser):
    """Collects the texts of a table's cells, row by row, and the tags that it met."""

    def __init__(self):
        super().__init__()
        self.rows, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs).get("scope")))
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        if self.tags[-1][0] in {"th", "td"}:
            self.rows[-1].append(data)


def test_the_claims_of_the_first_chapters_are_there():
    loaded = claims.load()
    assert list(loaded)[:14] == [f"ST{n}" for n in range(1, 5)] + [f"LR{n}" for n in range(1, 11)]
    assert all(claim.claim.endswith(".") for claim in loaded.values())


def test_a_table_has_a_row_for_each_claim_of_the_chapter_in_order():
    table = claims.table({"X2": "no difference in 8 seeds", "X1": "all < 1 did"}, FEW)
    read = Cells()
    read.feed(table._repr_html_())
    assert read.rows == [
        ["Claim", "Document", "What we measured", "Verdict"],
        ["X1: Rates < 1 converge", "A, D", "all < 1 did", "holds"],
        ["X2: Noise helps", "B", "no difference in 8 seeds", "does not hold here"],
    ]
    assert read.tags.count(("th", "col")) == 4
    assert read.tags.count(("th", "row")) == 2
    assert ("caption", None) in read.tags


def test_a_table_is_also_text_and_names_its_documents():
    text = repr(claims.table({"X1": "all did", "X2": "no"}, FEW))
    assert "X1: Rates < 1 converge\n    Document: A, D\n    What we measured: all did\n    Verdict: holds\n" in text
    assert claims.DOCUMENTS["D"] in text
    assert claims.DOCUMENTS["C"] not in text


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ({"X1": "yes", "X2": "no", "Z9": "?"}, "there is no claim Z9"),
        ({"X1": "yes"}, "nothing was measured for X2"),
        ({"X1": "yes", "X2": " "}, "nothing was measured for X2"),
    ],
)
def test_a_table_is_complete_or_not_made(measured, message):
    with pytest.raises(ValueError, match=message):
        claims.table(measured, FEW)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["X1,07_x,A,Text,perhaps"], "none of the verdicts"),
        (["X1,07_x,E,Text,holds"], "no document E"),
        (["X1,07_x,A,Text,holds", "X1,07_x,B,Text,holds"], "X1 appears twice"),
    ],
)
def test_a_list_with_mistakes_is_refused(tmp_path, monkeypatch, rows, message):
    (tmp_path / "claims.csv").write_text("\n".join(["id,chapter,documents,claim,verdict", *rows]), encoding="utf-8")
    monkeypatch.setattr(tables, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=message):
        claims.load.__wrapped__()
