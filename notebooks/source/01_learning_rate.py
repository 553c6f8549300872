# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # The learning rate: how large may a step be?
#
# **The question of this chapter:** how large a step may training take, and how do you find out?
# You need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words *network*,
# *loss*, *epoch* and *seed*.
#
# The learning rate is the one knob that every training run has. Too small, and nothing happens. Too large, and
# everything is ruined. We begin with a single weight, where all of this can be worked out with a pencil, and then
# see how much of it a real network obeys.
#
# **For teachers:** each of the five labs works alone. Run the cells down to it once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd
from IPython.display import display
from sklearn.datasets import load_diabetes

from course_utils import checks, claims, datasets, diagnostics, guess, models, schedules
from course_utils.chapters.learning_rate import landscapes
from course_utils.chapters.learning_rate.pictures import Parabola, RateAndLoss, SurfaceDisplay
from course_utils.drawing import CurvesDisplay, Gallery, SweepDisplay
from course_utils.lab import Lab, LearningCurves, Sweep, choice, int_slider, log_slider, slider
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data
#
# Two data sets are enough. The first is the handwritten **digits**: the network gets the 64 grey values of a small
# picture and says which digit it is. Here are four of them, drawn with characters: the darker the character, the
# more ink.

# %% name="digits"
digits = datasets.digits()
print(datasets.as_text(digits.x_train[:4]))
print("labels:", *digits.y_train[:4])

# %% [markdown] name="patients-intro"
# The second is a **regression**, where the answer is a number instead of a class: from ten measurements of a patient
# (age, blood pressure, cholesterol and so on), say how far diabetes will have progressed a year later. The target is
# scaled to deviation 1, and so is every measurement (`scale="standard"`). Why that matters, we shall see.

# %% name="patients"
measurements, progress = load_diabetes(return_X_y=True, scaled=False)
progress = (progress - progress.mean()) / progress.std()
patients = datasets.from_arrays(measurements, progress, name="diabetes", validation=0.2, scale="standard")
print(digits, patients, sep="\n")

# %% [markdown] name="one-step"
# ## One step, by hand (claim LR1)
#
# The smallest network has one weight `w` and computes `w · x`. Let it learn from a single example: for `x = 2` the
# answer should be `6`. The loss is the squared error, `(w · x − 6)²`.
#
# The **gradient** is the slope of the loss: how fast the loss rises if `w` grows a little. Here it is
# `2 · (w · x − 6) · x`. Training moves `w` against the slope, and the learning rate says how far:
#
# > new weight = weight − learning rate × gradient
#
# We start at `w = 0` with a learning rate of 0.05. The gradient there is 2 · (0 − 6) · 2 = −24, so that the first step
# leads to 0 + 0.05 · 24 = 1.2.

# %% name="one-step-by-hand"
weight, by_hand = 0.0, []
for _ in range(5):
    gradient = 2 * (weight * 2 - 6) * 2
    weight = weight - 0.05 * gradient
    by_hand.append(weight)
print("by hand:", np.round(by_hand, 4))

# %% [markdown] name="one-step-keras-intro"
# The weight approaches 3, which is right, since 3 · 2 = 6. Now the same with **Keras**, the library that trains the
# networks of this course. `SGD` (*stochastic gradient descent*) is its name for the rule above.

# %% name="one-step-keras" tags=["foreign-numbers"]
import keras

model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05), loss="mean_squared_error")
by_keras = []
for _ in range(5):
    model.train_on_batch(np.array([[2.0]]), np.array([[6.0]]))
    by_keras.append(float(model.get_weights()[0][0, 0]))
same_steps = bool(np.allclose(by_hand, by_keras, atol=1e-5))
print("by Keras:", np.round(by_keras, 4), "  the same:", same_steps)

# %% [markdown] name="parabola"
# ## How large may a step be? A single weight (claim LR2)
#
# The loss of that one weight is a **parabola**. How sharply a parabola bends is its **curvature**, the slope of the
# slope, for which the letter λ (lambda) is customary. Take the simplest one, loss = λ/2 · w². Its gradient is λ · w,
# so a step gives
#
# > new weight = w − rate · λ · w = (1 − rate · λ) · w
#
# Every step multiplies the weight by the same number. If that number is 0, one step reaches the bottom: that is the
# **ideal** rate, 1/λ. If it lies between −1 and 1, the weight shrinks. Otherwise it grows, and that happens when
# the rate is above **2/λ**, twice the ideal (LeCun et al. 1998).
#
# **Your guess.** Six times in this chapter you are asked for one before a cell shows what comes out. It is kept,
# and then shown beside the result. For λ = 2 the ideal rate is 0.5; what happens at nearly twice that?

# %% name="parabola-guess"
guess.choice(
    "learning-rate-095",
    "What does the weight do at a rate of 0.95?",
    [
        "creeps towards the minimum from one side",
        "overshoots, yet comes closer",
        "diverges: every step leads further away",
    ],
)

# %% [markdown] name="parabola-table-intro"
# Six rates, from a fifth of the ideal one to a little more than twice:

# %% name="parabola-table" tags=["answer"]
quadratic = landscapes.Quadratic()
paths = {rate: quadratic.run(learning_rate=rate, curvature=2.0, steps=20) for rate in (0.1, 0.5, 0.75, 0.95, 1.0, 1.05)}
pd.DataFrame(
    [
        {
            "rate": rate,
            "rate / ideal": rate * 2,
            "loss after 20 steps": f"{path.loss[-1]:.2g}",
            "what it does": path.regime,
        }
        for rate, path in paths.items()
    ]
)

# %% [markdown] name="parabola-picture-intro"
# The same as a picture. Follow the sign of the weight.

# %% name="parabola-picture" tags=["answer"]
picture = CurvesDisplay(
    {f"rate {rate:g}": paths[rate].weights for rate in (0.1, 0.75, 0.95, 1.05)},
    "Above twice the ideal rate, every step leads further away",
    x=range(21),
    xlabel="step",
    ylabel="weight",
    ylim=(-11, 11),
)
guess.answer(
    "learning-rate-095",
    paths[0.95].regime,
    "Above the ideal rate the sign changes at every step, because each jumps over the bottom to the other side.",
    picture=picture,
)

# %% [markdown] name="lab-parabola-intro"
# ### Lab 1: the parabola
#
# Set the curvature to 2 and find the rate at which the weight runs away. Then double the
# curvature. Where is the limit now? The status line below the picture names what the weight does.

# %% name="lab-parabola"
Lab(
    quadratic,
    Parabola(),
    learning_rate=slider(0.01, 1.2, value=0.3),
    curvature=slider(0.5, 8, value=2, step=0.5),
    steps=20,
    presets={
        "too small": {"learning_rate": 0.02},
        "ideal": {"learning_rate": 0.5},
        "overshoots": {"learning_rate": 0.9},
        "at the limit": {"learning_rate": 1.0},
        "diverges": {"learning_rate": 1.05},
    },
    name="quadratic",
)

# %% [markdown] name="lab-parabola-after"
# What you should have seen: the limit lies at rate × curvature = 2, whatever the curvature. Twice the curvature,
# half the limit. And the loss on the right is a straight line on its logarithmic axis: each step divides the loss
# by the same number.

# %% [markdown] name="many-weights"
# ## Several weights: why 0.1 works and 0.3 does not (claim LR3)
#
# One of the documents tells of a regression that trained with SGD at a learning rate of 0.1, if slowly. Its author
# turned to 0.3 to speed it up, and within a few epochs the loss was NaN: *not a number*, what a computer says
# when numbers have grown beyond all bounds.
#
# That is no mystery, and no bug. A *linear* regression has a loss that is a parabola in every direction, each direction
# with its own curvature; they can be computed from the data. The rate must be below 2/λ for the *largest* of
# them, or that direction runs away. A direction with a small curvature learns slowly all the same. (The formula: the
# curvatures are the eigenvalues of 2/n · XᵀX, where X is the table of inputs and n its number of rows.)


# %% name="curvatures" tags=["foreign-numbers"]
def curvatures(inputs):
    columns = np.column_stack([inputs, np.ones(len(inputs))]).astype(float)  # the ones are for the constant term
    return np.linalg.eigvalsh(2 * columns.T @ columns / len(columns))


found = curvatures(patients.x_train)
limit = 2 / found.max()
print(f"curvatures from {found.min():.2f} to {found.max():.2f}; limit for the learning rate: {limit:.2f}")

# %% [markdown] name="regression-predict"
# Now to the three rates. Compare them with the limit before you guess.

# %% name="regression-guess"
outcomes = ["none of them", "only 0.1", "0.1 and 0.2", "all three"]
guess.choice("regression-rates", "Which of the rates 0.1, 0.2 and 0.3 will train?", outcomes)

# %% [markdown] name="regression-runs-intro"
# `depth=0` leaves out all hidden layers, so that the model is just a weighted sum. Eight seeds are trained for each
# rate over 60 epochs: eight runs that differ only in their random first weights and in the order of the rows.

# %% name="regression-runs" tags=["answer"]
regression = Trainer(models.mlp, patients, epochs=40)
three_rates = regression.run(learning_rate=[0.1, 0.2, 0.3], depth=0, seeds=8, epochs=60)
steps_per_epoch = three_rates.steps_per_epoch[0]
by_rate = {rate: three_rates.select(learning_rate=rate) for rate in (0.1, 0.2, 0.3)}
ended_in_nan = {rate: int(np.isnan(runs.final("loss")).sum()) for rate, runs in by_rate.items()}
for rate, count in ended_in_nan.items():
    print(f"rate {rate}: {count} of 8 runs end in NaN")
losses_at_03 = np.stack(by_rate[0.3].batch_loss)
first_steps = [by_rate[0.3].diverged_at, np.isinf(losses_at_03).argmax(axis=1), np.isnan(losses_at_03).argmax(axis=1)]
thousandfold, infinite, nan = (int(np.ceil(np.median(steps) / steps_per_epoch)) for steps in first_steps)
print(
    f"at 0.3 the loss is a thousand times the first one in epoch {thousandfold}, infinite in {infinite}, NaN in {nan}"
)

# %% [markdown] name="regression-picture-intro"
# The loss of every single step, on a logarithmic axis. (A mini-batch is a small sample, so that the loss jumps a
# little from step to step even when all is well.)

# %% name="regression-picture" tags=["answer"]
picture = CurvesDisplay(
    {f"rate {rate}": np.stack(runs.batch_loss)[:, :60] for rate, runs in by_rate.items()},
    "The loss grows beyond bounds at " + " and ".join(str(rate) for rate, count in ended_in_nan.items() if count),
    xlabel="step",
    ylabel="batch loss",
    yscale="log",
    ylim=(0.1, 1e12),
)
that_train = sum(count == 0 for count in ended_in_nan.values())
guess.answer(
    "regression-rates",
    outcomes[that_train],
    f"A rate trains if it lies below 2/λ, which is {limit:.2f} for this data.",
    picture=picture,
)

# %% [markdown] name="regression-read"
# The rate of 0.3 lies above the limit, and every seed is lost: the loss grows by a constant factor, a straight line on
# this axis, until the computer has no number for it. So the claim **holds, with a condition**: the limit has to lie
# between the two rates. It belongs to this data, not to 0.3 as such, and the next section moves it by a factor of
# thousands. The damage is there within ten steps. The word NaN comes later, and the nearer the limit, the later:
# look at the curve, and do not wait for the word.

# %% [markdown] name="scales"
# ## The same data in other units (claim LR4, first half)
#
# The curvatures came from the inputs. So what happens when the inputs are left in their own units, with ages about
# 50 and cholesterol about 190?
#
# **Your guess:** a number this time. If you like, give a range too, so wide that you are 90 % sure of it.

# %% name="scales-guess"
guess.number(
    "raw-limit",
    f"For inputs of deviation 1 the limit is {limit:.2f}. What is it for inputs in their own units?",
    low=1e-6,
    high=100,
    scale="log",
)

# %% [markdown] name="scales-limits-intro"
# The limit for three ways to scale the same measurements:

# %% name="scales-limits" tags=["answer", "foreign-numbers"]
limits = {
    scale: 2 / curvatures(datasets.from_arrays(measurements, progress, validation=0.2, scale=scale).x_train).max()
    for scale in ("raw", "unit", "standard")
}
display(pd.Series({scale: f"{value:.2g}" for scale, value in limits.items()}, name="largest learning rate"))
guess.answer(
    "raw-limit",
    limits["raw"],
    "The curvatures are made of squares of the inputs: inputs of about 100 make curvatures of 10,000 and more.",
)

# %% [markdown] name="scales-read"
# `"unit"` divides all inputs by one number, so that they lie between 0 and 1; `"standard"` gives each input mean 0
# and deviation 1. With raw inputs the limit is thousands of times smaller. This is why advice on learning rates
# comes with the words "if the inputs are normalised": a rate means nothing without the scale of the inputs.

# %% [markdown] name="network"
# ## A real network (claims LR2 and LR5)
#
# The network for the digits has two hidden layers and thousands of weights, and its loss is not a parabola. Is
# there still an ideal rate, and a limit at twice the ideal?
#
# We try 25 rates from 0.001 to 4, each 1.4 times the one before, with 16 seeds: 400 networks in all. Before that,
# draw what you expect. (A network that guesses blindly among ten digits has a loss of ln 10 ≈ 2.3.)

# %% name="network-guess"
guess.curve(
    "loss-against-rate",
    "How does the loss after 20 epochs depend on the learning rate?",
    x=(0.001, 4),
    y=(0, 2.5),
    xlabel="learning rate",
    ylabel="validation loss",
    xscale="log",
)

# %% [markdown] name="network-sweep-intro"
# Now the 400 networks:

# %% name="network-sweep" tags=["answer"]
trainer = Trainer(models.mlp, digits, track_norms=True)  # the lengths of the steps are for the last section
rates = np.geomspace(0.001, 4, 25)
sweep = trainer.run(learning_rate=rates, seeds=16)
final_loss = sweep.by("learning_rate", "val_loss")
accuracy = np.median(sweep.by("learning_rate", "val_accuracy"), axis=1)

middle = np.median(np.nan_to_num(final_loss, nan=np.inf), axis=1)
best = rates[np.argmin(middle)]
broken = rates[(rates > best) & (accuracy < 0.5)][0]
valley = rates[middle < 2 * middle.min()]
print(
    f"lowest loss, {middle.min():.2f}, at {best:.2f}; less than twice as high from {valley[0]:.2f} to {valley[-1]:.2f}"
)
print(f"most networks broken from {broken:.2f} on, {broken / best:.1f} times the best rate")

# %% [markdown] name="network-sweep-picture-intro"
# Each dot is the validation loss of one network after 20 epochs, the line goes through the medians.

# %% name="network-sweep-picture" tags=["answer"]
picture = SweepDisplay(
    rates,
    final_loss,
    f"Lowest at {best:.2f}, and from {broken:.2f} on most networks are lost",
    ylim=(0, 2.5),
    marks={"lowest": best, "broken": broken},
)
guess.answer(
    "loss-against-rate",
    (rates, middle),
    "Did you draw both sides alike? Too small a rate costs time, too large a one costs the network.",
    picture=picture,
)

# %% [markdown] name="network-sweep-read"
# Three things to read from it:
#
# - **Left, a slope.** Small rates are not wrong, only slow: in 20 epochs they do not arrive.
# - **In the middle, a valley.** While the rate grows more than tenfold, the loss changes by less than a factor of two.
#   The ideal is not a point, and there is no need to hit it.
# - **Right, a cliff.** As on the parabola there is a limit, a few times the best rate. But where the parabola's
#   loss grew without bound, these networks end up at the loss of blind guessing, ln 10 ≈ 2.3, or a little below: giant
#   steps switched their units off for good. The loss is finite, and the network is dead.
#
# Is that chance, the luck of which pictures are used for training? We split the digits anew, three times, and try the
# rates around the cliff on each:

# %% name="other-splits"
around = rates[(rates > 0.1) & (rates < 2.5)]
by_split = {}
for split in (1, 2, 3):
    elsewhere = Trainer(models.mlp, datasets.digits(seed=split)).run(learning_rate=around, seeds=8)
    losses = np.median(np.nan_to_num(elsewhere.by("learning_rate", "val_loss"), nan=np.inf), axis=1)
    lost = np.median(elsewhere.by("learning_rate", "val_accuracy"), axis=1) < 0.5
    lowest_at = around[np.argmin(losses)]
    cliff = around[(around > lowest_at) & lost][0]
    by_split[split] = {"lowest loss": losses.min(), "best rate": lowest_at, "most broken from": cliff}
splits = pd.DataFrame(by_split).T.rename_axis("split")
splits["times the best"] = splits["most broken from"] / splits["best rate"]
splits.round(2)

# %% [markdown] name="other-splits-read"
# How low the loss gets changes much from split to split: it matters which 180 pictures are left for validation. The
# cliff stays where it is, and the best rate moves about in its flat valley, so that the limit is two to four times the
# best rate. On the parabola it was two.
#
# Here are four of the rates as learning curves, and what `diagnostics.state_of` (chapter *Start here* explains its
# words) says about them.

# %% name="network-regimes"
regimes = {"too small": rates[2], "small": rates[6], "good": best, "too large": rates[rates > broken][0]}
for name, rate in regimes.items():
    states = diagnostics.state_of(sweep.select(learning_rate=rate))
    print(f"{name:10s} rate {rate:.2g}: most are {max(set(states), key=states.count)}")
CurvesDisplay(
    {name: sweep.select(learning_rate=rate).history["val_loss"] for name, rate in regimes.items()},
    "A small rate falls slowly, a large one not at all",
    ylabel="validation loss",
    ylim=(0, 2.5),
)

# %% [markdown] name="valleys-intro"
# ### Is the curve a clean U?
#
# One document warns that the error is not a clean U, but has **local minima**: places that are lower than their
# neighbours without being the lowest. (Its sentence can also be read as being about error against *weight*. We take
# up that reading with the saddle below.) Let us count the dips of each seed's own curve, and of the median's.


# %% name="valleys"
def dips(curve):
    inner = curve[1:-1]
    return int(((inner < curve[:-2]) & (inner < curve[2:])).sum())


trains = rates < broken  # beyond the cliff there is only noise
dips_of_seeds = [dips(final_loss[trains, seed]) for seed in range(16)]
dips_of_median = dips(middle[trains])
spread = final_loss[trains].max(axis=1) / final_loss[trains].min(axis=1)
print(f"dips of the median: {dips_of_median}; of each seed:", *dips_of_seeds)
spread_at_best = spread[list(rates).index(best)]
print(f"highest seed / lowest seed: {spread[0]:.2f} at the smallest rate, {spread_at_best:.1f} at the best,", end=" ")
print(f"{spread[-1]:.1f} at the last one before the cliff")

# %% [markdown] name="valleys-read"
# The median has a single dip, the valley. Where a single curve has a second one, it belongs to the seed and not to the
# rate. So we do not find the local minima, at least none wider than our steps of 1.4, though the document is right that
# the curve is no U: it has a slope on one side and a cliff on the other.
#
# But look at the spread. At the smallest rate the seeds agree. At the best one the highest loss is nearly twice
# the lowest, which is more than a neighbouring rate changes the median, and before the cliff chance decides more than
# the knob does. What to learn from it: **never compare two learning rates with one seed each.**

# %% [markdown] name="lab-regimes-intro"
# ### Lab 2: the regimes
#
# At which rate does the network reach a validation accuracy of 0.95 soonest? Where do the
# eight seeds begin to differ? Press the presets first. *Keep as ghost* holds a curve in grey for comparison.

# %% name="lab-regimes"
Lab(
    trainer,
    LearningCurves(),
    learning_rate=log_slider(0.0001, 10, value=0.1),
    seeds=8,
    epochs=20,
    presets={
        "too small": {"learning_rate": 0.001},
        "slow": {"learning_rate": 0.01},
        "good": {"learning_rate": 0.25},
        "on the edge": {"learning_rate": 0.8},
        "dead": {"learning_rate": 2.0},
        "far too large": {"learning_rate": 10.0},
    },
    goal=("val_accuracy", 0.95),
)

# %% [markdown] name="lab-regimes-after"
# What you should have seen: moving right, the curves fall faster and faster, then begin to jump, then the band
# between the seeds bursts open (some networks live, some are dead), and then all are dead. The best rates lie
# close to the edge.

# %% [markdown] name="lab-sweep-intro"
# ### Lab 3: many rates at once
#
# Now the whole sweep is trained anew at every move of a slider. If you train longer, does
# the best rate move left or right? And if you add *momentum*? (Momentum lets each step continue part of the step
# before. At 0 it is plain SGD; at 0.9 a steady slope ends up being followed ten times as fast.)

# %% name="lab-sweep"
Lab(
    trainer,
    Sweep("learning_rate", limits=(0, 2.5)),
    learning_rate=np.geomspace(0.001, 5, 12).tolist(),
    momentum=slider(0, 0.95, value=0, step=0.05),
    epochs=int_slider(1, 20, value=5),
    optimizer="momentum",
    seeds=2,
    presets={"1 epoch": {"epochs": 1}, "20 epochs": {"epochs": 20}, "momentum 0.9": {"momentum": 0.9}},
)

# %% [markdown] name="lab-sweep-after"
# What you should have seen: with more epochs the slope on the left sinks and the valley widens, because slow rates
# arrive too. The cliff hardly moves: it depends on the size of a step, not on the number of steps. Momentum shifts
# everything to the left, slope and cliff. So a good rate *for plain SGD* is too large once momentum is on.

# %% [markdown] name="starting-values"
# ## Good first guesses (claim LR4, second half)
#
# The documents give lists to start from: 0.1, 0.01, … down to 0.000001; "0.1 or 0.01"; 0.01, 0.001 and 0.0001; and
# 0.01 as a good start for normalised inputs. They do not say for which optimizer. We compare plain SGD with
# **Adam** (Kingma and Ba 2014), the most used *adaptive* optimizer: it divides each weight's step by the recent
# size of that weight's gradient. For which of the two does the best rate depend on the scale of the inputs?

# %% name="starting-values-runs"
guesses = [0.000001, 0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0]
best_rate, accuracy_at = {}, {}
for scale in ("raw", "unit", "standard"):
    scaled = trainer if scale == "unit" else Trainer(models.mlp, datasets.digits(scale), track_norms=True)
    for optimizer in ("sgd", "adam"):
        tried = scaled.run(learning_rate=guesses, optimizer=optimizer, seeds=8, epochs=10)
        losses = np.nan_to_num(tried.by("learning_rate", "val_loss"), nan=np.inf)
        best_rate[scale, optimizer] = guesses[int(np.argmin(np.median(losses, axis=1)))]
        accuracy_at[scale, optimizer] = np.median(tried.by("learning_rate", "val_accuracy"), axis=1)

# %% [markdown] name="starting-values-table-intro"
# One row for each scale and optimizer: the best of the twelve rates (the one with the lowest validation loss), the
# validation accuracy there after ten epochs, and the accuracy that three popular first guesses reach.

# %% name="starting-values-table"
pd.DataFrame(
    {
        key: {"best rate": f"{best_rate[key]:g}", "accuracy there": f"{values[guesses.index(best_rate[key])]:.2f}"}
        | {f"at {first}": f"{values[guesses.index(first)]:.2f}" for first in (0.1, 0.01, 0.001)}
        for key, values in accuracy_at.items()
    }
).T.rename_axis(["inputs", "optimizer"])

# %% [markdown] name="starting-values-read"
# For Adam a first guess between 0.001 and 0.01 is good whatever the scale, since dividing by the size of the
# gradient cancels most of it; 0.1 is far too large. Plain SGD wants a far larger rate, and a smaller one for raw inputs
# than for normalised ones: there 0.1 is good, or a few times that. So 0.01 for normalised inputs is a fine start with
# Adam; with plain SGD the network learns, but not nearly as much as it could in that time. The last values of the
# longest list, 0.0001 and below, are never the best here. They have their place in longer training, and in the *fine-tuning* of a network that
# was trained before.

# %% [markdown] name="bouncing"
# ## Stalled: lower the rate as you go (claim LR6)
#
# A document describes a common sight: the error falls to some level and then bounces between two values, better than
# at the start but not the best. Here is the purest case: a loss with a kink, loss = |w|. Its slope is +1 or −1 and
# never gets smaller, so that a constant rate can only jump back and forth. The weight starts at 1 and the rate is 0.3,
# once constant and once halved every five steps.


# %% name="bouncing-by-hand"
def walk(rates):
    weight, path = 1.0, []
    for rate in rates:
        weight = weight - rate * np.sign(weight)
        path.append(abs(weight))
    return np.array(path)


steps = np.arange(40)
stuck, freed = walk(np.full(40, 0.3)), walk(0.3 * 0.5 ** (steps // 5))
bounce = sorted({f"{loss:.1f}" for loss in stuck[-10:]})
print(f"constant rate: bounces between {' and '.join(bounce)};  halved every 5 steps: ends at {freed[-1]:.3f}")

# %% [markdown] name="schedules"
# A plan for the rate over the run is called a **schedule**. The documents name these:
#
# - *halved every 5 epochs*. One document calls this linear. It is a **step** schedule, a staircase; a linear one
#   would fall in a straight line.
# - *times 0.1 every 8 epochs*, called exponential; here it falls a little at each step (**exponential** decay).
# - *times 0.1, 0.3 or 0.5 after a fixed number of epochs*, again staircases.
# - the same **when validation stops improving**, a *plateau* schedule, which watches the run instead of the clock.
#
# We try them on the regression, with a rate of 0.2, close under its limit. The network there is linear, and so
# the lowest possible loss can be computed exactly. What lies above it is waste: we call it the **excess**.

# %% name="schedules-runs"
inputs = np.column_stack([patients.x_train, np.ones(len(patients.x_train))])
lowest = np.mean((inputs @ np.linalg.lstsq(inputs, patients.y_train)[0] - patients.y_train) ** 2)
decays = {
    "constant": schedules.Constant(),
    "× 0.5 every 5": schedules.Step(0.5, 5),
    "× 0.1 over 8": schedules.Exponential(0.1, 8),
    "× 0.1 every 10": schedules.Step(0.1, 10),
    "× 0.3 every 10": schedules.Step(0.3, 10),
    "× 0.5 every 10": schedules.Step(0.5, 10),
    "× 0.3, watching": schedules.ReduceOnPlateau(0.3, 3),
    "straight line": schedules.Linear(),
}
plans = [{"schedule": schedule} for schedule in decays.values()]
decayed = regression.run(settings=plans, learning_rate=0.2, depth=0, seeds=8, epochs=40)

# %% [markdown] name="schedules-picture-intro"
# First four of the plans, then what became of them.

# %% name="schedules-picture"
four = ["constant", "× 0.5 every 5", "× 0.1 over 8", "× 0.3, watching"]
picked = {name: decayed.select(schedule=decays[name]) for name in four}
Gallery(
    CurvesDisplay(
        {name: runs.learning_rates[0] for name, runs in picked.items()},
        "Four plans",
        x=np.arange(40 * steps_per_epoch) / steps_per_epoch,
        ylabel="learning rate",
    ),
    CurvesDisplay(
        {name: np.median(runs.history["loss"], axis=0) - lowest for name, runs in picked.items()},
        "The constant rate stays above",
        ylabel="excess training loss",
        ylim=(-0.02, 0.3),
    ),
)

# %% [markdown] name="schedules-table-intro"
# All of them, measured over the last five epochs, on the regression, and then the same plans with the digits
# network. There each plan begins with five different rates, and the best of them counts. Beside each median, in
# brackets, the range of the middle half of the eight seeds.

# %% name="schedules-digits" tags=["foreign-numbers"]
first_rates = [rate for rate in rates if 0.15 < rate < 1.2]
on_digits = trainer.run(settings=plans, learning_rate=first_rates, seeds=8)


def with_range(values):
    low, median, high = np.maximum(np.quantile(values, [0.25, 0.5, 0.75]), 0)
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


excess, digits_loss, best_first, rows = {}, {}, {}, {}
for name, schedule in decays.items():
    excess[name] = np.median(decayed.select(schedule=schedule).history["loss"][:, -5:], axis=1) - lowest
    tried = {rate: on_digits.select(schedule=schedule, learning_rate=rate).final("val_loss") for rate in first_rates}
    best_first[name] = min(tried, key=lambda rate: np.median(tried[rate]))
    digits_loss[name] = tried[best_first[name]]
    rows[name] = [with_range(excess[name]), with_range(digits_loss[name]), f"{best_first[name]:.2f}"]
pd.DataFrame(rows, index=["regression: excess loss", "digits: validation loss", "first rate there"]).T

# %% [markdown] name="schedules-smaller-intro"
# And a constant rate that is smaller from the beginning, on the regression?

# %% name="schedules-smaller" tags=["foreign-numbers"]
smaller = regression.run(learning_rate=[0.005, 0.01, 0.02, 0.05, 0.1], depth=0, seeds=8, epochs=40)
excess_at = {
    rate: np.median(smaller.select(learning_rate=rate).history["loss"][:, -5:], axis=1) - lowest
    for rate in smaller.values("learning_rate")
}
for rate, values in excess_at.items():
    print(f"constant rate {rate:<5g} excess loss {with_range(values)}")

# %% [markdown] name="schedules-read"
# On the regression the constant rate of 0.2 is stuck well above the floor, and every kind of decay gets down to it.
# Where the noise comes from mini-batches that disagree with one another, a smaller rate averages over more of them.
# A constant rate of a tenth comes close as well, if you know that it is the right one: larger, and it bounces higher;
# smaller, and it does not quite arrive in 40 epochs.
#
# On the digits no plan is better than the constant rate by more than the seeds differ, although each was free to choose
# its first rate, and the one that falls fastest is the worst. This network can fit all its training pictures, so that towards the end their
# gradients vanish together, and the bouncing dies away by itself. A rate that is lowered early only slows it down. Decay
# is a cure for bouncing, not a tonic: look at the curve first.

# %% [markdown] name="per-step"
# ## Every iteration, or every epoch? (claim LR7)
#
# One document suggests to multiply the rate by 0.9 or 0.99 "each iteration". An **iteration** is a step, a single
# mini-batch, and one epoch of the digits has 44 of them. What is left of a rate after 100 steps?

# %% name="per-step-by-hand"
left = {factor: factor**100 for factor in (0.9, 0.99)}
print(f"after 100 steps: × 0.9 leaves {left[0.9]:.5f}, × 0.99 leaves {left[0.99]:.2f}")

# %% [markdown] name="per-step-runs-intro"
# And on the network, at the best constant rate. Since a rate that falls might want to begin higher, each plan is also
# tried with larger first rates.

# %% name="per-step-runs"
iterations = {
    "0.9 per step": schedules.Exponential(0.9, per_step=True),
    "0.99 per step": schedules.Exponential(0.99, per_step=True),
    "0.9 per epoch": schedules.Exponential(0.9, every=1),
    "0.99 per epoch": schedules.Exponential(0.99, every=1),
}
paces = [{"schedule": schedule} for schedule in iterations.values()]
by_pace = trainer.run(settings=paces, learning_rate=around, seeds=8)
pace_accuracy, best_pace = {}, {}
for name, schedule in iterations.items():
    medians = np.median(by_pace.select(schedule=schedule).by("learning_rate", "val_accuracy"), axis=1)
    pace_accuracy[name] = by_pace.select(schedule=schedule, learning_rate=best).final("val_accuracy")
    best_pace[name] = medians.max()
    print(f"{name:14s} accuracy {np.median(pace_accuracy[name]):.2f} if it begins at {best:.2f};", end=" ")
    print(f"at most {best_pace[name]:.2f}, if it begins at {around[medians.argmax()]:.2f}")

# %% [markdown] name="per-step-picture-intro"
# The runs from the best constant rate:

# %% name="per-step-picture"
CurvesDisplay(
    {
        name: by_pace.select(schedule=schedule, learning_rate=best).history["val_loss"]
        for name, schedule in iterations.items()
    },
    "× 0.9 at each step freezes the network in the first epochs",
    ylabel="validation loss",
    ylim=(0, 2.5),
)

# %% [markdown] name="per-step-read"
# With × 0.9 at each step the rate is gone before the first three epochs are over, and the network stays where it
# happened to be. A larger first rate takes it further, but not far enough. × 0.99 at each step is a quick decay that
# still leaves something to learn with. At each *epoch* both are gentle. Whenever you read "every 10" or "each iteration",
# ask: steps or epochs?

# %% [markdown] name="lab-schedules-intro"
# ### Lab 4: schedules
#
# The regression again, with all the plans, and two that rise as well as fall (more about them soon). Which
# plans allow a rate so high that the constant one bounces badly? And how low must a *constant* rate be
# to match them?

# %% name="lab-schedules"
rising = {"up and down": schedules.Triangular(0.05, 8), "one cycle": schedules.OneCycle()}
Lab(
    regression,
    RateAndLoss(loss_limits=(0.4, 1.2), rate_limits=(0, 0.3)),
    schedule=choice(decays | iterations | rising, "constant"),
    learning_rate=log_slider(0.001, 0.3, value=0.2, step=0.05),
    epochs=40,
    depth=0,
    seeds=8,
    presets={
        "bouncing": {"learning_rate": 0.2},
        "just too large": {"learning_rate": 0.27},
        "slow": {"learning_rate": 0.002},
    },
    name="regression",
)

# %% [markdown] name="lab-schedules-after"
# What you should have seen: with a constant rate near the limit the loss keeps jumping and the seeds disagree; with a
# falling one the band closes. Even a first rate a little above the limit, such as 0.27, is forgiven if it falls soon
# enough. And a constant rate some ten times smaller does as well on this easy task: decay spares you from having to
# know it.

# %% [markdown] name="range-test"
# ## Finding a rate in one short run: the range test (claim LR8)
#
# The sweep above took 400 networks. Smith (2015) has a cheaper idea: train **one** network for an epoch or two
# while the rate grows at every step, from far too small to far too large, and watch the loss. At first nothing
# happens, then it falls, then it shoots up. A good rate lies to the left of the lowest point.
#
# How to read a rate from the curve? Four rules: the rate of the *lowest* loss; *a tenth* of that; the rate where the loss
# falls *steepest*; and the middle of the part in which it falls (*mid-fall*), which is how we make "left of the lowest
# point" exact. We make the test sixteen times, each time with one network of another seed, to see how far you could
# trust a single one.
#
# From the sweep you know the best rate of this network, and the cliff, the rate from which most networks are broken.
# **Your guess:**

# %% name="range-test-guess"
places = ["left of the best rate", "between the best rate and the cliff", "beyond the cliff"]
guess.choice("range-test-lowest", "Where does the loss of the range test have its lowest point?", places)

# %% [markdown] name="range-test-run-intro"
# Sixteen tests, and what each rule says:

# %% name="range-test-run" tags=["answer"]
test = diagnostics.range_test(trainer, low=1e-4, high=10, epochs=2, seeds=16)
suggested_by = {name: [rule(single) for single in test.singles()] for name, rule in diagnostics.RULES.items()}
suggestions = {name: float(np.median(found)) for name, found in suggested_by.items()}
for name, found in suggested_by.items():
    print(f"{name:9s} median {suggestions[name]:.2f}, single tests from {min(found):.2g} to {max(found):.2g}")

# %% [markdown] name="range-test-picture-intro"
# Left, the median of the sixteen tests (each is smoothed first, since single batches jump). Right, the sweep with the same
# marks.

# %% name="range-test-picture" tags=["answer"]
tested = test.learning_rates[: len(test.loss)]
display(
    Gallery(
        SweepDisplay(
            tested,
            test.loss[:, None],
            "Range test: two epochs",
            ylabel="smoothed loss",
            ylim=(1.8, 2.8),
            marks=suggestions,
        ),
        SweepDisplay(rates, final_loss, "Sweep: 400 networks", ylim=(0, 2.5), marks=suggestions),
    )
)
lowest_at = suggestions["lowest"]
guess.answer(
    "range-test-lowest",
    places[int(lowest_at >= best) + int(lowest_at >= broken)],
    f"Lowest {lowest_at:.2f}, best {best:.2f}, cliff {broken:.2f}: a few steps do not show what a rate does in the end.",
)

# %% [markdown] name="range-test-compare-intro"
# How good is each suggestion? You would make one test and train with what it says. So we train two networks with the
# suggestion of each single test, 32 for each rule, 20 epochs long. Beside them, as many with the best rate of the sweep
# and with both ends of the range 0.001 to 0.01 that the document reads from its own figure.

# %% name="range-test-compare"
others = {"best of the sweep": [best], "document, low end": [0.001], "document, high end": [0.01]}
after_training = {
    name: trainer.run(settings=[{"learning_rate": rate} for rate in found], seeds=32 // len(found)).final(
        "val_accuracy"
    )
    for name, found in (suggested_by | others).items()
}
below = {name: int((values < 0.9).sum()) for name, values in after_training.items()}
pd.DataFrame(
    {
        "rate": {name: f"{np.median(found):.2g}" for name, found in (suggested_by | others).items()},
        "median accuracy": {name: f"{np.median(values):.2f}" for name, values in after_training.items()},
        "lowest accuracy": {name: f"{values.min():.2f}" for name, values in after_training.items()},
        "of 32 below 0.9": below,
    }
)

# %% [markdown] name="range-test-read"
# The lowest point itself is a trap: there the test's loss is about to shoot up, and about half of the networks that are
# trained at that rate break. A *tenth* of it and the *middle of the fall* break none of these networks and do nearly as
# well as the best of the sweep, for a tiny part of the work. The *steepest* fall, also to the left, cannot
# be trusted in so short a test: with some seeds the jumps of the first few batches are steeper than the real fall, with
# others it lies at the edge of the cliff.
#
# The advice holds, with a condition: stay well to the left, by a factor and not by a hair. And the *numbers* of
# the document's figure belong to its network: they are too small for ours. The position of the lowest point also
# depends on how long the test takes: with more steps, more is learned on the way and the point moves left. Treat the
# test as a ruler for the order of magnitude.

# %% [markdown] name="saddle"
# ## Plateaus, saddles and rates that swing (claim LR9)
#
# Sometimes the loss hardly falls for a long time and then drops. Such a **plateau** looks like the end of training,
# as if the weights lay in a local minimum. Dauphin et al. (2014) argue that in networks most such places are
# **saddle points**: as on a horse's saddle, the surface rises in one direction and falls in another, and there is a
# way out.
#
# The smallest network with a hidden layer has one: two weights in a row, so that the output is `a · b · x`. Let it
# learn to give 1 for `x = 1`: loss = (a·b − 1)²/2. Any a and b with a·b = 1 are perfect. At a = b = 0 the slope is
# zero in every direction. The curvatures there (the eigenvalues of the matrix of second derivatives) tell what kind
# of place it is.


# %% name="saddle-curvatures"
def slope(weights):
    a, b = weights
    return np.array([(a * b - 1) * b, (a * b - 1) * a])


tiny = 1e-4
second = [(slope(tiny * direction) - slope(-tiny * direction)) / (2 * tiny) for direction in np.eye(2)]
saddle_curvatures = np.linalg.eigvalsh(np.array(second))
print("slope at (0, 0):", np.abs(slope(np.zeros(2))), "  curvatures there:", np.round(saddle_curvatures, 3))

# %% [markdown] name="saddle-predict"
# One curvature is positive, one negative: a saddle, not a minimum. We start where the surface leads almost exactly
# into the saddle.
#
# **Cyclical** rates (Smith 2015) swing between a low and a high value. The document says that this crosses plateaus
# faster. Faster than what? We compare four: constant at the low value, constant at the high value, swinging between
# the two, and constant at the middle of the swing.

# %% name="saddle-paths"
swing = schedules.Triangular(low=0.1, period=1)
position = schedules.Position(np.arange(400), steps_per_epoch=40, epochs=10)
plans_of_rates = {
    "low": np.full(400, 0.05),
    "swinging": 0.5 * swing(position),
    "middle": np.full(400, 0.275),
    "high": np.full(400, 0.5),
}
walks, crossed = {}, {}
for name, plan in plans_of_rates.items():
    path = [np.array([1.0, -0.98])]
    for rate in plan:
        path.append(path[-1] - rate * slope(path[-1]))
    walks[name] = np.stack(path)
    crossed[name] = int(np.argmax((walks[name].prod(axis=1) - 1) ** 2 / 2 < 0.1))
    print(f"{name:9s} past the saddle after {crossed[name]} steps")

# %% [markdown] name="saddle-picture-intro"
# Left, two of the paths from above: down into the saddle, a long wait, and out along the valley. Right, their loss.

# %% name="saddle-picture"
Gallery(
    SurfaceDisplay(
        lambda a, b: (a * b - 1) ** 2 / 2,
        {name: walks[name] for name in ("low", "swinging")},
        "Into the saddle, and out",
        xlim=(-1.5, 1.8),
        ylim=(-1.5, 1.8),
    ),
    CurvesDisplay(
        {name: (path[:150].prod(axis=1) - 1) ** 2 / 2 for name, path in walks.items()},
        "The plateau is the way through the saddle",
        x=range(150),
        xlabel="step",
    ),
)

# %% [markdown] name="plateau-network"
# Now a network with a plateau. With the old *sigmoid* units instead of ReLU, the digits network sits at the loss of
# blind guessing for a while before it learns anything. The same four plans, between 0.1 and 1, and a fifth that is
# popular: **one cycle** (Smith and Topin 2017), a single swing up and then down to zero. **Your guess,** the last one:

# %% name="plateau-guess"
plans_by_name = ["low", "swinging", "middle", "high", "one cycle"]
guess.choice("plateau-first", "Which of the five plans leaves the plateau first?", plans_by_name)

# %% [markdown] name="plateau-runs-intro"
# A plan has left the plateau when the validation loss falls below 1.

# %% name="plateau-runs" tags=["answer"]
swings = {
    "low": {"learning_rate": 0.1},
    "swinging": {"learning_rate": 1.0, "schedule": schedules.Triangular(0.1, 4)},
    "middle": {"learning_rate": 0.55},
    "high": {"learning_rate": 1.0},
    "one cycle": {"learning_rate": 1.0, "schedule": schedules.OneCycle()},
}
plateau = trainer.run(settings=list(swings.values()), activation="sigmoid", seeds=8, epochs=25)
plateau_runs = {name: plateau.take(range(8 * i, 8 * i + 8)) for i, name in enumerate(swings)}
epochs_to_cross = {
    name: [int(np.argmax(curve < 1)) + 1 if (curve < 1).any() else 26 for curve in runs.history["val_loss"]]
    for name, runs in plateau_runs.items()
}
for name, epochs in epochs_to_cross.items():
    print(f"{name:9s} loss below 1 after {np.median(epochs):g} epochs ({min(epochs)} to {max(epochs)})")

# %% [markdown] name="plateau-picture-intro"
# All five, with the band over eight seeds:

# %% name="plateau-picture" tags=["answer"]
in_order = sorted(epochs_to_cross, key=lambda name: np.median(epochs_to_cross[name]))
picture = CurvesDisplay(
    {name: runs.history["val_loss"] for name, runs in plateau_runs.items()},
    f"The plan {in_order[0]!r} is first past the plateau, {in_order[-1]!r} is last",
    ylabel="validation loss",
    ylim=(0, 2.5),
)
guess.answer(
    "plateau-first",
    in_order[0],
    "Down a long and gentle slope, the plan is ahead that takes the largest steps.",
    picture=picture,
)

# %% [markdown] name="plateau-read"
# Swinging rates cross the plateau much faster than the low rate from which they swing. But a constant rate at the
# middle of the swing does as well, and the high one is faster still. What helps is the larger rate; the
# swing is a way of having one for part of the time, useful when you do not dare to have it all of the time.
#
# And is the plateau a saddle? For the two weights we have shown it. For the digits network we have only seen that
# even the smallest rate leaves the plateau downhill, without ever climbing a wall: from a local minimum it could
# not. That plateaus of large networks are saddles *in general* is the result of the paper, not of this chapter.

# %% [markdown] name="lab-plateau-intro"
# ### Lab 5: crossing a plateau
#
# With the constant plan, how low a rate still leaves the plateau within 30 epochs? Then find
# a swing that is better than its own high value. Is there one?

# %% name="lab-plateau"
Lab(
    trainer,
    RateAndLoss(loss_limits=(0, 2.5), rate_limits=(0, 3)),
    schedule=choice(
        {
            "constant": schedules.Constant(),
            "swinging": schedules.Triangular(0.1, 4),
            "swinging slowly": schedules.Triangular(0.1, 15),
            "one cycle": schedules.OneCycle(),
        },
        "constant",
    ),
    learning_rate=log_slider(0.05, 3, value=0.1, step=0.05),
    activation="sigmoid",
    epochs=30,
    seeds=8,
)

# %% [markdown] name="lab-plateau-after"
# What you should have seen: the plateau gets shorter as the rate grows, with any plan. Up to about 1 the constant plan
# crosses first. Near the right end the swinging plan catches up or even overtakes it: there it pays to begin low
# and rise, which on its own is called *warm-up* (Goyal et al. 2017). One cycle crosses late, but ends most quietly,
# because its rate falls to zero.

# %% [markdown] name="adaptive"
# ## Do adaptive methods find the rate by themselves? (claim LR10)
#
# One document says that adaptive methods not only lower the rate where needed, but also raise it where it is too low.
# Adam divides each step by the recent size of the gradient. By hand: give it a constant gradient, once of 1 and
# once of 0.001. How long are its steps, next to those of SGD?

# %% name="adaptive-by-hand"
step_length = {}
for optimizer in ("sgd", "adam"):
    for size in (1.0, 0.001):
        path = landscapes.descend(
            lambda weight, size=size: 0 * weight + size, [0.0], optimizer=optimizer, learning_rate=0.01, steps=5
        )
        step_length[optimizer, size] = np.abs(np.diff(path[:, 0])).mean()
        print(f"{optimizer:4s} gradient {size:<6g} step {step_length[optimizer, size]:.2g}")

# %% [markdown] name="adaptive-runs-intro"
# Adam's step has the length of the rate, however small the gradient. Measured per unit of gradient, then, its
# **effective rate** is larger where gradients are small. That is one sense of "raising", and it is real.
#
# The other sense would be: the *knob* is set too low, and the method makes up for it. Let us see. Our trainer was made
# with `track_norms=True` and records the length of each gradient and each update; their ratio is the effective rate. We run Adam and **RMSProp**
# (its elder sibling) with a good rate and with one a hundred times too low. In which of them does the
# effective rate rise in the course of 20 epochs?

# %% name="adaptive-runs"
growth, adaptive_accuracy, effective = {}, {}, {}
for optimizer in ("adam", "rmsprop"):
    both = trainer.run(optimizer=optimizer, learning_rate=[0.00001, 0.001], seeds=8)
    for name, rate in {"too low": 0.00001, "good": 0.001}.items():
        runs = both.select(learning_rate=rate)
        ratio = np.stack(runs.update_norm) / np.stack(runs.gradient_norm)
        by_epoch = np.median(ratio.reshape(8, 20, -1), axis=2)
        effective[f"{optimizer}, {name}"] = by_epoch / by_epoch[:, :1]
        growth[optimizer, name] = by_epoch[:, -1] / by_epoch[:, 0]
        adaptive_accuracy[optimizer, name] = runs.final("val_accuracy")

# %% [markdown] name="adaptive-picture-intro"
# Each curve is divided by its first epoch, so that 1 means "as at the start".

# %% name="adaptive-picture"
for (optimizer, name), values in growth.items():
    reached = np.median(adaptive_accuracy[optimizer, name])
    print(f"{optimizer:8s} {name:8s} effective rate × {np.median(values):.2f}, validation accuracy {reached:.2f}")
CurvesDisplay(
    effective,
    "Where the rate is too low, it stays low",
    ylabel="effective rate / first epoch",
    ylim=(0, 2),
)

# %% [markdown] name="adaptive-read"
# With a good rate the effective rate moves: Adam's falls, RMSProp's dips and then rises as the gradients shrink towards
# the end. With a rate that is a hundred times too low it stays within about a tenth of where it was: the gradients do
# not shrink, because hardly anything is learned, and there is nothing in the formula that could notice. Adaptive methods
# even out the *weights* against one another, and forgive the scale of the inputs, as we saw. They do not find the rate
# for you.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the sentence before it.

# %% name="claims" tags=["foreign-numbers"]
sgd_best, adam_best = best_rate["unit", "sgd"], best_rate["unit", "adam"]
at_001 = {key: float(values[guesses.index(0.01)]) for key, values in accuracy_at.items()}
claims.table(
    {
        "LR1": f"Five steps by hand and by Keras are the same: {same_steps}.",
        "LR2": f"Exact on a parabola (limit 2/λ). On the digits, networks break at {broken / best:.1f} times the best rate (on other splits {splits['times the best'].min():.1f} to {splits['times the best'].max():.1f}), and die rather than diverge.",
        "LR3": f"0.1 trains, 0.3 ends in NaN in {ended_in_nan[0.3]} of 8 runs: a thousand times the first loss in epoch {thousandfold}, infinite in {infinite}, NaN in {nan}. It is so because the limit 2/λ of this data, {limit:.2f}, lies between the two rates.",
        "LR4": f"With normalised digits, SGD is best at {sgd_best}, Adam at {adam_best}; 0.01 gives {at_001['unit', 'sgd']:.2f} with SGD and {at_001['unit', 'adam']:.2f} with Adam.",
        "LR5": f"Not a U but a slope, a valley and a cliff. Dips of the median of 16 seeds: {dips_of_median}; of single seeds: at most {max(dips_of_seeds)}.",
        "LR6": f"Regression: excess loss {np.median(excess['constant']):.2f} with a constant rate, {max(np.median(excess['× 0.5 every 5']), 0):.2f} halved every 5 epochs. Digits, which do not bounce, each plan with its best first rate: {np.median(digits_loss['constant']):.2f} constant, {min(np.median(values) for values in digits_loss.values()):.2f} for the best plan.",
        "LR7": f"Per step, × 0.9 leaves {left[0.9]:.5f} after 100 steps: accuracy {np.median(pace_accuracy['0.9 per step']):.2f}, with a larger first rate {best_pace['0.9 per step']:.2f}; per epoch {np.median(pace_accuracy['0.9 per epoch']):.2f}. × 0.99 per step: {best_pace['0.99 per step']:.2f}.",
        "LR8": f"Of 32 networks trained as single tests suggest, {below['lowest']} break at the lowest point, {below['steepest']} at the steepest fall (or hardly learn), {below['mid-fall']} at mid-fall, {below['a tenth']} at a tenth of the lowest. So: well to the left.",
        "LR9": f"Saddle shown exactly for two weights. Epochs to cross the plateau: low {np.median(epochs_to_cross['low']):g}, swinging {np.median(epochs_to_cross['swinging']):g}, constant middle {np.median(epochs_to_cross['middle']):g}, constant high {np.median(epochs_to_cross['high']):g}.",
        "LR10": f"A rate 100 times too low stays too low: Adam's effective rate × {np.median(growth['adam', 'too low']):.2f} in 20 epochs. It does grow where gradients are small.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. The limit
#
# A loss is a parabola with curvature 8. Above which learning rate does gradient descent diverge?

# %% name="exercise-limit" tags=["exercise"]
my_limit = ...

# %% name="exercise-limit-solved" tags=["solution"]
my_limit = 2 / 8

# %% [markdown] name="exercise-limit-check-intro"
# Run the next cell to check.

# %% name="exercise-limit-check"
checks.number(
    my_limit,
    0.25,
    hints={0.125: "that is the ideal rate. The limit is twice as large.", 4.0: "that is λ/2: turn it upside down."},
    why="It is 2 divided by the curvature.",
)

# %% [markdown] name="exercise-steps"
# ### 2. A staircase
#
# Write the schedule that halves the rate every five epochs. `first_rate` is the rate at the start and `epoch` counts
# from 0, so that epochs 0 to 4 have the first rate and epochs 5 to 9 half of it. (`//` divides and drops the
# remainder: `7 // 5` is 1.)


# %% name="exercise-steps-code" tags=["exercise"]
def staircase(first_rate, epoch): ...


# %% name="exercise-steps-solved" tags=["solution"]
def staircase(first_rate, epoch):
    return first_rate * 0.5 ** (epoch // 5)


# %% [markdown] name="exercise-steps-check-intro"
# Six epochs are tried:

# %% name="exercise-steps-check"
checks.code(
    staircase,
    [((0.4, 0), 0.4), ((0.4, 4), 0.4), ((0.4, 5), 0.2), ((0.4, 9), 0.2), ((0.4, 10), 0.1), ((1.0, 23), 0.0625)],
    why="A staircase, not a line.",
)

# %% [markdown] name="exercise-factor"
# ### 3. From epochs to steps
#
# A recipe multiplies the rate by 0.9 once per epoch. Your program multiplies once per *step*, and an epoch of the
# digits has 44 steps. Which factor per step gives the same decay?

# %% name="exercise-factor-answer" tags=["exercise"]
my_factor = ...

# %% name="exercise-factor-solved" tags=["solution"]
my_factor = 0.9 ** (1 / 44)

# %% [markdown] name="exercise-factor-check-intro"
# It must be exact to a few thousandths of a per cent, for errors multiply too:

# %% name="exercise-factor-check"
checks.number(
    my_factor,
    0.9 ** (1 / 44),
    tolerance=0.00005,
    near=0.002,
    hints={
        0.9: "that would be 0.9 per step. 44 of your factors multiplied must give 0.9.",
        0.9**44: "that is 0.9 multiplied 44 times. Go the other way: the 44th root.",
    },
    why="Multiplied 44 times it gives 0.9.",
)

# %% [markdown] name="exercise-diagnosis"
# ### 4. What would you do?
#
# This is the training loss of the regression at a constant rate. The dashed line is the lowest possible loss.
# Your 40 epochs are nearly over. What do you do?
#
# - `"a"`: raise the rate
# - `"b"`: leave everything as it is and train longer
# - `"c"`: lower the rate from the beginning, to a hundredth
# - `"d"`: let the rate fall in the course of the run

# %% name="exercise-diagnosis-picture"
CurvesDisplay(
    {"training loss": picked["constant"].history["loss"], "lowest possible": np.full(40, lowest)},
    "What would you do?",
    ylim=(0.4, 1),
)

# %% [markdown] name="exercise-diagnosis-task"
# Replace the dots by a letter, with the quotation marks.

# %% name="exercise-diagnosis-answer" tags=["exercise"]
my_choice = ...

# %% name="exercise-diagnosis-solved" tags=["solution"]
my_choice = "d"

# %% [markdown] name="exercise-diagnosis-check-intro"
# Is it right?

# %% name="exercise-diagnosis-check"
checks.choice(
    my_choice,
    "d",
    why={
        "a": "The loss jumps up and down: the steps are too large already, and the limit is near.",
        "b": "It has been bouncing at the same height for many epochs. More of the same will not help.",
        "c": "The bouncing would stop, but the fast start would be lost too, and 40 epochs would hardly suffice.",
        "d": "Large steps to get there, small ones to settle: any of the decays above does it.",
    },
    near=["c"],
)

# %% [markdown] name="exercise-goal"
# ### 5. The goal: 91 % in three epochs
#
# Reach a validation accuracy of 0.91 on the digits **within three epochs, by the learning rate alone**: plain SGD, a
# constant rate, nothing else changed. Lab 2 or the range test help you to a good first guess.

# %% name="exercise-goal-answer" tags=["exercise"]
my_rate = ...

# %% name="exercise-goal-solved" tags=["solution"]
my_rate = 0.3

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains eight networks with your rate; their median counts, so that luck does not.

# %% name="exercise-goal-check"
checks.goal(
    lambda: np.median(trainer.run(learning_rate=my_rate, epochs=3, seeds=8).final("val_accuracy")),
    at_least=0.91,
    near=0.02,
    what="median validation accuracy after three epochs",
    answers=[my_rate],
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - A step is *rate × gradient*. On a parabola the ideal rate is one over the curvature, and twice that is the limit.
# - In several directions the sharpest one sets the limit, and the scale of the inputs decides how sharp that is.
# - On a real network the loss against the rate is a slope, a wide valley and a cliff. Look for a rate on a
#   logarithmic scale, in the valley, at some distance from the cliff.
# - Good first guesses differ from optimizer to optimizer: 0.1 to 0.3 for plain SGD, 0.001 to 0.01 for Adam, with
#   normalised inputs.
# - A range test finds the order of magnitude in two epochs. Take a rate well to the left of its lowest point: a tenth
#   of it is safe.
# - Decay cures bouncing. Swinging rates cross plateaus faster than low ones, not faster than high ones. Adaptive
#   methods even out the weights; they do not choose the rate.
#
# **Sources.** LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998 (the limit 2/λ). Dauphin et al.,
# *Identifying and attacking the saddle point problem in high-dimensional non-convex optimization*, 2014. Kingma and
# Ba, *Adam: a method for stochastic optimization*, 2014. Smith, *Cyclical learning rates for training neural
# networks*, 2015. Smith and Topin, *Super-convergence*, 2017. Goyal et al., *Accurate, large minibatch SGD*, 2017
# (warm-up: `schedules.WarmUp`). Data: Alpaydin and Kaynak, 1998 (digits); Efron, Hastie, Johnstone and
# Tibshirani, *Least angle regression*, 2004 (diabetes). The documents A to D are named below the table of claims.
