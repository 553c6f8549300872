"""Every chapter keeps the rules of a chapter, and its notebooks are what its script gives; nothing is run."""

import re

import nbformat
import pytest

from course_utils import claims
from notebooks.build import build, chapters, contents
from notebooks.build.contents import ROOT
from tests import nbval_numbers
from tests.chapter import file_of_tests

SCRIPTS = {script.stem: script for script in chapters.scripts()}
each_chapter = pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
each_notebook = pytest.mark.parametrize(
    ("script", "solved"),
    [(script, solved) for script in SCRIPTS.values() for solved in (False, True)],
    ids=[f"{name}{suffix}" for name in SCRIPTS for suffix in ("", "-solved")],
)


def stored(script, solved):
    return nbformat.read(chapters.path_of(script, solved=solved), as_version=4)


def prose(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@each_notebook
def test_a_notebook_is_what_its_script_gives(script, solved):
    path = chapters.path_of(script, solved=solved)
    wanted = chapters.notebook(script, solved=solved)
    assert build.is_current(path, wanted), f"{path.relative_to(ROOT)} is older than its source: run `make notebooks`"


@each_notebook
def test_a_strict_reader_finds_nothing(script, solved):
    assert list(build.findings(stored(script, solved))) == []


@each_notebook
def test_a_notebook_is_valid_and_holds_nothing_of_the_machine_that_ran_it(script, solved):
    notebook = stored(script, solved)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "source_hash"}
    assert all(set(cell.metadata) <= {"tags", "jupyter"} for cell in notebook.cells)


@each_notebook
def test_cells_are_known_by_the_names_of_the_script(script, solved):
    names = re.findall(r"^# %%.*\bname=\"([a-z0-9-]+)\"", script.read_text(encoding="utf-8"), re.MULTILINE)
    left_out = {cell.id for cell in chapters.read(script)} - {cell.id for cell in stored(script, solved).cells}
    own = [name for name in names if name not in left_out]
    assert [cell.id for cell in stored(script, solved).cells] == [chapters.HEAD, *own, chapters.FOOT]


@each_chapter
def test_exercises_are_in_the_chapter_and_their_solutions_elsewhere(script):
    cells = chapters.read(script)
    for tag, solved in [("exercise", False), ("solution", True)]:
        of_tag = {cell.id for cell in cells if chapters.tagged(cell, tag)}
        assert of_tag <= {cell.id for cell in stored(script, solved).cells}
        assert not of_tag & {cell.id for cell in stored(script, not solved).cells}


@each_notebook
def test_feedback_says_that_solutions_are_right_and_that_dots_are_no_answer(script, solved):
    """As it is stored, and nbval finds that running the notebook says the same."""
    exercises = [cell.id for cell in chapters.read(script) if chapters.tagged(cell, "exercise")]
    feedback = {
        cell.id: cell.outputs[-1].data["text/plain"]
        for cell in stored(script, solved).cells
        if cell.cell_type == "code" and re.fullmatch("exercise-.*check", cell.id)
    }
    assert len(feedback) == len(exercises)
    least = 2 if script.stem == "00_start_here" else 4
    assert len(exercises) >= least, f"{len(exercises)} exercises, of at least {least}"
    for cell, says in feedback.items():
        assert says.startswith("Right. " if solved else "Not answered. "), cell


@each_notebook
def test_local_links_lead_somewhere(script, solved):
    folder = chapters.path_of(script, solved=solved).parent
    for link in chapters.LINK.finditer(prose(stored(script, solved).cells)):
        target = (link["to"] or "").split("#")[0]
        if target and not chapters.NOT_A_FILE.match(target):
            assert (folder / target).exists(), target


@each_chapter
def test_only_tags_that_something_reads_occur(script):
    """Of those that say how numbers are compared, a cell has one, if any."""
    for cell in chapters.read(script):
        tags = set(cell.metadata.get("tags", []))
        assert tags <= {"answer", "exercise", "solution", *nbval_numbers.TAGS}, cell.id
        assert len(tags & set(nbval_numbers.TAGS)) <= (cell.cell_type == "code"), cell.id


@each_chapter
def test_a_cell_whose_numbers_may_differ_shows_such_numbers(script):
    """A tag that has nothing to forgive now would only hide what comes later."""
    cells = {cell.id: cell for cell in stored(script, solved=True).cells}
    for cell in chapters.read(script):
        if set(nbval_numbers.TAGS) & set(cell.metadata.get("tags", [])):
            outputs = cells[cell.id].outputs
            shown = "\n".join(output.get("text") or output.data["text/plain"] for output in outputs)
            assert any(re.search("[.e]", number) for number in nbval_numbers.NUMBER.findall(shown)), cell.id


@each_chapter
def test_a_chapter_begins_with_its_title(script):
    first = chapters.read(script)[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    titles = re.findall(r"^# ", re.sub(r"```.*?```", "", prose(chapters.read(script)), flags=re.DOTALL), re.MULTILINE)
    assert len(titles) == 1, "one title, and sections below it"


@each_chapter
def test_a_chapter_sets_each_of_its_claims_against_a_measurement(script):
    own = [claim for claim in claims.load().values() if claim.chapter == script.stem]
    assert own
    code = "\n".join(cell.source for cell in chapters.read(script) if cell.cell_type == "code")
    shown = "\n".join(
        output.get("data", {}).get("text/plain", "")
        for cell in stored(script, solved=False).cells
        for output in cell.get("outputs", [])
    )
    for claim in own:
        assert re.search(rf"[\"']{claim.id}[\"']|\b{claim.id}=", code), f"{claim.id} is not in a table of claims"
        assert f"{claim.id}: {claim.claim}" in shown


@each_chapter
def test_a_chapter_has_tests(script):
    assert file_of_tests(script.stem).exists()


def test_every_notebook_claim_and_folder_of_experiments_is_of_a_chapter_in_the_list():
    listed = contents.contents()
    for folder in (ROOT / "notebooks", ROOT / "notebooks" / "solutions"):
        assert {path.stem for path in folder.glob("[0-9][0-9]_*.ipynb")} <= set(SCRIPTS)
    assert {claim.chapter for claim in claims.load().values()} <= set(SCRIPTS)
    for place in ("course_utils", "tests"):
        folders = {path.name for path in (ROOT / place / "chapters").glob("[a-z]*") if path.is_dir()}
        assert folders <= {chapter.name for chapter in listed}


def test_readme_has_the_table_of_chapters_that_the_list_gives():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"<!-- chapters -->\n{contents.table()}<!-- /chapters -->" in readme


@each_chapter
def test_where_a_chapter_stands_and_how_long_it_takes_is_not_written_in_its_script(script):
    assert not re.search(r"\bminutes\b|\*\*Next|\bchapter [0-9]", prose(chapters.read(script)))


def test_every_guess_has_a_key_of_its_own_and_an_answer_after_it():
    keys = []
    for script in SCRIPTS.values():
        found = re.findall(r"^guess\.(\w+)\(\s*\"([a-z0-9-]+)\"", script.read_text(encoding="utf-8"), re.MULTILINE)
        asked = [key for call, key in found if call != "answer"]
        assert [key for call, key in found if call == "answer"] == asked, script.name
        assert all(found.index(("answer", key)) > [key for _, key in found].index(key) for key in asked), script.name
        keys += asked
    assert len(set(keys)) == len(keys) >= 6
