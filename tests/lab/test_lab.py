"""Labs in process: what a learner does with the controls, without a browser."""

import threading
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest

from course_utils import datasets, models, schedules
from course_utils.chapters.learning_rate.landscapes import Quadratic
from course_utils.chapters.learning_rate.pictures import Parabola
from course_utils.drawing import style
from course_utils.lab import (
    Experiment,
    Lab,
    LearningCurves,
    Picture,
    Result,
    cells,
    choice,
    int_slider,
    log_slider,
    slider,
)
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits(), epochs=3)


@pytest.fixture
def make_lab(trainer):
    labs = []

    def make(**options):
        options = {"learning_rate": log_slider(1e-3, 10, 0.1), "seeds": 3, **options}
        labs.append(Lab(trainer, LearningCurves(), **options))
        assert labs[-1].wait()
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


def lab_threads():
    return [thread for thread in threading.enumerate() if thread.name == "course-lab"]


def test_the_status_says_what_the_trainer_measures(make_lab, trainer):
    lab = make_lab()
    for rate in (0.1, 0.01):
        lab.set(learning_rate=rate)
        assert lab.wait()
        expected = trainer.run(learning_rate=rate, seeds=3)
        assert lab.status.startswith(expected.summary())
        np.testing.assert_array_equal(lab.result.final("val_loss"), expected.final("val_loss"))


def test_the_code_shown_gives_the_same_numbers(make_lab, trainer):
    decays = {"constant": schedules.Constant(), "cosine": schedules.Cosine()}
    lab = make_lab(schedule=choice(decays, "cosine"))
    lab.set(learning_rate=10**-0.7)
    assert lab.wait()
    assert "learning_rate=0.2," in lab.code
    again = eval(lab.code, {"trainer": trainer, "schedules": schedules})  # noqa: S307 - the code under test
    np.testing.assert_array_equal(again.final("val_loss"), lab.result.final("val_loss"))


def test_a_moved_slider_retrains(make_lab):
    lab = make_lab()
    before, picture = lab.status, lab._view.picture
    lab.controls["learning_rate"].value = 0.003
    assert lab.wait()
    assert lab.status != before
    assert lab._view.picture != picture


def test_of_many_moves_the_last_wins(make_lab):
    lab = make_lab()
    for rate in np.geomspace(0.001, 1, 200):
        lab.controls["learning_rate"].value = rate
    lab.controls["learning_rate"].value = 0.05
    assert lab.wait()
    assert lab.result.settings[0]["learning_rate"] == 0.05
    assert "3 of 3 epochs" in lab.status


def test_stop_ends_a_long_run_within_an_epoch(make_lab):
    lab = make_lab(epochs=int_slider(1, 5000, 1))
    lab.controls["epochs"].value = 5000
    while lab.result.epochs != 5000:  # the first epoch of the long run is drawn
        assert not lab.wait(0.01)
    lab.stop()
    assert lab.wait(10)
    assert lab.status.startswith("stopped · ")
    assert lab.result.epochs_done < 5000
    lab.set(epochs=1)
    assert lab.wait()
    assert lab.status.startswith("1 of 1 epochs")


@pytest.fixture
def busy_lab(make_lab, monkeypatch):
    """A lab whose thread is about to end a run and has not yet looked at the next request, until it is released."""
    lab = make_lab()
    reached, release = threading.Event(), threading.Event()
    add = lab._runs_table.add

    def hold(row):
        reached.set()
        assert release.wait(20)
        add(row)

    monkeypatch.setattr(lab._runs_table, "add", hold)
    lab.set(learning_rate=0.01)
    assert reached.wait(20)
    lab.release = release.set
    yield lab
    release.set()


def test_stop_before_a_run_begins_says_so(busy_lab):
    busy_lab.set(learning_rate=0.5)
    busy_lab.stop()
    busy_lab.release()
    assert busy_lab.wait()
    assert busy_lab.status == "stopped before it began"
    assert busy_lab.result.settings[0]["learning_rate"] == 0.01
    busy_lab.set(learning_rate=0.5)
    assert busy_lab.wait()
    assert busy_lab.status.startswith("3 of 3 epochs")


def test_keeping_a_ghost_drops_no_run_that_waits(busy_lab):
    busy_lab.set(learning_rate=0.5)
    busy_lab.keep()
    busy_lab.release()
    assert busy_lab.wait()
    assert busy_lab.result.settings[0]["learning_rate"] == 0.5
    assert busy_lab.status.startswith("3 of 3 epochs")


def test_ghost_reset_and_presets(make_lab):
    lab = make_lab(presets={"slow": {"learning_rate": 0.001}})
    start = lab._view.picture
    (preset,) = [b for b in _buttons(lab) if b.description == "slow"]
    lab.keep()
    preset.click()
    assert lab.wait()
    assert lab.values["learning_rate"] == 0.001
    with_ghost = lab._view.picture
    lab._ghost = None
    lab.set()
    assert lab.wait()
    assert lab._view.picture != with_ghost
    lab.reset()
    assert lab.wait()
    assert lab.values["learning_rate"] == 0.1
    assert lab._view.picture == start


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"learnin_rate": 0.1},
            r"learnin_rate=0.1 cannot be used: choose among \['learning_rate', 'epochs', 'depth'\]",
        ),
        ({"learning_rate": 0.5, "depth": 3}, "depth=3 cannot be used: choose 0 or 1"),
        ({"learning_rate": 0.5, "epochs": 9}, "epochs=9 cannot be used: choose a whole number from 1 to 4"),
        ({"learning_rate": 11}, "learning_rate=11 cannot be used: choose a number from 0.001 to 10"),
        ({"learning_rate": "fast"}, "learning_rate='fast' cannot be used"),
    ],
)
def test_a_mistake_in_set_moves_nothing_and_the_lab_lives_on(make_lab, values, words):
    lab = make_lab(epochs=int_slider(1, 4, 1), depth=choice([0, 1], 0))
    with pytest.raises(ValueError, match=words):
        lab.set(**values)
    assert lab.values == {"learning_rate": 0.1, "epochs": 1, "depth": 0, "seeds": 3}
    asked = lab.generation
    lab.controls["epochs"].value = 2
    assert lab.generation == asked + 1
    lab.reset()
    assert lab.wait()
    assert lab.status.startswith("1 of 1 epochs")


def test_a_control_that_fails_while_it_is_set_leaves_the_others_heard(make_lab):
    lab = make_lab(epochs=int_slider(1, 4, 1))

    def fails(_):
        raise RuntimeError

    lab.controls["epochs"].observe(fails, "value")
    with pytest.raises(RuntimeError):
        lab.set(epochs=2)
    asked = lab.generation
    lab.controls["learning_rate"].value = 0.5
    assert lab.generation == asked + 1


@pytest.mark.parametrize("value", [1e-3, 10, 10**-0.7])
def test_both_ends_of_a_logarithmic_slider_can_be_set(make_lab, value):
    lab = make_lab()
    lab.set(learning_rate=value)
    assert lab.wait()
    assert lab.values["learning_rate"] == pytest.approx(value, rel=0.01)


def test_runs_tried_are_listed_newest_first(make_lab):
    lab = make_lab()
    for rate in (0.01, 1.0, 0.01):
        lab.set(learning_rate=rate)
        assert lab.wait()
    assert [row["learning rate"] for row in lab._runs_table.rows] == ["0.01", "1", "0.1"]
    assert lab._runs_table.value.count("<tr>") == 4


def test_a_goal_is_reported(make_lab):
    lab = make_lab(goal=("val_accuracy", 0.5))
    assert lab.status.endswith("goal 0.5 reached")
    lab.set(learning_rate=0.001)
    assert lab.wait()
    assert lab.status.endswith("goal 0.5 not reached yet")


def test_a_saved_notebook_has_a_picture_and_words(make_lab):
    bundle = make_lab()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert bundle["text/plain"].startswith("Lab with the controls learning rate.")
    assert bundle["text/html"].startswith(f'<img class="course-figure" alt="{bundle["text/plain"]}"')
    assert "0x" not in bundle["text/plain"]


def test_a_closed_lab_leaves_no_thread_and_no_widget(trainer):
    threads, widgets = len(lab_threads()), len(ipywidgets.widgets.widget._instances)
    lab = Lab(trainer, LearningCurves(), learning_rate=slider(0.01, 1, 0.1), momentum=0.5, optimizer="momentum")
    assert len(lab_threads()) == threads + 1
    lab.close()
    assert len(lab_threads()) == threads
    assert len(ipywidgets.widgets.widget._instances) == widgets


def test_a_cell_that_runs_again_closes_its_lab_and_no_other(monkeypatch):
    class Shut:
        closed = False

        def close(self):
            self.closed = True

    labs = [Shut() for _ in range(5)]
    runs = [("a", 1), ("a", 1), ("b", 2), ("a", 3), ("b", 4)]
    monkeypatch.setattr(cells, "_labs", {})
    for lab, run in zip(labs, runs):
        monkeypatch.setattr(cells, "_running_cell", lambda run=run: run)
        cells.replace_lab_of_this_cell(lab)
    assert [lab.closed for lab in labs] == [True, True, True, False, False]


def test_a_run_that_fails_is_told_and_the_lab_lives_on(make_lab):
    lab = make_lab(batch_size=int_slider(1, 5000, 32))
    lab.controls["batch_size"].value = 5000
    assert lab.wait()
    assert lab.status.startswith("cannot train: batch_size=5000 cannot be used: choose a whole number from 1 to 1437")
    lab.reset()
    assert lab.wait()
    assert lab.status.startswith("3 of 3 epochs")


def test_messages_to_a_lab_leave_the_figures_of_a_running_cell_alone():
    """A comm as ipykernel has it would trigger `post_execute`, at which Matplotlib shows and forgets figures."""
    seen = []

    class Comm:
        _msg_callback = staticmethod(seen.append)

        def handle_msg(self, message):
            seen.extend(["pre_execute", message, "post_execute"])

    widget = SimpleNamespace(comm=Comm())
    cells.leave_figures_to_cells(widget)
    widget.comm.handle_msg("moved")
    assert seen == ["moved"]


def test_an_interrupt_while_a_lab_is_shown_stops_its_training(make_lab, monkeypatch):
    lab = make_lab(epochs=int_slider(1, 5000, 1))
    lab.controls["epochs"].value = 5000

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lab._repr_mimebundle_()
    monkeypatch.undo()
    assert lab.wait(20)
    assert lab.status.startswith("stopped")


def test_a_status_line_speaks_of_the_request_that_it_answers(make_lab):
    lab = make_lab()
    for rate in (0.01, 0.02):
        lab.set(learning_rate=rate)
    assert lab.wait()
    assert lab._view.generation == lab.generation
    assert lab._view.state == "finished"
    assert set(lab._view.spent) == {"run", "draw", "encode"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.1}, "has no control"),
        ({"learnin_rate": slider(0.1, 1, 0.5)}, "learnin_rate is no knob"),
        ({"learning_rate": slider(-1, 1, -0.5)}, "learning_rate=-0.5 cannot be used"),
        ({"learning_rate": slider(0, 1, 0.5), "presets": {"x": {"rate": 1}}}, r"presets\['x'\]: rate=1 cannot be used"),
        ({"epochs": choice([1, 2], 1), "presets": {"x": {"epochs": 3}}}, r"epochs=3 cannot be used: choose 1 or 2"),
    ],
)
def test_mistakes_show_in_the_cell_and_leave_nothing_behind(trainer, options, message):
    threads = len(lab_threads())
    with pytest.raises(ValueError, match=message):
        Lab(trainer, LearningCurves(), **options)
    assert len(lab_threads()) == threads


def test_a_lab_takes_anything_that_streams():
    lab = Lab(Quadratic(), Parabola(), name="quadratic", learning_rate=slider(0.1, 1.2, 0.3), steps=20)
    assert lab.wait()
    assert "creeps" in lab.status
    lab.set(learning_rate=1.1)
    assert lab.wait()
    assert "diverges" in lab.status
    assert lab.code == "quadratic.run(learning_rate=1.1, steps=20)"
    lab.close()


class Counted(Result):
    """What the contract asks for, and nothing else."""

    def __init__(self, progress):
        self.progress = progress

    def summary(self):
        return f"counted {self.progress}"

    def scores(self):
        return {"count": "all"}


class Counting(Experiment):
    def stream(self, *, goes=0.0):
        return (Counted(progress) for progress in (None, 0, 0.5, goes))


class Dot(Picture):
    def axes_key(self, result):  # noqa: ARG002 - as every picture
        return "all"

    def axes(self, result):  # noqa: ARG002 - as every picture
        return style.new_figure(1)[0]

    def artists(self, figure, result, *, ghost=""):
        return figure.axes[0].plot([result.progress], [0.5], "o", color=style.look(ghost)[0])

    def alt(self):
        return "A dot."


def test_four_methods_and_a_stream_are_all_that_a_lab_needs(monkeypatch):
    monkeypatch.setattr("course_utils.lab.frames._FIRST", 0)
    monkeypatch.setattr("course_utils.lab.frames._BETWEEN", 0)
    seen = []
    monkeypatch.setattr("course_utils.lab.view.View.show", lambda _, words, *rest: seen.append((words, len(rest))))
    lab = Lab(Counting(), Dot(), goes=slider(0, 1, 1))
    assert lab.wait()
    lab.close()
    ready, waits, half, (last, _) = seen
    assert ready[0] == "getting ready …"
    assert waits[0].startswith("getting ready: the course's own engine does not know a layer")
    assert half[0] == "training · counted 0.5"
    assert last.startswith("counted 1.0 · ")


def test_a_goal_of_results_without_curves_is_told():
    lab = Lab(Quadratic(), Parabola(), goal=("loss", 0.1), learning_rate=slider(0.1, 1.2, 0.3))
    assert lab.wait()
    assert lab.status.startswith("cannot train: goal=('loss', 0.1) cannot be used: choose None")
    lab.close()


def _buttons(widget):
    found = [widget] if isinstance(widget, ipywidgets.Button) else []
    return found + [button for child in getattr(widget, "children", ()) for button in _buttons(child)]
