"""Memory of training: the estimate adds up, is near what is really used, and refuses before anything is allocated."""

import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import models
from course_utils.chapters.mini_batch import memory


def test_the_parts_of_a_small_network_add_up():
    model = models.mlp((64,), 10, width=8, depth=1)
    found = memory.estimate(model, 100, optimizer="adam")
    weights = (64 * 8 + 8 + 8 * 10 + 10) * 4
    assert (found.weights, found.gradients, found.optimizer) == (weights, weights, 2 * weights)
    assert found.rows == (64 + 8 + 8 + 10 + 10) * 4, "inputs, sums, outputs, logits, and one gradient"
    assert found.total == 4 * weights + 100 * found.rows
    assert memory.estimate(model, 100).optimizer == 0


def test_views_take_no_memory_and_statistics_no_gradient():
    flat, pictured = (models.mlp(shape, 10, width=8, depth=1) for shape in ((64,), (8, 8, 1)))
    assert memory.estimate(pictured, 7).total == memory.estimate(flat, 7).total
    normed = memory.estimate(models.mlp((64,), 10, width=8, depth=1, batch_normalization=True), 7)
    assert normed.weights - normed.gradients == 2 * 8 * 4


def test_what_fits_is_let_through_and_what_does_not_is_told_the_largest_that_would():
    model = models.mlp((64,), 10)
    room = memory.estimate(model, 1000).total
    assert memory.estimate(model, 1000, limit=room).require().largest_batch == 1000
    tight = memory.estimate(model, 1001, limit=room)
    assert not tight.fits
    assert "choose at most 1,000" in tight.summary()
    with pytest.raises(ValueError, match=r"batch_size=1001 cannot be used: it needs about .* choose at most 1,000"):
        tight.require()
    with pytest.raises(ValueError, match="even one row is too much"):
        memory.estimate(model, 1, limit=1000).require()
    assert memory.estimate(model, 10**12).fits, "no limit, no refusal"


def test_bad_values_are_refused_by_name():
    model = models.mlp((4,), 2)
    with pytest.raises(ValueError, match="batch_size=0 cannot be used"):
        memory.estimate(model, 0)
    with pytest.raises(ValueError, match="gigabytes=0 cannot be used"):
        memory.MemoryPlan(models.cnn).stream(batch_size=1, side=28, gigabytes=0)


def test_a_plan_grows_with_the_pictures_and_says_so_in_words():
    plan = memory.MemoryPlan(models.cnn)
    small, large = (plan.run(batch_size=64, side=side, gigabytes=2) for side in (28, 56))
    assert large.rows == pytest.approx(4 * small.rows, rel=0.01)
    (streamed,) = plan.stream(batch_size=100_000, side=28, gigabytes=2, filters=16)
    assert streamed.scores()["fits"] == "no"
    assert "was not started" in streamed.summary()


@pytest.mark.parametrize(("amount", "words"), [(0, "0 bytes"), (1500, "1.5 KB"), (2e9, "2 GB"), (5e12, "5,000 GB")])
def test_bytes_in_words(amount, words):
    assert memory.in_words(amount) == words


# The peak is read from the process itself: the one that getrusage tells is inherited from the process of the tests.
REAL = """
import keras, numpy as np
from course_utils import models
from course_utils.chapters.mini_batch import memory

def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

model = models.mlp((64,), 10)
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
batch = 400_000
x, y = np.random.default_rng(0).random((batch, 64), "float32"), np.zeros(batch, "int32")
model.train_on_batch(x[:32], y[:32])
before = peak()
model.train_on_batch(x, y)
print((peak() - before) / memory.estimate(model, batch).total)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of a process")
def test_keras_really_uses_about_as_much():
    answer = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, check=True)
    assert 0.5 < float(answer.stdout.split()[-1]) < 2


def test_the_mark_tells_whether_it_fits():
    picture, plan = memory.MemoryPicture(), memory.MemoryPlan(models.cnn)
    marks = []
    for size in (8, 100_000):
        found = plan.run(batch_size=size, side=28, gigabytes=2)
        marks.append(picture.artists(picture.axes(found), found)[1].get_marker())
    assert marks == ["o", "X"]
