"""Saving: a widget with an HTML stand-in is kept as that, everything else as it is."""

import nbformat

from course_utils._jupyter.saving import WIDGET, _before_saving


def output(**data):
    return nbformat.v4.new_output("display_data", {key.replace("_", "/"): value for key, value in data.items()})


def test_only_widgets_with_a_stand_in_are_left_out():
    lab, bare, table = output(text_html="<img>", text_plain="x"), output(text_plain="x"), output(text_html="<table>")
    lab["data"][WIDGET] = bare["data"][WIDGET] = {"model_id": "1"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[lab, bare, table])])
    _before_saving({"type": "notebook", "content": notebook}, path="a.ipynb", contents_manager=None)
    kept = [sorted(o["data"]) for o in notebook.cells[0].outputs]
    assert kept == [["text/html", "text/plain"], [WIDGET, "text/plain"], ["text/html"]]


def test_files_and_old_notebooks_pass():
    for model in ({"type": "file", "content": "text"}, {"type": "notebook", "content": {"nbformat": 3}}):
        _before_saving(model, path="x", contents_manager=None)
