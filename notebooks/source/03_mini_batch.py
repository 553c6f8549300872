# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # The mini-batch: how many rows before each step?
#
# **The question of this chapter:** how many examples should a network look at before it changes its weights? You
# need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words *network*,
# *loss*, *epoch* and *seed*, and [the learning rate](01_learning_rate.ipynb) explains *gradient*.
#
# It sounds like a matter of convenience. But two of the documents say opposite things about it: one that larger batches
# take longer to get anywhere, the other that they get there faster. You will see that both are right, and be able to
# make either of them win.
#
# **For teachers:** each of the labs works alone. Run the cells down to it once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd
from ipywidgets import SelectionSlider
from sklearn.datasets import load_digits

from course_utils import checks, claims, datasets, models
from course_utils.chapters.mini_batch import gradient_noise
from course_utils.chapters.mini_batch.race import SCALING, YARDSTICKS, BatchSizeRace, RacePicture
from course_utils.drawing import SweepDisplay
from course_utils.lab import Lab, choice, log_slider
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data
#
# The handwritten **digits** of the other chapters, divided another way: 512 pictures to learn from (a power of two, so
# that batches of 1, 4, 16 … come out even), and 1,024 to **validate** with, that is, to see how well the network does on
# pictures it never learned from. Here are four, drawn with characters.

# %% name="digits"
pixels, labels = load_digits(return_X_y=True)
digits = datasets.from_arrays(
    pixels[:1536], labels[:1536], name="digits", validation=2 / 3, test=0, scale="unit"
)  # 1,536 = 3 × 512
print(datasets.as_text(digits.x_train[:4]))
print("labels:", *digits.y_train[:4], "  ", digits)

# %% [markdown] name="one-knob"
# ## One knob, three names (claim MB1)
#
# A **step** changes the weights once: *new weight = weight − learning rate × gradient*. The gradient is a mean over
# rows, and the **batch size** says over how many. One row at a time is called **online** (or stochastic) training, all
# rows at once is **batch** training, and everything between is a **mini-batch**. An **epoch** has gone when every row
# had its turn, so the batch size also decides how many steps there are in an epoch.
#
# By hand, for the smallest network that can tell digits apart: one layer, ten outputs, and a **softmax**, which turns
# ten numbers into ten probabilities. The gradient of one row's loss is *input × (probability − target)*, where the
# target is 1 for the right digit and 0 for the others. **Predict:** for which batch size will the steps of one epoch
# change the weights most?


# %% name="epoch-by-hand" tags=["foreign-numbers"]
def gradient_by_hand(weights, rows):
    inputs, targets = digits.x_train[rows], np.eye(10)[digits.y_train[rows]]
    odds = np.exp(inputs @ weights)
    return inputs.T @ (odds / odds.sum(axis=1, keepdims=True) - targets) / len(rows)


def epoch_by_hand(batch_size, learning_rate=0.1):
    weights = np.zeros((64, 10))
    for rows in np.arange(512).reshape(-1, batch_size):
        weights = weights - learning_rate * gradient_by_hand(weights, rows)
    return weights


by_hand = {size: epoch_by_hand(size) for size in (1, 32, 512)}
for size, weights in by_hand.items():
    print(f"batch {size:3d}: {512 // size:3d} steps in an epoch, weights moved by {np.linalg.norm(weights):.2f}")

# %% [markdown] name="epoch-keras-intro"
# A step of a small batch is no shorter than one of a large batch, and so 512 small ones go much further in an epoch than
# a single large one. Keep that in mind: it is the whole secret of the first of the two documents.
#
# Now the same in **Keras**, where the batch size is an argument of `fit`. (`shuffle=False` because our rows came in
# order, too.)

# %% name="epoch-keras"
import keras

by_keras = {}
for size in by_hand:
    layer = keras.layers.Dense(10, "softmax", use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((64,)), layer])
    model.compile(keras.optimizers.SGD(learning_rate=0.1), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(digits.x_train, digits.y_train, batch_size=size, epochs=1, shuffle=False, verbose=0)
    by_keras[size] = model.get_weights()[0]
same = {size: bool(np.allclose(by_hand[size], by_keras[size], atol=1e-4)) for size in by_hand}
print("the same weights after an epoch:", same)

# %% [markdown] name="noise"
# ## A small batch points elsewhere (claim MB2)
#
# Two documents say that a large batch follows the direction of the whole data set more truly, and that a small one is
# noisy. We take a network with two hidden layers of 64 units, and compute the gradient of every single row, exactly, with
# TensorFlow's `GradientTape` (`gradient_noise.per_row` does this for all rows at once). The gradient of a batch is the
# mean of its rows'. First let us make sure of that, with a batch of 32.

# %% name="noise-rows"
import tensorflow as tf

trainer = Trainer(models.mlp, digits)
brief = trainer.run(batch_size=16, learning_rate=0.05, epochs=1, seeds=8)
warm = [brief.model(seed) for seed in range(5)]
gradients = gradient_noise.per_row(warm[0], digits.x_train, digits.y_train)

loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
with tf.GradientTape() as tape:
    loss = loss_of(digits.y_train[:32], warm[0](digits.x_train[:32]))
by_tape = np.concatenate([part.numpy().ravel() for part in tape.gradient(loss, warm[0].trainable_variables)])
rows_agree = bool(np.allclose(by_tape, gradients[:32].mean(axis=0), atol=1e-5))
print(f"{gradients.shape[1]} weights; mean of 32 rows' gradients = gradient of the batch:", rows_agree)

# %% [markdown] name="noise-formula"
# How noisy? A mean over B independent draws has a **variance** (the mean squared distance from the true mean) of the
# variance of a single one, divided by B. Since a batch never has the same row twice, there is a small correction: the
# noise is exactly 0 when B is the number of rows N.
#
# > variance of a batch's gradient = variance of one row's gradient / B · (N − B) / (N − 1)
#
# **Predict:** four times the batch, how much less variance? And the **angle** between the batch's gradient and the full
# one: with a single row, is it near 0° (the same way), 90° (no relation at all) or in between?

# %% name="noise-measured" tags=["foreign-numbers"]
sizes = [1, 4, 16, 64, 256, 512]
rows_of = (gradient_noise.per_row(model, digits.x_train, digits.y_train) for model in warm)
seen = [gradient_noise.GradientNoise({"then": gradient}) for gradient in rows_of]
noise = {size: [one.run(moment="then", batch_size=size) for one in seen] for size in sizes}
shrunk = {size: [one.variance / one.known.variance for one in noise[size]] for size in sizes}
by_formula = {size: (512 - size) / (size * 511) for size in sizes}
angles = {size: [one.typical_angle for one in noise[size]] for size in sizes}
pd.DataFrame(
    {
        "variance / that of one row": [f"{np.median(shrunk[size]):.2g}" for size in sizes],
        "formula": [f"{by_formula[size]:.2g}" for size in sizes],
        "angle": [f"{np.median(angles[size]):.0f}°" for size in sizes],
    },
    index=pd.Index(sizes, name="batch size"),
)

# %% [markdown] name="noise-read"
# The formula holds. To halve the *typical size* of the noise (the square root of the variance) takes four times the
# rows: from 16 to 64 rows the work is four times as much, and the gradient is only twice as exact. That is why batches
# rarely need to be large.
#
# And see how large the angles are! The gradient of a single row is almost at a right angle to the full one; even 64 rows
# point more than 40° away. Training works all the same, since the errors of many small steps cancel.

# %% [markdown] name="lab-noise-intro"
# ### Lab 1: a fan of gradients
#
# One slider from 1 to all 512 rows. Each line on the left is the gradient of one of a hundred mini-batches, the thick
# line that of all rows. (A network has thousands of directions and a picture two: how far a line goes to the right is
# exact, and all other directions are folded into "across".) The *moment* is how long the network has been trained.
#
# **Predict, then drag:** from which batch size on does none of the hundred lines point the wrong way, to the left? Then
# switch to the trained network. Will the noise be smaller there, or larger?

# %% name="lab-noise"
untrained = models.mlp((64,), 10)
for variable, start in zip(untrained.variables, trainer.initial_weights(seed=0)):
    variable.assign(start)
trained = trainer.run(batch_size=16, learning_rate=0.05, epochs=20, seeds=8).model(0)
moments = {"before training": untrained, "after 1 epoch": warm[0], "after 20 epochs": trained}
Lab(
    gradient_noise.GradientNoise(
        {name: gradient_noise.per_row(model, digits.x_train, digits.y_train) for name, model in moments.items()}
    ),
    gradient_noise.Fan(),
    batch_size=SelectionSlider(options=[2**power for power in range(10)], value=16),
    moment=choice(list(moments), "after 1 epoch"),
    presets={"online": {"batch_size": 1}, "mini-batch": {"batch_size": 32}, "all rows": {"batch_size": 512}},
    name="gradients",
)

# %% [markdown] name="lab-noise-after"
# What you should have seen: with one row, lines go everywhere and some point left, uphill for the data set as a whole.
# The fan closes slowly, and with 512 rows all hundred lines lie on the thick one. The trained network is *noisier*,
# measured by its full gradient: most rows are right by then and pull hardly at all, a few pull hard, each its own way.
# So a batch that is large enough at the start can be small at the end.

# %% [markdown] name="bumpy"
# ## What is noise good for? (claim MB3, first half)
#
# One document says that the noise helps to keep out of **local minima**: valleys of the loss that are not the deepest.
# To see whether it does, we need a loss with valleys. Here is one: 128 points of a sine wave, and a network with a
# single weight, `sin(weight · x)`. The right weight is 4. A wrong one can fit some of the points by chance, and that
# makes valleys. Many **walkers** start at even distances from 0 to 8, and each goes down with mini-batches of its own.

# %% name="bumpy-look" tags=["foreign-numbers"]
from course_utils.chapters.mini_batch import local_minima

fit = local_minima.SineFit()
weights, heights = fit.curve
low, high = fit.deepest
lower = (heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])  # lower than both neighbours
valleys = [place for place in weights[1:-1][lower] if 0 < place < fit.reach]
print(
    "valleys at", ", ".join(f"{place:.1f}" for place in valleys), f"  the deepest reaches from {low:.1f} to {high:.1f}"
)

# %% [markdown] name="bumpy-predict"
# About a third of the walkers start in the deepest valley. **Predict:** 200 steps at a rate of 0.3. Which share of them
# will be there at the end with all rows in each batch, and which with batches of 2? And will the same happen at a rate of
# 0.03, or of 1? (Five repetitions each.)

# %% name="bumpy-runs"
walker_sizes, walker_rates = [1, 2, 4, 16, 128], [0.03, 0.3, 1.0]


def final_share(size, rate, seed):
    return fit.run(batch_size=size, learning_rate=rate, seed=seed, steps=200, walkers=50).share[-1]


in_deepest = {
    rate: np.array([[final_share(size, rate, seed) for seed in range(5)] for size in walker_sizes])
    for rate in walker_rates
}
SweepDisplay(
    walker_sizes,
    {f"rate {rate:g}": shares for rate, shares in in_deepest.items()},
    "Noise leads to the deepest valley, if the rate is right",
    xlabel="batch size",
    ylabel="share in the deepest valley",
    ylim=(0, 1),
)

# %% [markdown] name="bumpy-read"
# At the middle rate, small batches bring most walkers into the deepest valley, and large ones leave each where it
# started. The noise throws a walker over the low walls of the poor valleys, but hardly over the high ones of the good one.
# At the small rate a step is too short to be thrown anywhere. At the large rate the noise throws walkers out of the good
# valley, too. So the claim **holds, with a condition**: it is not the batch size alone that decides, but noise *times* rate.

# %% [markdown] name="lab-bumpy-intro"
# ### Lab 2: walkers
#
# **Predict, then drag:** (1) At a rate of 0.3, batch 2 gets most walkers into the deepest valley. Which batch size does at
# 0.1, and which at 0.6? (2) Is there a rate at which *all rows* in each batch beat the share that they began with?

# %% name="lab-bumpy"
Lab(
    fit,
    local_minima.Valleys(),
    batch_size=SelectionSlider(options=[2**power for power in range(8)], value=16),
    learning_rate=log_slider(0.01, 2, value=0.3),
    steps=300,
    presets={
        "noise helps": {"batch_size": 2, "learning_rate": 0.3},
        "too little noise": {"batch_size": 128, "learning_rate": 0.3},
        "too much": {"batch_size": 1, "learning_rate": 1.0},
    },
    name="fit",
)

# %% [markdown] name="lab-bumpy-after"
# What you should have seen: at 0.1 it is batch 1, at 0.6 about batch 8. The larger the rate, the larger the batch that has
# the right amount of noise: it is the *ratio* of the two that counts, and we shall meet it again. With all rows there is no
# noise, and no rate helps: walkers stay where they are, until from about 1.3 on every step throws them anywhere.

# %% [markdown] name="epoch-time"
# ## How long does an epoch take? (claim MB4)
#
# A step has a fixed cost, whatever the batch (calling the function, fetching the weights), and a cost for each row. In
# an epoch the rows are always the same, but the number of steps is not. **Predict:** how much sooner does an epoch end
# with batches of 64 than with batches of 1?
#
# The times depend on your machine, so that the next two outputs differ from run to run. We use Keras' own `fit`, and
# give it three tries, of which the fastest counts.

# %% name="epoch-time-measured" tags=["measured-time"]
import time

timed = keras.models.clone_model(untrained)
timed.compile("sgd", loss_of, jit_compile=False)
epoch_seconds, steps = {}, {}
for size in (1, 16, 64, 512):
    tries, before = [], int(timed.optimizer.iterations)
    for _ in range(3):
        started = time.perf_counter()
        timed.fit(digits.x_train, digits.y_train, batch_size=size, verbose=0)
        tries.append(time.perf_counter() - started)
    epoch_seconds[size] = min(tries)
    steps[size] = (int(timed.optimizer.iterations) - before) // 3  # as Keras counts them
print({f"batch {size}, {steps[size]} steps": f"{1000 * seconds:.1f} ms" for size, seconds in epoch_seconds.items()})

# %% [markdown] name="epoch-time-read"
# Look at the ratios, not at the milliseconds. From 1 to 64 an epoch gets several times shorter, for it has 64 times
# fewer steps, and with them go the fixed costs. From 64 to 512 there is little left to gain: what remains does not depend
# on the batch, and that is the rows themselves, and what `fit` does once in each call.
#
# So how much is a row, and how much a step? For Keras we time single steps with more and more rows. With the **engine** of
# this course, the small program that trains our networks, a step is too short for that; there we time whole epochs. The
# straight line that fits the times best gives both parts.

# %% name="step-time-measured" tags=["measured-time"]
few = datasets.from_arrays(pixels[:520], labels[:520], validation=8 / 520, test=0, scale="unit")
bare = Trainer(models.mlp, few, epochs=20)  # 512 rows to train, and hardly any to validate
parts = {"Keras": [], "engine": []}  # each time in seconds, with the steps and the rows that it took
for size in (1, 16, 64, 512):
    for _ in range(20):
        started = time.perf_counter()
        timed.train_on_batch(digits.x_train[:size], digits.y_train[:size])
        parts["Keras"].append((time.perf_counter() - started, 1, size))
        started = time.perf_counter()
        bare.run(batch_size=size, learning_rate=0.05)
        parts["engine"].append(((time.perf_counter() - started) / 20, steps[size], 512))
for name, tries in parts.items():
    fastest = np.array([min(tries[start : start + 20]) for start in range(0, 80, 20)])
    fixed, row = 1e6 * np.linalg.lstsq(fastest[:, 1:], fastest[:, 0])[0]
    print(f"{name}: a step costs {fixed:.1f} µs and {row:.2f} µs for each row, as much as {fixed / row:.0f} rows")

# %% [markdown] name="step-time-read"
# The last number is the one to keep: **how many rows cost as much as everything else in a step**. For Keras, where Python
# takes part in each step, it is hundreds or thousands; for a program without Python, only a few. It belongs to the machine
# and to the software, not to the task, and it falls as the network grows, since a row then costs more.

# %% [markdown] name="race"
# ## Who gets there first? The documents disagree (claim MB5)
#
# One document shows that with a larger batch, the same accuracy takes **longer**. The other says that large batches
# usually converge **faster**. Let them race: five batch sizes, eight networks each, the same learning rate for all, until
# they reach a validation accuracy of 0.9. Then we ask three questions about *the same runs*: how many **epochs** did it
# take, how many **steps**, and how much **time**?
#
# Time depends on the machine, and so we compute it by the **cost model** that we have just measured: a step costs a
# fixed part, and a part for each row. Here 64 rows cost as much as the fixed part, which lies between the two machines
# above; in the lab below you can put in the number of your own. The time unit is a step with a single row.
#
# **Predict** the winner of each of the three.

# %% name="race-runs"
race_sizes = [1, 4, 16, 64, 256]
race = BatchSizeRace(trainer, race_sizes, goal=0.9)
raced = race.run(learning_rate=0.03, rows_at_once=64)
cost = {yardstick: raced.typical(yardstick) for yardstick in ("epochs", "steps", "time")}
ranking = {yardstick: raced.ranking(yardstick) for yardstick in cost}
for yardstick, order in ranking.items():
    print(f"{yardstick:8s} first: batch {order[0]:3d}   last: batch {order[-1]:3d}")
pd.DataFrame(cost, index=pd.Index(race_sizes, name="batch size")).map(lambda value: f"{float(f'{value:.2g}'):g}")

# %% [markdown] name="race-read"
# The same forty networks, and the order turns round. Counted in epochs, the smallest batch wins and the largest is last:
# the first document. Counted in steps, the smallest is last, and the two largest are first: the second. In time, the
# middle wins. Nobody was wrong; they held different watches.
#
# But look at the steps once more: from 16 to 64 they become fewer by about a seventh, and from 64 to 256 by hardly any,
# though the larger batches are so much more exact. With the same rate they take better steps of the *same length*. What a
# large batch can really do is take **longer** ones. Give each a rate in proportion to its batch. **Predict:** what will
# become of the epochs, and what of the steps?

# %% name="race-scaled"
raced_scaled = race.run(learning_rate=0.03, scaling="linear", rows_at_once=64)
scaled_cost = {yardstick: raced_scaled.typical(yardstick) for yardstick in cost}
pd.DataFrame(
    {"rate": list(raced_scaled.rates.values()), **scaled_cost}, index=pd.Index(race_sizes, name="batch size")
).map(lambda value: f"{float(f'{value:.2g}'):g}")

# %% [markdown] name="race-scaled-read"
# Now an epoch is worth nearly the same for every batch size up to 64: so many rows, so much learned, however they are cut
# up. Counted in steps, 64 beats 16 almost four times over. And in time the best batch has moved up from 16 to 64, with
# 256 close behind. Here is the origin of the rules of thumb in the documents (32; 16 to 128; 32 to 256): the range where a
# machine is used well, and the rate can still follow.

# %% [markdown] name="lab-race-intro"
# ### Lab 3: hold another watch
#
# On the left the five batch sizes on their way, on the right what the goal cost each. *Rows at once* is the machine: how
# many rows cost as much as everything else in a step. At 0.1 it spends almost all of its time on rows, as with a large
# network; at thousands it is a graphics card that computes as many rows at the same time as you have. *Scaling* decides
# what becomes of the rate (given for batch 16) when the batch changes: the same for all; multiplied by the **square root**
# of the factor by which the batch is larger; or **linear**, multiplied by that factor itself.
#
# **Predict, then drag:** (1) Set the yardstick to time. Which machine makes the first document right, and which the
# second? Who wins with the two numbers that you measured above? (2) With linear scaling, who wins in epochs?

# %% name="lab-race"
Lab(
    race,
    RacePicture(),
    yardstick=choice(list(YARDSTICKS), "epochs"),
    learning_rate=log_slider(0.01, 0.1, value=0.03),
    rows_at_once=log_slider(0.1, 10000, value=64, step=0.25),
    scaling=choice(list(SCALING), "same"),
    presets={
        "small wins": {"yardstick": "epochs"},
        "large wins": {"yardstick": "steps"},
        "slow machine": {"yardstick": "time", "rows_at_once": 0.1},
        "graphics card": {"yardstick": "time", "rows_at_once": 10000},
        "linear scaling": {"yardstick": "epochs", "scaling": "linear"},
    },
    name="race",
)

# %% [markdown] name="lab-race-after"
# What you should have seen: with 0.1 rows at once, time ranks like epochs; with 10,000, like steps; in between the lowest
# point wanders from left to right. With the few rows of our engine batch 4 wins, with a thousand or two, as for Keras, 64.
# A graphics card is the reason why the second document prefers large batches. And with linear scaling, the curve of
# epochs becomes *flat* from 1 to 16 and rises little to 64: all these batches learn nearly the same from a row. Only the
# largest cannot follow, and at a rate of 0.1 it does not arrive at all (the cross at the top).

# %% [markdown] name="scaling"
# ## Accuracy falls as the batch grows, unless the rate grows too (claim MB6)
#
# Mishkin et al. (2016) trained a large network on ImageNet (a million photographs, 1,000 classes) with batches from 1
# to 1,024, once with the same rate for all and once with a rate in proportion to the batch. One document reports their
# result. Here is their table: the share of right answers.

# %% name="scaling-published"
from course_utils import tables

tables.published("mishkin2016_batch.csv").set_index("batch_size")

# %% [markdown] name="scaling-ours"
# The same for our network: 20 epochs for each batch size, and three rules for the rate, which is 0.03 for batch 16. Why
# linear? Four small steps of a batch of 16 each move along nearly the same slope; one step with their 64 rows together
# goes as far if the rate is four times as large. Why the square root? So that the *noise* that a step adds to
# the weights stays the same, since it shrinks with the square root of the batch (Krizhevsky 2014 discusses both).
#
# **Predict:** which of the columns will fall, and how far?


# %% name="scaling-table"
def batch_table(dataset, batches=(4, 16, 64, 256), reference=16, rate=0.03, epochs=20, seeds=8):
    trainer = Trainer(models.mlp, dataset, epochs=epochs)
    rows = []
    for batch in batches:
        times = batch / reference
        for rule, factor in {"fixed": 1, "linear": times, "square root": times**0.5}.items():
            runs = trainer.run(batch_size=batch, learning_rate=rate * factor, seeds=seeds)
            reached = runs.final("val_accuracy")
            row = {"batch size": batch, "rule": rule, "rate": rate * factor, "accuracy": np.median(reached)}
            rows.append({**row, "lowest": reached.min(), "highest": reached.max()})
    return rows


scaled = pd.DataFrame(batch_table(digits))
by_rule = scaled.pivot_table(index="batch size", columns="rule", values="accuracy")
by_rule.map("{:.2f}".format).rename_axis(columns=None)

# %% [markdown] name="scaling-read"
# With a **fixed** rate accuracy falls, as in the published table and far more steeply, because our runs are short: 20
# epochs of batch 256 are only 40 steps. With **linear** scaling, 4, 16 and 64 differ by hardly anything. The square root
# lies between. At 256 our scaled rate, 0.48, comes near the cliff of the chapter on the learning rate: some of the eight
# networks suffer, and the middle one loses a little. The published table shows the same at its upper end.
#
# But 0.03 was a careful rate. **Predict:** what will the same table show if we start from 0.3, which is near the best for
# batch 16?

# %% name="scaling-from-the-best"
scaled_best = pd.DataFrame(batch_table(digits, rate=0.3))
by_rule_best = scaled_best.pivot_table(index="batch size", columns="rule", values="accuracy")
by_rule_best.map("{:.2f}".format).rename_axis(columns=None)

# %% [markdown] name="scaling-from-the-best-read"
# The rules have changed places. Linear scaling asks for 1.2 at batch 64, which is over the cliff, and nothing is learned;
# at 256 the square root breaks as well; the fixed rate falls least. So the claim **holds, with a condition**: the rate can
# follow the batch only as far as the cliff, and who has tuned it for a small batch has little way to go. Goyal et al. (2017)
# got to batches of 8,192 by *warming up*, that is, by raising the rate slowly in the first epochs; Shallue et al. (2018)
# found no rule that fits all tasks.

# %% [markdown] name="scaling-mnist-intro"
# Is that so only for small pictures? The same function on 10,000 pictures of **MNIST**, which have 28 × 28 grey values
# instead of 8 × 8. It ran for 5 epochs, because these are more rows (`make reproduce` repeats it):

# %% name="scaling-mnist"
from course_utils import tables

on_mnist = tables.reproduced("batch_table")
print("data:", *on_mnist["dataset"].unique(), "  training rows:", *on_mnist["training_rows"].unique())
mnist_rules = on_mnist.pivot_table(index="batch size", columns="rule", values="accuracy")
mnist_rules.map("{:.2f}".format).rename_axis(columns=None)

# %% [markdown] name="scaling-mnist-read"
# The same shape: the fixed rate loses a tenth from 4 to 256, the square root about a third of that, and linear scaling
# hardly anything, even at 256. With many more steps in an epoch, the fall of the fixed rate is nearly as gentle as in the
# published table.

# %% [markdown] name="contest"
# ## Do large batches learn worse? A contest (claim MB3, second half)
#
# In the bumpy loss, noise helped to find a good valley. Does it also help a real network to do well on rows it has never
# seen, the **held-out** rows? Here research disagrees:
#
# - Keskar et al. (2016): large batches end in *sharp* valleys that fit the training rows and not the others. Masters and
#   Luschi (2018): batches between 2 and 32 are best.
# - Shallue et al. (2018): no sign that larger batches do worse, if the rate is tuned for *each* batch size, and training
#   is long enough.
#
# So the protocol might decide. First we find a good rate for each batch size: of six, that with the lowest median loss over
# eight networks.

# %% name="contest-tuning"
protocol_sizes, tried_rates = [4, 16, 64, 256], [0.025, 0.05, 0.1, 0.2, 0.4, 0.8]
own_rates = {}
for size in protocol_sizes:
    tried = [
        np.median(trainer.run(batch_size=size, learning_rate=rate, seeds=8, epochs=20).final("val_loss"))
        for rate in tried_rates
    ]
    own_rates[size] = tried_rates[int(np.argmin(tried))]
    print(f"batch {size:3d}: " + "  ".join(f"rate {r:g}: {loss:.2f}" for r, loss in zip(tried_rates, tried)))
print("best of the rates tried:", own_rates)

# %% [markdown] name="contest-predict"
# The best rate is never the first or the last of the six, so we did not look in the wrong place. (For batch 4 the first
# four are all but level.) It grows with the batch up to 64, and then no more. Now three protocols, eight networks for each
# batch size, and the loss on the 1,024 held-out rows:
#
# 1. the same rate and the same 20 epochs for all;
# 2. each its own rate, and the same 20 epochs;
# 3. each its own rate, trained until the *training* loss is down to 0.05, however many epochs that takes.
#
# **Predict:** in which of them are large batches worse? (The rates were chosen by the same rows, which flatters the second
# and third a little, and all batch sizes alike.)

# %% name="contest-runs"
from course_utils.chapters.mini_batch import generalization

protocols = generalization.Protocols(trainer, own_rates)
contest = {
    "same rate, 20 epochs": protocols.run(rates="same", length="20 epochs"),
    "own rate, 20 epochs": protocols.run(rates=generalization.OWN, length="20 epochs"),
    "own rate, to the end": protocols.run(rates=generalization.OWN, length="to training loss 0.05"),
}
held_out_loss = {name: result.table() for name, result in contest.items()}
for name, loss in held_out_loss.items():
    print(f"{name:22s}", "  ".join(f"batch {s}: {v:.2f}" for s, v in zip(protocol_sizes, np.median(loss, axis=1))))
SweepDisplay(
    protocol_sizes,
    held_out_loss,
    "With rates and lengths of their own, large batches do no worse",
    xlabel="batch size",
    yscale="log",
    ylim=(0.07, 3),
)

# %% [markdown] name="contest-read"
# With one rate for all, large batches look terrible. With a rate of their own, 64 is level with 4 and 16, and 256 has come
# much nearer. And when all have learned the training rows equally well, the large batches are **no worse** on held-out
# rows: the medians differ by less than the networks of one batch size do among themselves. What looked like poor
# learning was too little learning. So on this task we side with Shallue; on *your* task, tune before you judge. And look
# at what the third protocol cost:

# %% name="contest-cost"
epochs_taken = contest["own rate, to the end"].epochs_taken
print("epochs taken:", epochs_taken)

# %% [markdown] name="contest-cost-read"
# Batch 256 needed more than five times the epochs of batch 4. Where it is epochs that you pay for, that is too many, and Masters
# and Luschi give the better advice.

# %% [markdown] name="lab-contest-intro"
# ### Lab 4: choose your protocol, choose your winner
#
# **Predict, then drag:** (1) Keep the first picture as a ghost, then let the rates follow *linear*. Which batch sizes does
# that bring level, and which not? (2) With equal *steps*, who wins? (3) Find a protocol in which the smallest batch is worst.

# %% name="lab-contest"
Lab(
    protocols,
    generalization.HeldOutPicture(),
    rates=choice([*SCALING, generalization.OWN], "same"),
    length=choice(list(generalization.LENGTHS), "20 epochs"),
    learning_rate=log_slider(0.01, 0.3, value=0.03),
    presets={
        "Masters and Luschi": {"rates": "same", "length": "20 epochs"},
        "Shallue": {"rates": generalization.OWN, "length": "to training loss 0.05"},
        "equal steps": {"rates": generalization.OWN, "length": "320 steps"},
    },
    name="protocols",
)

# %% [markdown] name="lab-contest-after"
# What you should have seen: linear scaling brings 4, 16 and 64 to the same loss, to the eye exactly, and leaves 256
# behind. With 320 steps for everybody, the order turns round and the smallest batch is worst, for it has seen the fewest
# rows. "To training loss 0.05" is level under any rule, as long as no batch size gets a rate that does not suit it: too
# small, and the largest gives up on the way (after 240 epochs; with the same rate for all, 0.03 is such a one); too large,
# and training breaks, first for the smallest batch if all have the same rate, and for the largest with linear scaling.

# %% [markdown] name="memory"
# ## When the batch is too large for the memory (claims MB4 and MB7)
#
# One document warns that too large a batch uses up the memory and kills the **kernel**, the program that runs this
# notebook. What takes the memory? The **weights**, their **gradients** and what the optimizer remembers do not depend on
# the batch. But on the way forward each layer's outputs must be kept for *each row*, because the way back needs them.
#
# By hand: forward and back through two hidden layers of 64 units, in NumPy. `tracemalloc`, which comes with Python,
# measures the most memory that was in use at a time.


# %% name="memory-by-hand"
import tracemalloc

from course_utils.chapters.mini_batch import memory


def step_by_hand(layers, inputs, targets):
    outputs = [inputs]
    for matrix in layers[:-1]:
        outputs.append(np.maximum(outputs[-1] @ matrix, 0))
    odds = np.exp(outputs[-1] @ layers[-1])
    signal = (odds / odds.sum(axis=1, keepdims=True) - targets) / len(inputs)
    gradients = []
    for matrix, output in zip(layers[::-1], outputs[::-1]):
        gradients.append(output.T @ signal)
        signal = (signal @ matrix.T) * (output > 0)
    return gradients


# %% [markdown] name="memory-measure-intro"
# `memory.estimate` adds up the same from a Keras model, without training it: numbers of four bytes, the rows, the outputs
# of all layers, and the gradient of the largest. **Predict:** when the batch grows four times, how much does the memory?

# %% name="memory-measured"
layers = [matrix.astype("float32") for matrix in untrained.get_weights()[::2]]  # without the biases
measured_bytes, estimated = {}, {}
for size in (5000, 20000):
    rows = np.arange(size) % 512
    inputs, targets = digits.x_train[rows], np.eye(10, dtype="float32")[digits.y_train[rows]]
    peaks = []
    for _ in range(3):  # the least of three, since labs may be at work meanwhile
        tracemalloc.start()
        step_by_hand(layers, inputs, targets)
        peaks.append(tracemalloc.get_traced_memory()[1] + inputs.nbytes)
        tracemalloc.stop()
    measured_bytes[size], estimated[size] = min(peaks), memory.estimate(untrained, size).total
    print(f"batch {size:5d}: measured {measured_bytes[size] / 1e6:.0f} MB, estimate {estimated[size] / 1e6:.0f} MB")

# %% [markdown] name="memory-read"
# The estimate is right to about a fifth, and **in proportion to the batch** as soon as the rows outweigh the weights. Good
# enough to warn. Now a network for photographs of 224 × 224 pixels, on a computer that has 2 GB left. (Nothing of that size
# is allocated here: an estimate needs only shapes.)

# %% name="memory-warning"
photographs = models.cnn((224, 224, 3), 10, filters=64)
plans = {size: memory.estimate(photographs, size, optimizer="adam", limit=2e9) for size in (16, 256)}
for plan in plans.values():
    print(plan.summary())
refused = ""
try:
    plans[256].require()
except ValueError as error:
    refused = str(error)
print("ValueError:", refused)

# %% [markdown] name="memory-warning-read"
# `require` before training is all it takes: a message that says what to do, in place of a dead kernel. If you need the
# effect of a larger batch than fits, add up the gradients of several small ones before each step (*gradient
# accumulation*); the mean over rows does not care in how many pieces it was computed.

# %% [markdown] name="lab-memory-intro"
# ### Lab 5: how large may the batch be?
#
# Pictures of a chosen size, a network of two convolutions with a chosen number of filters, and the memory that there is.
# **Predict, then drag:** twice the side of the pictures, how much smaller must the batch be? And does another *optimizer*,
# which remembers two numbers for each weight, make a difference?

# %% name="lab-memory"
Lab(
    memory.MemoryPlan(models.cnn),
    memory.MemoryPicture(),
    batch_size=SelectionSlider(options=[2**power for power in range(18)], value=32),
    side=choice({f"{side} × {side}": side for side in (28, 64, 128, 224)}, "224 × 224"),
    filters=choice([16, 32, 64], 64),
    optimizer=choice({"SGD": "sgd", "momentum": "momentum", "Adam": "adam"}, "SGD"),
    gigabytes=log_slider(0.5, 100, value=2),
    presets={
        "fits": {"batch_size": 32},
        "too large": {"batch_size": 1024},
        "larger machine": {"batch_size": 1024, "gigabytes": 79.4},
        "small pictures": {"batch_size": 1024, "side": 28},
    },
    name="plan",
)

# %% [markdown] name="lab-memory-after"
# What you should have seen: twice the side is four times the pixels, and the batch must be four times smaller. The
# optimizer moves only the dashed line of what does not depend on the batch, which lies far below. In networks with far
# more weights than outputs, as in language models, that line is the one that matters.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the sentence before it.

# %% name="claims" tags=["foreign-numbers"]
middle = {rate: dict(zip(walker_sizes, np.median(shares, axis=1))) for rate, shares in in_deepest.items()}
worst = {name: np.median(loss, axis=1)[-1] / np.median(loss, axis=1).min() for name, loss in held_out_loss.items()}
quarter = np.median(shrunk[16]) / np.median(shrunk[4])
claims.table(
    {
        "MB1": f"A matter of names: {len(digits.x_train)} steps in an epoch with batch 1, one step with all rows. If 64 rows cost as much as the rest of a step, batch {ranking['time'][0]} is fastest at one rate for all, {raced_scaled.ranking('time')[0]} with linear scaling.",
        "MB2": f"Variance from batch 4 to 16: × {quarter:.2f}. Angle to the full gradient: {np.median(angles[1]):.0f}° with 1 row, {np.median(angles[256]):.0f}° with 256.",
        "MB3": f"Bumpy loss, rate 0.3: {middle[0.3][2]:.1f} of the walkers in the deepest valley with batch 2, {middle[0.3][128]:.1f} with all rows; at rate 0.03 no difference. Digits: batch 256 has {worst['same rate, 20 epochs']:.0f} times the best held-out loss at one rate for all, {worst['own rate, to the end']:.2f} times when tuned and trained to the end.",
        "MB4": f"Steps of an epoch: {steps[1]} with batch 1, {steps[64]} with 64; each has a fixed cost, and so the measured times fall, until what does not depend on the batch costs most. Memory: × {measured_bytes[20000] / measured_bytes[5000]:.1f} for 4 times the batch.",
        "MB5": f"The same runs to accuracy 0.9: in epochs first batch {ranking['epochs'][0]}, last {ranking['epochs'][-1]}; in steps first {ranking['steps'][0]} and {ranking['steps'][1]}, last {ranking['steps'][-1]}; in time, if 64 rows cost as much as the rest of a step, first {ranking['time'][0]}.",
        "MB6": f"Accuracy from batch 16 to 64 to 256: fixed {by_rule.fixed[16]:.2f}, {by_rule.fixed[64]:.2f}, {by_rule.fixed[256]:.2f}; linear {by_rule.linear[16]:.2f}, {by_rule.linear[64]:.2f}, {by_rule.linear[256]:.2f}. From the best rate of batch 16: fixed {by_rule_best.fixed[16]:.2f}, {by_rule_best.fixed[64]:.2f}, {by_rule_best.fixed[256]:.2f}; linear {by_rule_best.linear[16]:.2f}, {by_rule_best.linear[64]:.2f}, {by_rule_best.linear[256]:.2f}.",
        "MB7": f"Memory grows in proportion to the batch. Photographs: at most {plans[256].largest_batch} fit into 2 GB, and 256 are refused with a message before anything is allocated.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. How many steps?
#
# A data set has 50,000 rows. You train for 10 epochs with batches of 128, and what is left over at the end of an epoch
# is dropped. How many steps are taken?

# %% name="exercise-steps" tags=["exercise"]
my_steps = ...

# %% name="exercise-steps-solved" tags=["solution"]
my_steps = 10 * (50_000 // 128)

# %% [markdown] name="exercise-steps-check-intro"
# It must be exact.

# %% name="exercise-steps-check"
checks.number(
    my_steps,
    3900,
    tolerance=1e-6,
    hints={
        3906.25: "there is no quarter of a step: the rest of each epoch is dropped.",
        3906: "the rest is dropped in *each* epoch, not once at the end.",
        3910: "that keeps the small batch at the end of each epoch.",
        390: "that is one epoch.",
    },
    why="390 whole batches fit into an epoch.",
)

# %% [markdown] name="exercise-noise"
# ### 2. Half the noise
#
# You train with batches of 32, out of millions of rows. The gradient is too noisy, and you want its *typical distance*
# from the full gradient (the square root of the variance) to be half as large. Which batch size?

# %% name="exercise-noise-answer" tags=["exercise"]
my_batch = ...

# %% name="exercise-noise-solved" tags=["solution"]
my_batch = 32 * 2**2

# %% [markdown] name="exercise-noise-check-intro"
# Check it:

# %% name="exercise-noise-check"
checks.number(
    my_batch,
    128,
    hints={64: "that halves the variance. Its square root is only 1.4 times smaller.", 8: "that makes it noisier."},
    why="Four times the rows, a quarter of the variance, half the distance.",
)

# %% [markdown] name="exercise-rate"
# ### 3. A rate that follows
#
# Write the function that gives the rate for a batch size by linear scaling, when `rate` is good for `reference` rows.
# But never go over `highest`, where the cliff is.


# %% name="exercise-rate-code" tags=["exercise"]
def rate_for(batch_size, rate, reference, highest): ...


# %% name="exercise-rate-solved" tags=["solution"]
def rate_for(batch_size, rate, reference, highest):
    return min(rate * batch_size / reference, highest)


# %% [markdown] name="exercise-rate-check-intro"
# Five cases are tried:

# %% name="exercise-rate-check"
checks.code(
    rate_for,
    [
        ((32, 0.1, 32, 1.0), 0.1),
        ((64, 0.1, 32, 1.0), 0.2),
        ((8, 0.1, 32, 1.0), 0.025),
        ((256, 0.01, 16, 1.0), 0.16),
        ((1024, 0.1, 32, 1.0), 1.0),
    ],
    why="In proportion, up to the cliff.",
)

# %% [markdown] name="exercise-diagnosis"
# ### 4. What would you do?
#
# A colleague has moved to a graphics card and raised the batch size from 32 to 1,024, so that it is kept busy. Learning
# rate and number of epochs stayed as they were. Each epoch is much faster, but the validation accuracy at the end is
# lower, and so is the *training* accuracy. What would you try first?
#
# - `"a"`: go back to 32, since large batches learn worse
# - `"b"`: stop earlier, since the network over-fits
# - `"c"`: raise the learning rate, step by step, and watch for the cliff
# - `"d"`: train for 32 times as many epochs

# %% name="exercise-diagnosis-answer" tags=["exercise"]
my_choice = ...

# %% name="exercise-diagnosis-solved" tags=["solution"]
my_choice = "c"

# %% [markdown] name="exercise-diagnosis-check-intro"
# Is it right?

# %% name="exercise-diagnosis-check"
checks.choice(
    my_choice,
    "c",
    why={
        "a": "That would work, but leave the card idle, and the reason is another: too little was learned.",
        "b": "Over-fitting would show as a *high* training accuracy. Here too little was learned.",
        "c": "There are 32 times fewer steps. Longer ones make up for most of that, as far as the cliff allows.",
        "d": "That gives the same number of steps and would get there, at 32 times the rows. First make the steps longer.",
    },
    near=["d"],
)

# %% [markdown] name="exercise-memory"
# ### 5. How many fit?
#
# A network takes 0.5 GB for its weights, their gradients and the optimizer, and 3 MB for each row of the batch (1 GB is
# 1,000 MB). Your machine has 2 GB. What is the largest batch that fits?

# %% name="exercise-memory-answer" tags=["exercise"]
my_largest = ...

# %% name="exercise-memory-solved" tags=["solution"]
my_largest = (2000 - 500) / 3

# %% [markdown] name="exercise-memory-check-intro"
# Check it:

# %% name="exercise-memory-check"
checks.number(
    my_largest,
    500,
    tolerance=0.001,
    hints={2000 / 3: "the weights need their place, too.", 666: "the weights need their place, too."},
    why="What the weights leave, divided by what a row takes.",
)

# %% [markdown] name="exercise-goal"
# ### 6. The goal: a large batch that keeps up
#
# With batches of 256 and a rate of 0.03, our network had learned little after 20 epochs. Reach a median validation
# accuracy of **0.93 in 40 epochs with batches of 256**, by the learning rate alone. Lab 3 or 4 help you to a good guess.

# %% name="exercise-goal-answer" tags=["exercise"]
my_rate = ...

# %% name="exercise-goal-solved" tags=["solution"]
my_rate = 0.5

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains eight networks with your rate; their median counts, so that luck does not.

# %% name="exercise-goal-check"
checks.goal(
    lambda: np.median(trainer.run(batch_size=256, learning_rate=my_rate, epochs=40, seeds=8).final("val_accuracy")),
    at_least=0.93,
    near=0.05,
    what="median validation accuracy with batches of 256",
    answers=[my_rate],
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - The batch size is one knob from 1 (online) to all rows (batch training). It decides how exact a step is, and how many
#   steps an epoch has.
# - The variance of a gradient goes with one over the batch size; its direction is surprisingly wrong even at 64 rows.
# - Noise times rate can carry weights out of poor valleys. Too little does nothing, too much leaves the good ones, too.
# - "Faster" needs a watch. In epochs small batches win, in steps large ones, in time what your machine likes.
# - When you change the batch, change the rate: in proportion at first, and never over the cliff. Then a batch size is
#   hardly better or worse than another on rows not seen, until proven otherwise.
# - Memory grows with the batch. Estimate before you train.
# - Start with 32, raise it while an epoch gets faster and the rate can follow.
#
# **Sources.** Mishkin, Sergievskiy and Matas, *Systematic evaluation of CNN advances on the ImageNet*, 2016. Keskar et
# al., *On large-batch training for deep learning*, 2016. Goyal et al., *Accurate, large minibatch SGD*, 2017. Masters and
# Luschi, *Revisiting small batch training for deep neural networks*, 2018. Shallue et al., *Measuring the effects of data
# parallelism on neural network training*, 2018. Krizhevsky, *One weird trick for parallelizing convolutional neural
# networks*, 2014. Data: Alpaydin and Kaynak, 1998 (digits). The documents A to D are named below the table of claims.
