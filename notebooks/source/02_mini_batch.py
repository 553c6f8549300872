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
# **The question of this chapter:** how many examples should a network look at before it changes its weights? About 45
# minutes. You need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words *network*,
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
from sklearn.datasets import load_digits

from course_utils import batch_pictures, batch_race, bumpy, checks, claims, datasets, gradient_noise, models
from course_utils.controls import steps_slider
from course_utils.displays import CurvesDisplay, SweepDisplay
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
ink = np.array(list(" .:-=+*%@"))
drawn = [ink[(picture.reshape(8, 8) * 8).astype(int)] for picture in digits.x_train[:4]]
for lines in zip(*drawn):
    print("      ".join(" ".join(line) for line in lines).rstrip())
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


# %% name="epoch-by-hand"
def gradient_by_hand(weights, rows):
    inputs, targets = digits.x_train[rows], np.eye(10)[digits.y_train[rows]]
    odds = np.exp(inputs @ weights)
    return inputs.T @ (odds / odds.sum(axis=1, keepdims=True) - targets) / len(rows)


def epoch_by_hand(batch_size, learning_rate=0.1):
    weights = np.zeros((64, 10))
    for rows in np.arange(512).reshape(-1, batch_size):
        weights = weights - learning_rate * gradient_by_hand(weights, rows)
    return weights


by_hand = {size: epoch_by_hand(size) for size in (1, 4, 32, 512)}
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
    model.compile(keras.optimizers.SGD(learning_rate=0.1), "sparse_categorical_crossentropy")
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
gradients = [gradient_noise.per_row(model, digits.x_train, digits.y_train) for model in warm]

loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
with tf.GradientTape() as tape:
    loss = loss_of(digits.y_train[:32], warm[0](digits.x_train[:32]))
by_tape = np.concatenate([part.numpy().ravel() for part in tape.gradient(loss, warm[0].trainable_variables)])
rows_agree = bool(np.allclose(by_tape, gradients[0][:32].mean(axis=0), atol=1e-5))
print(f"{gradients[0].shape[1]} weights; mean of 32 rows' gradients = gradient of the batch:", rows_agree)

# %% [markdown] name="noise-formula"
# How noisy? A mean over B independent draws has a **variance** (the mean squared distance from the true mean) of the
# variance of a single one, divided by B. Since a batch never has the same row twice, there is a small correction: the
# noise is exactly 0 when B is the number of rows N.
#
# > variance of a batch's gradient = variance of one row's gradient / B · (N − B) / (N − 1)
#
# **Predict:** four times the batch, how much less variance? And the **angle** between the batch's gradient and the full
# one: with a single row, is it near 0° (the same way), 90° (no relation at all) or in between?

# %% name="noise-measured"
sizes = [1, 4, 16, 64, 256, 512]
seen = [gradient_noise.GradientNoise({"after 1 epoch": rows}) for rows in gradients]
noise = {size: [one.run(moment="after 1 epoch", batch_size=size) for one in seen] for size in sizes}
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
# point about 45° away. Training works all the same, since the errors of many small steps cancel.

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
moments = {
    "before training": gradient_noise.per_row(untrained, digits.x_train, digits.y_train),
    "after 1 epoch": gradients[0],
    "after 20 epochs": gradient_noise.per_row(trained, digits.x_train, digits.y_train),
}
Lab(
    gradient_noise.GradientNoise(moments),
    batch_pictures.Fan(),
    batch_size=steps_slider([2**power for power in range(10)], value=16),
    moment=choice({name: name for name in moments}, "after 1 epoch"),
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
# To see whether it does, we need a loss with valleys. Here is one: 256 points of a sine wave, and a network with a
# single weight, `sin(weight · x)`. The right weight is 4. A wrong one can fit some of the points by chance, and that
# makes valleys. A hundred **walkers** start at even distances from 0 to 8, and each goes down with mini-batches of its own.

# %% name="bumpy-look"
fit = bumpy.SineFit()
weights, heights = fit.curve
low, high = fit.deepest
inside = (heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])
valleys = weights[1:-1][inside]
print("valleys at", ", ".join(f"{place:.1f}" for place in valleys), f"  the deepest reaches from {low:.1f} to {high:.1f}")

# %% [markdown] name="bumpy-predict"
# About a third of the walkers start in the deepest valley. **Predict:** 300 steps at a rate of 0.3. Which share of them
# will be there at the end with all rows in each batch, and which with batches of 2? And will the same happen at a rate of
# 0.03, or of 1? (Five repetitions each.)

# %% name="bumpy-runs"
walker_sizes, walker_rates = [1, 2, 4, 8, 16, 64, 256], [0.03, 0.3, 1.0]
in_deepest = {
    rate: np.array(
        [
            [fit.run(batch_size=size, learning_rate=rate, seed=seed).share[-1] for seed in range(5)]
            for size in walker_sizes
        ]
    )
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
# valley, too. So the claim **holds, with a condition**: it is not the batch size that decides, but noise *times* rate.

# %% [markdown] name="lab-bumpy-intro"
# ### Lab 2: walkers
#
# **Predict, then drag:** at a rate of 0.1, which batch size gets most walkers into the deepest valley? And can you find a
# rate at which *all rows* in each batch does better than it does at 0.3?

# %% name="lab-bumpy"
Lab(
    fit,
    bumpy.Valleys(),
    batch_size=steps_slider([2**power for power in range(9)], value=16),
    learning_rate=log_slider(0.01, 2, value=0.3),
    steps=300,
    presets={
        "noise helps": {"batch_size": 2, "learning_rate": 0.3},
        "too little noise": {"batch_size": 256, "learning_rate": 0.3},
        "too much": {"batch_size": 1, "learning_rate": 1.0},
    },
    name="fit",
)

# %% [markdown] name="lab-bumpy-after"
# What you should have seen: at 0.1 only batch 1 or 2 has noise enough to move some walkers over. With all rows there is
# no noise at all, so that walkers stay in the valley they are in, unless the rate is so large that they overshoot its
# walls. That is the other way of jumping, and it is blind: it leaves good valleys as easily as poor ones.

# %% [markdown] name="epoch-time"
# ## How long does an epoch take? (claim MB4)
#
# A step has a fixed cost, whatever the batch (calling the function, fetching the weights), and a cost for each row. In
# an epoch the rows are always the same, but the number of steps is not. **Predict:** how much sooner does an epoch end
# with batches of 64 than with batches of 1?
#
# The times depend on your machine, so that the next output differs from run to run. We use Keras' own `fit`, and give it
# one epoch to get warm.

# %% name="epoch-time-measured" tags=["nbval-ignore-output"]
import time

timed = keras.models.clone_model(untrained)
timed.compile("sgd", loss_of, jit_compile=False)
epoch_seconds = {}
for size in (1, 4, 16, 64, 256, 512):
    timed.fit(digits.x_train, digits.y_train, batch_size=size, verbose=0)
    started = time.perf_counter()
    timed.fit(digits.x_train, digits.y_train, batch_size=size, epochs=2, verbose=0)
    epoch_seconds[size] = (time.perf_counter() - started) / 2
steps = {size: 512 // size for size in epoch_seconds}
fixed, per_row = np.linalg.lstsq(np.array([[steps[size], 512] for size in steps]), np.array([*epoch_seconds.values()]))[0]
print({size: f"{1000 * seconds:.0f} ms" for size, seconds in epoch_seconds.items()})
print(f"a step costs about {1000 * fixed:.2f} ms, a row about {1000 * max(per_row, 0):.2f} ms more")

# %% [markdown] name="epoch-time-read-intro"
# What can be relied on, whatever the machine:

# %% name="epoch-time-read"
faster = bool(epoch_seconds[1] > 5 * epoch_seconds[64])
levels_off = bool(epoch_seconds[64] / epoch_seconds[512] < epoch_seconds[1] / epoch_seconds[64])
print("an epoch with batches of 64 takes less than a fifth of the time of one with batches of 1:", faster)
print("from 64 to 512 less is gained than from 1 to 64:", levels_off)

# %% [markdown] name="race"
# ## Who gets there first? The documents disagree (claim MB5)
#
# One document shows that with a larger batch, the same accuracy takes **longer**. The other says that large batches
# usually converge **faster**. Let them race: five batch sizes, eight networks each, the same learning rate for all, until
# they reach a validation accuracy of 0.9. Then we ask three questions about *the same runs*: how many **epochs** did it
# take, how many **steps**, and how many **seconds**?
#
# Seconds depend on the machine, and so we state a **cost model** instead: a step costs a fixed part, and a part for each
# row; here 64 rows cost as much as the fixed part. The time unit is a step with a single row.
#
# **Predict** the winner of each of the three.

# %% name="race-runs"
race_sizes = [1, 4, 16, 64, 256]
race = batch_race.Race(trainer, race_sizes, goal=0.9)
raced = race.run(learning_rate=0.03, rows_at_once=64)
cost = {yardstick: raced.typical(yardstick) for yardstick in ("epochs", "steps", "seconds")}
ranking = {yardstick: raced.ranking(yardstick) for yardstick in cost}
table = pd.DataFrame({name: [f"{value:.2g}" for value in values] for name, values in cost.items()}, index=race_sizes)
for yardstick, order in ranking.items():
    print(f"{yardstick:8s} first: batch {order[0]:3d}   last: batch {order[-1]:3d}")
table.rename_axis("batch size")

# %% [markdown] name="race-read"
# The same forty networks, and the order turns round. Counted in epochs, the smallest batch wins and the largest is last:
# the first document. Counted in steps, it is exactly the other way round: the second. In seconds, the middle wins.
# Nobody was wrong; they held different watches.
