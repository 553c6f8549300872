"""Takes the picture of a lab that README.md shows (`make screenshot`)."""

from pathlib import Path

PICTURE = Path(__file__).parents[2] / "data" / "lab.png"


def test_take_the_picture(open_notebook):
    notebook = open_notebook("01_learning_rate.ipynb")
    notebook.run_all()
    lab = notebook.lab(1)
    lab.wait_finished()
    lab.root.get_by_role("button", name="Keep as ghost").click()
    lab.press("learning rate", "ArrowLeft", times=9)
    lab.root.screenshot(path=PICTURE)
    assert PICTURE.stat().st_size < 300_000
