# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Start here: what a hyperparameter is, and how to read a run
#
# **The question of this chapter:** what are the knobs of a neural network, and how do you see from its curves
# which way to turn them? You need no experience with neural networks.
#
# This course asserts nothing that you cannot rerun. It follows four blog posts on choosing hyperparameters and
# turns each of their claims into an experiment. Some claims hold, some hold only under a condition, and some do
# not hold; every chapter ends with a table that says which, with the numbers measured here.

# %% [markdown] name="how-it-works"
# ## How the course works
#
# - Run the cells from top to bottom: **Shift + Enter** runs a cell and moves on.
# - Before most runs the text asks you to **predict**. Do; a wrong prediction teaches more than a right one.
# - A **lab** is a picture with sliders. When you move a slider, real networks are trained anew while you watch.
#   Sliders obey the mouse and the arrow keys.
# - Exercises tell you whether you are right, nearly right or wrong. Solved versions are in the folder `solutions`.
# - Done with a chapter? Close its tab: your notebook stays as you saved it, and its networks make room for the next.
#
# The first cell that trains takes some seconds, because it loads Keras, the library that networks are written in.

# %% name="imports"
from course_utils import checks, claims, datasets, models
from course_utils.drawing import CurvesDisplay, Gallery, SweepDisplay
from course_utils.lab import Lab, LearningCurves, choice, log_slider, slider
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data: handwritten digits
#
# Our main data set has 1,797 small pictures of handwritten digits, 8 × 8 pixels each. The network sees the 64 grey
# values, as numbers from 0 to 1, and must say which digit it is.
#
# The rows are split into three parts. The **training** part changes the network. The **validation** part shows how
# well it does on pictures it did not learn from; we use it to choose. The **test** part stays locked away until
# every choice is made.

# %% name="digits"
digits = datasets.digits()
digits

# %% [markdown] name="what-is-a-network"
# ## A network, its weights and its knobs
#
# A **network** is a formula with many adjustable numbers, its **weights**. **Training** starts from random weights
# and changes them little by little, so that a number called the **loss** falls. The loss measures how wrong the
# network's answers are: 0 would be perfect, and for ten digits blind guessing gives about 2.3.
#
# The network does not look at all pictures before each change. It takes a handful, a **mini-batch**, makes one
# change (a **step**), and goes on. When every training picture has been used once, one **epoch** is over.
#
# The weights are found by training. What you must fix *before* training are the **hyperparameters**, the knobs:
#
# | knob | what it says | belongs to |
# |---|---|---|
# | learning rate | how far the weights move at each step | the optimizer |
# | batch size | how many pictures a step looks at | the optimizer |
# | epochs | how often all pictures are used | the optimizer |
# | depth, width | how many layers, and how many units in each | the model |
# | initial scale | how large the random first weights are | the model |
#
# A `Trainer` knows the network, the data and the knobs. `models.mlp` builds a plain network: here two layers of
# 64 units (`mlp` stands for *multi-layer perceptron*).

# %% name="first-run"
trainer = Trainer(models.mlp, digits)
first = trainer.run(learning_rate=0.1, seeds=5)
first

# %% [markdown] name="seeds"
# `seeds=5` trained five networks that differ only by chance: other first weights, another order of the pictures. A
# **seed** is the number that fixes this chance, so that the same seed gives the same run again. Five runs show how
# much of a result is luck: the line below is the middle run (the **median**), the band reaches from the lowest to
# the highest.

# %% name="first-curves"
CurvesDisplay(
    {"validation": first.history["val_loss"], "training": first.history["loss"]},
    "The loss falls fast, then slowly: a healthy run",
    ylim=(0, 2.5),
)

# %% [markdown] name="one-value-fits-all"
# ## Is there one right value? (claim ST1)
#
# **Predict:** below, the *same network* with the same range of learning rates is trained on two data sets. One is
# the digits; the other, `line`, asks for a number that is a weighted sum of 64 inputs. Will the rate that is best
# for the digits do for the line?

# %% name="two-data-sets"
rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
line_trainer = Trainer(models.mlp, datasets.line(features=64))
on_digits = trainer.run(learning_rate=rates, seeds=5)
on_line = line_trainer.run(learning_rate=rates, seeds=5)

# %% [markdown] name="two-data-sets-drawn"
# Every dot is the validation loss of one network after 20 epochs. A cross at the upper edge marks rates at which
# networks **diverged**: their weights grew without bound, and the loss became infinite or "not a number".

# %% name="two-data-sets-picture"
loss_on_digits, loss_on_line = (runs.by("learning_rate", "val_loss") for runs in (on_digits, on_line))
Gallery(
    SweepDisplay(rates, loss_on_digits, "Digits: the best rate is 0.3", ylim=(0, 2.5)),
    SweepDisplay(rates, loss_on_line, "Line: at 0.3 every network diverges", yscale="log", ylim=(1e-3, 1e6)),
)

# %% [markdown] name="two-data-sets-read"
# The cell below puts it in words. No value is right everywhere: the best rate depends on the data, and, as later
# chapters show, on the network, the batch size and the optimizer too.

# %% name="two-data-sets-words"
import numpy as np

best_on_digits = rates[int(np.argmin(np.median(loss_on_digits, axis=1)))]
diverged_on_line = int((on_line.select(learning_rate=best_on_digits).diverged_at > 0).sum())
print(f"Best rate on digits: {best_on_digits}. At that rate, {diverged_on_line} of 5 networks diverge on the line.")

# %% [markdown] name="lab-intro"
# ## The lab: one network, every knob (claim ST2)
#
# **Predict, then drag:** which knob, moved alone, can ruin the run most thoroughly? Press *good* and *bad* first:
# both are the same network on the same data. Then start from *good* and move one knob at a time. *Keep as ghost*
# holds the present curve in grey, so that you can compare.
#
# Batch size, width and depth change the shape of the computation: deeper and wider networks take longer, and so do
# smaller batches, which need more steps.

# %% name="lab"
good = {"learning_rate": 0.1, "batch_size": 32, "depth": 2, "init_scale": 1.0, "l2": 0.0}
lab = Lab(
    trainer,
    LearningCurves(),
    learning_rate=log_slider(0.0001, 10, value=0.1),
    batch_size=choice([8, 32, 128], 32),
    width=choice([8, 64, 128], 64),
    depth=choice([0, 1, 2, 4], 2),
    init_scale=slider(0, 5, value=1, step=0.1),
    l2=slider(0, 0.1, value=0, step=0.002),
    seeds=4,
    epochs=20,
    presets={"good": good, "bad": {"learning_rate": 0.001, "init_scale": 3.0, "l2": 0.05}},
)
lab

# %% [markdown] name="lab-after"
# What you should have seen: with the *bad* preset the network still gets many digits wrong after 20 epochs, with
# the *good* one only a few. A learning rate near the right end of the slider ruins everything; width and depth
# change far less. An initial scale of 0 leaves the network blind, whatever the rate: chapter by chapter you will
# learn why. The next cell measures the two presets.
#
# Nobody derived the good values. They were found by trying, and that is what this course is about: trying well.

# %% name="good-and-bad"
bad = {"learning_rate": 0.001, "init_scale": 3.0, "l2": 0.05}
presets = trainer.run(settings=[good, bad], seeds=5)
good_accuracy, bad_accuracy = (presets.select(learning_rate=rate).final("val_accuracy").mean() for rate in (0.1, 0.001))
print(f"Validation accuracy: good {good_accuracy:.2f}, bad {bad_accuracy:.2f}")

# %% [markdown] name="reading-curves"
# ## How to read a curve (claim ST3)
#
# The state of a run shows in its curves before it is over. Here are six states, each from a real run. We make
# them first: on the digits with a rate that is too low, good, too high and far too high, on the line with a rate
# at which it diverges, and on a small noisy data set (two half-moons) with a network that is too large for it.

# %% name="six-runs"
moons = Trainer(models.mlp, datasets.moons(200, noise=0.35), optimizer="adam", batch_size=16)
six = {
    "too slow": trainer.run(learning_rate=0.003, seeds=5),
    "healthy": first,
    "oscillating": trainer.run(learning_rate=0.33, batch_size=4, seeds=5),
    "dead": trainer.run(learning_rate=2.0, seeds=5),
    "diverging": line_trainer.run(learning_rate=1.0, depth=0, seeds=5),
    "over-fitting": moons.run(learning_rate=0.01, width=256, seeds=5, epochs=40),
}

# %% [markdown] name="gallery-one"
# The first three. Each picture shows the training loss and the validation loss.


# %% name="gallery-one-picture"
def state(name, ylim=(0, 2.5), yscale="linear"):
    curves = {"validation": six[name].history["val_loss"], "training": six[name].history["loss"]}
    return CurvesDisplay(curves, name, ylim=ylim, yscale=yscale)


Gallery(state("too slow"), state("healthy"), state("oscillating"))

# %% [markdown] name="gallery-one-read"
# - **Too slow:** it falls, steadily and hardly. Raise the learning rate, or wait longer.
# - **Healthy:** it falls fast, then flattens out; training and validation stay close.
# - **Oscillating:** it falls, but jumps up again and again, and the band between lucky and unlucky runs stays
#   wide. Lower the learning rate.
#
# The other three:

# %% name="gallery-two-picture"
Gallery(state("dead"), state("diverging", (1e-2, 1e30), "log"), state("over-fitting", (0, 1)))

# %% [markdown] name="gallery-two-read"
# - **Dead:** flat, at the loss of blind guessing. Nothing is learned any more; lower the rate and start anew.
# - **Diverging:** it grows by leaps (look at the axis) until the numbers end. Lower the rate at once.
# - **Over-fitting:** the training loss goes on falling while the validation loss *rises*: the network learns the
#   training rows by heart. A smaller network, fewer epochs or more data help.
#
# The package reads a run by the same signs, in this order: did it diverge, did it learn at all, does validation
# rise, does it jump, is it still falling?

# %% [markdown] name="exercise-diagnose-intro"
# ## Exercise 1: a run without a label
#
# Which of the six states is this?

# %% name="exercise-diagnose-picture"
mystery = Trainer(models.mlp, datasets.moons(200, noise=0.4, seed=2), optimizer="adam", batch_size=16)
mystery_runs = mystery.run(learning_rate=0.01, width=256, seeds=5, epochs=40)
CurvesDisplay(
    {"validation": mystery_runs.history["val_loss"], "training": mystery_runs.history["loss"]}, "What ails this run?"
)

# %% [markdown] name="exercise-diagnose-task"
# Replace the dots by one of `"too slow"`, `"healthy"`, `"oscillating"`, `"dead"`, `"diverging"`, `"over-fitting"`
# (with the quotation marks) and run both cells.

# %% name="exercise-diagnose" tags=["exercise"]
my_diagnosis = ...

# %% name="exercise-diagnose-solved" tags=["solution"]
my_diagnosis = "over-fitting"

# %% [markdown] name="exercise-diagnose-check-intro"
# Is it right?

# %% name="exercise-diagnose-check"
checks.choice(
    my_diagnosis,
    "over-fitting",
    why={
        "too slow": "The training loss comes down well. Look at the other curve.",
        "healthy": "In a healthy run both curves go down together. Do they?",
        "oscillating": "There is some jitter, but one of the curves has a clear trend upward.",
        "dead": "A dead run learns nothing, and here the training loss falls.",
        "diverging": "When a run diverges, the training loss grows too. Here it falls.",
        "over-fitting": "The training loss falls while the validation loss rises: the rows are learned by heart.",
    },
)

# %% [markdown] name="exercise-rate-intro"
# ## Exercise 2: rescue a run
#
# On the digits a rate of 0.001 is too slow: after five epochs the network has learned next to nothing. Find a
# learning rate with which five epochs are enough for a validation accuracy of 0.90 (nine digits in ten right).
# The lab above helps: the curve at epoch 5 tells you.

# %% name="exercise-rate" tags=["exercise"]
my_rate = ...

# %% name="exercise-rate-solved" tags=["solution"]
my_rate = 0.2

# %% [markdown] name="exercise-rate-check-intro"
# The next cell trains five networks with your rate and measures.

# %% name="exercise-rate-check"
if my_rate is ...:
    reached = ...
else:
    reached = trainer.run(learning_rate=my_rate, epochs=5, seeds=5).final("val_accuracy").mean()
checks.goal(reached, at_least=0.90, near=0.8, what="validation accuracy after five epochs")

# %% [markdown] name="which-matter"
# ## Which knobs matter most?
#
# One of the documents lists seven that matter most: learning rate, batch size, initialisation, optimizer, strength
# of regularisation, depth and width, and the decay of the learning rate. Such a list cannot be checked by turning
# one knob at a time; it takes many runs in which all knobs vary together. [Search in practice](12_search_in_practice.ipynb)
# measures it. Until then, treat the list as a list of chapters.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured

# %% name="claims"
claims.table(
    {
        "ST1": f"The best rate on digits, {best_on_digits}, makes {diverged_on_line} of 5 networks diverge on the line.",
        "ST2": f"The same network reaches {good_accuracy:.2f} or {bad_accuracy:.2f}, by its knobs alone.",
        "ST3": "Six states, each recognisable from training and validation loss.",
    }
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - Hyperparameters are fixed before training: those of the optimizer and those of the model.
# - No value is right everywhere. What is best on one data set diverges on another.
# - The loss on training and validation data tells the state of a run.
#
# **Sources.** The four documents that the course follows are named A to D in the tables. The digits: Alpaydin and
# Kaynak, *Optical Recognition of Handwritten Digits*, UCI, 1998.
