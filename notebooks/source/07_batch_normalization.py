# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Batch normalisation: a layer that looks at its neighbours
#
# **The question of this chapter:** what changes when a layer may look at the whole batch, and not only at one row?
# You need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words
# *network*, *loss*, *epoch* and *seed*, and [the learning rate](01_learning_rate.ipynb) explains *gradient* and *step*.
#
# Every layer we have met works on one example at a time. **Batch normalisation** (Ioffe and Szegedy 2015) does not: it
# compares each number with those that the other rows of the mini-batch have in its place. That one idea makes deep
# networks far easier to train. It also brings surprises that no other layer has, and on some of them the documents
# contradict themselves. At the end we meet the **residual block**, the other trick that lets networks be deep.
#
# **For teachers:** each of the four labs works alone. Run the cells down to it once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from course_utils import checks, claims, datasets, predictions, tables
from course_utils.chapters.batch_normalization import networks, side_by_side
from course_utils.chapters.signal_propagation import RandomNetworks
from course_utils.drawing import CurvesDisplay, Gallery, SweepDisplay
from course_utils.lab import Lab, choice, log_slider
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data
#
# The handwritten **digits**: 64 grey values between 0 and 1, and the network says which of ten digits they show. This
# time only a third of the pictures is for training, so that it matters whether a network *generalises*, and another
# third, just as large, for validation. Here are four of them, drawn with characters.

# %% name="digits"
digits = datasets.from_arrays(*load_digits(return_X_y=True), name="digits", validation=1 / 3, test=1 / 3, scale="unit")
print(datasets.as_text(digits.x_train[:4]))
print(digits)

# %% [markdown] name="by-hand"
# ## Four lines of arithmetic (claim BN1)
#
# Take a batch of six rows, and a layer of three units. For each **unit**, that is for each column, batch normalisation
#
# 1. computes the mean μ over the rows,
# 2. computes the variance σ², the mean squared distance from μ,
# 3. subtracts μ and divides by √(σ² + ε); the small number ε, here 0.001, guards against dividing by 0,
# 4. multiplies by γ and adds β, two numbers for each unit that are *learned* like weights. They start at 1 and 0.
#
# **Predict:** the three columns below have means near 0, 50 and −3 and very different spreads. What will be left of that?

# %% name="by-hand-forward"
random = np.random.default_rng(0)
batch = random.normal(size=(6, 3)) * [1, 20, 0.1] + [0, 50, -3]
gamma, beta, epsilon = np.array([1.0, 1.0, 2.0]), np.array([0.0, 0.0, 5.0]), 0.001

mean = batch.mean(axis=0)
variance = ((batch - mean) ** 2).mean(axis=0)
by_hand = gamma * (batch - mean) / np.sqrt(variance + epsilon) + beta
pd.DataFrame(
    {
        "mean before": mean,
        "deviation before": batch.std(axis=0),
        "after": by_hand.mean(axis=0),
        "spread": by_hand.std(axis=0),
    }
).round(2)

# %% [markdown] name="by-hand-keras-intro"
# The first two columns come out alike: mean 0, deviation 1 (a little less in the last one, where ε is not small against
# the variance). For the third we have set γ = 2 and β = 5, and it gets just that spread and that mean: with γ and β
# the network can undo the normalisation wherever that serves it. Now the same with Keras.

# %% name="by-hand-keras"
import keras
import tensorflow as tf

layer = keras.layers.BatchNormalization(epsilon=epsilon)
layer.build(batch.shape)
layer.gamma.assign(gamma)
layer.beta.assign(beta)
same_forward = bool(np.allclose(by_hand, layer(batch, training=True), atol=1e-4))
print("NumPy and Keras give the same:", same_forward)

# %% [markdown] name="tiny"
# ### Two rows, and one
#
# **Predict:** what comes out (with γ = 1 and β = 0) if the batch has only *two* rows? And if it has only *one*?


# %% name="tiny-batches"
def normalize(rows):
    return (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + 1e-9)


two_rows, one_row = normalize(batch[:2]), normalize(batch[:1])
print("two rows:", *np.round(two_rows, 2), sep="\n")
print("one row:", np.round(one_row, 2))

# %% [markdown] name="tiny-read"
# Of two different numbers one is always a deviation above the mean and the other one below it: **plus or minus one**,
# whatever the numbers were. All that the layer still knows is which was larger. A single row is its own mean, and
# all that comes out is zero (or β): **every picture looks the same**. Remember this for the batch sizes below.

# %% [markdown] name="running"
# ## One picture at a time: running averages (claim BN2)
#
# A trained network should also read a single digit, and its answer should not depend on which other digits happen to
# be in the batch. So the layer has a second way of working. In **training** it uses the batch, and keeps a running
# average of what it sees:
#
# > running mean = α · running mean + (1 − α) · mean of the batch
#
# and likewise for the variance. For **inference** (validation, testing, use) it normalises with these instead. They start
# at 0 and 1. The document names α = 0.9 or 0.99; Keras calls α the layer's `momentum`, and takes 0.99. Ten batches:

# %% name="running-by-hand"
layer = keras.layers.BatchNormalization(momentum=0.9)
running_mean, running_variance = np.zeros(64), np.ones(64)
for rows in digits.x_train[:320].reshape(10, 32, 64):
    layer(rows, training=True)
    running_mean = 0.9 * running_mean + 0.1 * rows.mean(axis=0)
    running_variance = 0.9 * running_variance + 0.1 * rows.var(axis=0)
same_running = bool(
    np.allclose(running_mean, layer.moving_mean, atol=1e-5)
    and np.allclose(running_variance, layer.moving_variance, atol=1e-5)
)
print("after ten batches the running averages by hand and in Keras are the same:", same_running)

# %% [markdown] name="modes-intro"
# Now one and the same picture, in three ways: alone in inference mode; alone in training mode; and in training mode
# together with 31 others. **Predict:** which of the three outputs tell anything about the picture?

# %% name="modes" tags=["foreign-numbers"]
picture = digits.x_train[:1]
inference = np.array(layer(picture, training=False))[0]
alone = np.array(layer(picture, training=True))[0]
company = np.array(
    [layer(np.concatenate([picture, others]), training=True)[0] for others in digits.x_train[1:311].reshape(10, 31, 64)]
)
print(f"inference mode: pixels from {inference.min():.1f} to {inference.max():.1f}")
print(f"training mode, alone: pixels from {alone.min():.1f} to {alone.max():.1f}")
jitter = company.std(axis=0).mean()
print(f"training mode, in ten different batches: each pixel varies by {jitter:.1f} on average")

# %% [markdown] name="settle-intro"
# In training mode a lonely picture is wiped out, and in company its numbers depend on the company. Only inference
# mode gives a lasting answer, and it needs good averages.
#
# When are they good? After `t` steps the start still has a share of αᵗ in the average. **Predict:** with α = 0.99, how
# much of the start is left after the 18 steps of one epoch?

# %% name="settle-by-hand"
steps_per_epoch = len(digits.x_train) // 32
left = {alpha: [alpha ** (steps_per_epoch * epochs) for epochs in (1, 5, 20)] for alpha in (0.9, 0.99)}
pd.DataFrame(left, index=["1 epoch", "5 epochs", "20 epochs"]).rename_axis(columns="α").map("{:.3f}".format)

# %% [markdown] name="settle-runs-intro"
# After one epoch more than four fifths of Keras' average are still the zeros and ones it started from. What does that
# do to a network? `networks.normalized_mlp` builds one with four hidden layers of 32 units and batch normalisation
# (`places="before"`: before each activation). Its knob `averaging` is α. Eight seeds each, a learning rate of 0.1.

# %% name="settle-runs"
trainer = Trainer(networks.normalized_mlp, digits)
settling = trainer.run(averaging=[0.9, 0.99], places="before", learning_rate=0.1, seeds=8, epochs=10)
settled = {alpha: settling.select(averaging=alpha).history for alpha in (0.9, 0.99)}
CurvesDisplay(
    {
        "in training": settled[0.99]["accuracy"],
        "validation, α = 0.9": settled[0.9]["val_accuracy"],
        "validation, α = 0.99": settled[0.99]["val_accuracy"],
    },
    "The same network, but the slow average lags behind",
    ylabel="share of right answers",
    ylim=(0, 1.02),
)

# %% [markdown] name="settle-read"
# Both networks learn *exactly* the same: α has no influence on training. But judged by its unsettled averages the one
# with α = 0.99 seems to be far worse for several epochs. If you ever see a fine training accuracy next to a miserable
# validation accuracy **in the first few hundred steps**, suspect the averages before you suspect over-fitting.
# So the claim **holds, with a condition**: 0.99 is for runs of many hundred steps. Ours are short: from here on
# α = 0.9.

# %% [markdown] name="sensitive"
# ## With and without (claims BN3 and BN4)
#
# Now to what it is good for. First the initial weights. `init_scale` multiplies all of them. **Predict:** the network
# without batch normalisation learns at scale 1. At which of the scales 0.01, 0.03, … up to 10 will it still learn? And
# with batch normalisation?

# %% name="sensitive-runs"
both = {"places": ["none", "before"], "seeds": 8}
names = {"none": "without", "before": "with"}


def final_accuracy(runs, knob):
    return {name: runs.select(places=place).by(knob, "val_accuracy") for place, name in names.items()}


scales = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
by_scale = trainer.run(init_scale=scales, learning_rate=0.1, **both)
scale_accuracy = final_accuracy(by_scale, "init_scale")
SweepDisplay(
    scales,
    scale_accuracy,
    "The first weights may be wrong by far more",
    xlabel="factor on the first weights",
    ylabel="validation accuracy",
    ylim=(0, 1.05),
)

# %% [markdown] name="sensitive-read"
# Why? If all weights of a layer are ten times as large, so are its sums, their mean and their deviation, and dividing
# by the deviation takes the ten out again. The network *computes* the same. It does not quite *learn* the same: to turn
# large weights takes larger steps, and the last layer has no normalisation behind it. So the ends still fall off.
#
# Next the learning rate. **Predict** where each of the two networks breaks.


# %% name="rate-picture"
def good_range(accuracy, values, least=0.85):
    good = [value for value, seeds in zip(values, accuracy) if np.median(seeds) >= least]
    return min(good), max(good)


rates = [0.03, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0]
by_rate = trainer.run(learning_rate=rates, **both)
rate_accuracy = final_accuracy(by_rate, "learning_rate")
scale_range = {name: good_range(accuracy, scales) for name, accuracy in scale_accuracy.items()}
rate_range = {name: good_range(accuracy, rates) for name, accuracy in rate_accuracy.items()}
print("first weights that reach 0.85:", scale_range, "\nlearning rates that reach 0.85:", rate_range)
SweepDisplay(rates, rate_accuracy, "The learning rate may be higher", ylabel="validation accuracy", ylim=(0, 1.05))

# %% [markdown] name="speed-intro"
# *Faster* is a question of its own. We give each network its own best rate and count the epochs until the validation
# accuracy is 0.9. Ioffe and Szegedy reported the same accuracy in 14 times fewer steps. **Predict** your own factor.


# %% name="speed"
def epochs_to(accuracy, goal=0.9):
    return np.array([np.argmax(curve >= goal) + 1 if (curve >= goal).any() else np.inf for curve in accuracy])


speed = {
    (name, rate): epochs_to(by_rate.select(places=place, learning_rate=rate).history["val_accuracy"])
    for place, name in names.items()
    for rate in rates
}
fastest = {name: min((speed[name, rate] for rate in rates), key=np.median) for name in names.values()}
same_rate = {name: speed[name, 0.1] for name in names.values()}
faster = np.median(fastest["without"]) / np.median(fastest["with"])
twice = (2 * same_rate["with"] <= same_rate["without"]).sum()
print(f"at the rate 0.1: at least twice as fast with batch normalisation in {twice} of 8 seeds")
for name, epochs in fastest.items():
    print(f"{name:8s} at its best rate: {np.median(epochs):g} epochs ({epochs.min():g} to {epochs.max():g})")

# %% [markdown] name="speed-read"
# Both claims **hold**: the first weights may be wrong by far more, the learning rate may be several times higher, and
# training is faster already at the same rate. With each at its best rate, the factor is about six. The factor of 14 was
# measured on a far larger network.

# %% [markdown] name="lab-both-intro"
# ### Lab 1: with and without, side by side
#
# **Predict, then drag:** start at the preset *both learn*. Move `init_scale` down, then up: which network gives up first,
# and at which end? Put it back and raise the learning rate. Finally: at `init_scale` 0.01 and at 10 the network *with*
# batch normalisation learns badly, too. Can you save it by the learning rate alone?

# %% name="lab-both"
Lab(
    trainer,
    side_by_side.Comparison("places", {"none": "without", "before": "with BN"}),
    init_scale=log_slider(0.01, 100, value=1.0),
    learning_rate=log_slider(0.001, 10, value=0.1),
    places=["none", "before"],
    seeds=8,
    epochs=20,
    presets={
        "both learn": {"learning_rate": 0.2},
        "small start": {"init_scale": 0.1},
        "large start": {"init_scale": 10.0},
        "high rate": {"learning_rate": 1.0},
        "too high": {"learning_rate": 6.0},
        "tiny start": {"init_scale": 0.01},
    },
)

# %% [markdown] name="lab-both-after"
# What you should have seen: without batch normalisation the first weights must be right within a factor of a few; with
# it a range of a hundred to one is forgiven. At 0.01 a rate of 0.3 rescues the network completely. At 10 a higher rate
# helps, but not all the way: the *last* layer has no normalisation behind it, and its weights are ten times too large. Lab 3
# comes back to that.
#
# Does the picture before the lab, then, only compare rates, with its 0.1 for every start? So that it does not, here each
# start is trained at six rates, for each of the two networks, and the best of them counts:

# %% name="scale-tuned"
starts, start_rates = [0.01, 0.3, 1.0, 3.0, 10.0], [0.003, 0.01, 0.1, 0.3, 1.0, 3.0]
by_both = trainer.run(init_scale=starts, learning_rate=start_rates, **both)
tuned_accuracy = {
    name: {
        scale: max(
            np.median(by_both.select(places=place, init_scale=scale, learning_rate=rate).final("val_accuracy"))
            for rate in start_rates
        )
        for scale in starts
    }
    for place, name in names.items()
}
pd.DataFrame(tuned_accuracy).T.rename_axis("factor", axis=1).map("{:.2f}".format)

# %% [markdown] name="scale-tuned-read"
# Without batch normalisation no rate helps a start that is three times too small, or ten times too large. With it every
# one of these starts can be used, with its own rate.

# %% [markdown] name="gradients"
# ## What happens to the gradients? (claim BN5)
#
# The gradient starts at the loss and travels back through the layers. In a deep network without normalisation it shrinks
# or grows at every layer, unless the first weights have just the right scale (for ReLU, He's: σ = √(2/inputs)).
# We build sixteen layers, scale He's weights by ½, 1 and 2, and measure the size of the gradient at each layer, straight
# after initialisation. **Predict:** will batch normalisation keep all three level?

# %% name="gradients-measured"
random_networks = RandomNetworks(digits, rows=100)
sixteen = {"family": "he", "activation": "relu", "depth": 16, "width": 32, "seeds": 9}
signals = {
    (name, scale): random_networks.run(scale=scale, normalize=name == "with", **sixteen)
    for name in names.values()
    for scale in (0.5, 1.0, 2.0)
}
sizes = {key: found.gradients / 100 for key, found in signals.items()}  # of the mean loss of the 100 rows
growth = {key: found.gradient_growth for key, found in signals.items()}

# %% [markdown] name="gradients-picture-intro"
# (`RandomNetworks` does it in NumPy, by the same arithmetic as above.) Nine networks for each curve. Read them from right
# to left: the gradient comes from layer 16 and goes to layer 1.

# %% name="gradients-picture"
CurvesDisplay(
    {f"{name}, {scale:g} × He": size for (name, scale), size in sizes.items()},
    "With batch normalisation the scale of the weights hardly matters",
    xlabel="layer",
    ylabel="size of the gradient",
    yscale="log",
)

# %% [markdown] name="gradients-read-intro"
# And in numbers: by how many powers of ten does the gradient grow on its way from the last layer to the first?

# %% name="gradients-read"
powers = {key: round(np.log10(factor)) for key, factor in growth.items()}
pd.DataFrame({f"{scale:g} × He": {name: powers[name, scale] for name in names.values()} for scale in (0.5, 1.0, 2.0)})

# %% [markdown] name="gradients-words"
# Without it, a wrong scale costs or adds many powers of ten in sixteen layers. With it the three scales lie together:
# it does keep gradients from vanishing or exploding **because of the scale of the weights**. But the curves with batch
# normalisation are not level: they rise by themselves on the way back, a little at every layer. Yang et al. (2019)
# computed that in very deep networks this alone becomes an explosion. So the claim **holds, with a condition**, and such
# networks need something else besides: the last section has it.

# %% [markdown] name="batch-size"
# ## Large and small batches (claims BN10 and BN6)
#
# Small batches give noisy means and variances. The document warns of that, and advises larger batches or lower rates. It
# also calls batch normalisation a mild **regulariser**, something that makes a network fit its training rows a little
# less well and new rows a little better: this very noise would be the reason.
#
# We train with batches of 2 to 256, all at the rate 0.1, and judge every network twice, both times in inference mode: on the validation rows,
# and on the training rows, which it has seen. The difference of the two losses is the **held-out gap**. **Predict:** what
# will a batch of two do, if you remember what it makes of numbers?

# %% name="batch-size-runs"
batch_sizes = [2, 8, 32, 256]
batch_runs = trainer.run(batch_size=batch_sizes, learning_rate=0.1, epochs=20, **both)


def on_seen_rows(runs):
    right = predictions.probabilities(runs, digits.x_train)[:, range(len(digits.x_train)), digits.y_train]
    return -np.log(right).mean(axis=1)


batch_accuracy = final_accuracy(batch_runs, "batch_size")
seen_loss, gap = {}, {}
for place, name in names.items():
    runs = batch_runs.select(places=place)
    seen_loss[name] = np.stack([on_seen_rows(runs.select(batch_size=size)) for size in batch_sizes])
    gap[name] = runs.by("batch_size", "val_loss") - seen_loss[name]

# %% [markdown] name="batch-size-picture-intro"
# On the left how good the networks are, on the right how large the gap is between rows they have not seen and rows they
# have.

# %% name="batch-size-picture"
along_x = {"xlabel": "batch size"}
Gallery(
    SweepDisplay(batch_sizes, batch_accuracy, "Not with two", ylabel="validation accuracy", ylim=(0, 1.05), **along_x),
    SweepDisplay(batch_sizes, gap, "With: small batch, small gap", ylabel="held-out gap", ylim=(-0.1, 0.3), **along_x),
)

# %% [markdown] name="batch-size-read"
# Three things to read:
#
# - **At two**, batch normalisation ruins the network: plus and minus one are all that it sees. Here the claim **holds**.
# - **From eight to 32** the gap with batch normalisation looks smaller the smaller the batch, as it must be if the noise
#   regularises. The difference is small against the spread, so we look at it more closely below.
# - **At 256** there are two steps in an epoch, 40 in all, and neither network has finished. That is not the fault of
#   the statistics; with batch normalisation the network is much further.
#
# Is the gap really smaller at 8 than at 32, and does the noise help with new rows? **Predict**, then see 32 seeds, compared
# seed by seed. "±" is the standard error of the mean difference.

# %% name="gap-runs" tags=["foreign-numbers"]
noise_runs = trainer.run(batch_size=[8, 32], places="before", learning_rate=0.1, epochs=20, seeds=32)
unseen_loss = noise_runs.by("batch_size", "val_loss")
known_loss = np.stack([on_seen_rows(noise_runs.select(batch_size=size)) for size in (8, 32)])
differences = {
    "loss of the rows it has seen": known_loss[0] - known_loss[1],
    "held-out gap": (unseen_loss - known_loss)[0] - (unseen_loss - known_loss)[1],
    "loss of new rows": unseen_loss[0] - unseen_loss[1],
}
smaller_gap = int((differences["held-out gap"] < 0).sum())
print(f"with batch normalisation, at 8 the gap is smaller than at 32 in {smaller_gap} of 32 seeds; at 8 minus at 32:")
for name, difference in differences.items():
    print(f"{name:28s} {difference.mean():+.3f} ± {difference.std() / np.sqrt(32):.3f}")

# %% [markdown] name="gap-read"
# The gap is smaller, mildly and reliably. But look where that comes from: the rows it *has* seen are fitted less well, and
# the loss of new rows is the same, as far as 32 seeds can tell. A regulariser is more than that: it is to help with new
# rows.
#
# And the advice to lower the rate for small batches? **Predict** whether that will save the batch of two.

# %% name="lower-rate"
low_rates = [0.001, 0.01, 0.1]
tiny_batch = trainer.run(batch_size=2, learning_rate=low_rates, places="before", seeds=8, epochs=10)
rescued = {rate: tiny_batch.select(learning_rate=rate).final("val_accuracy") for rate in low_rates}
for rate, accuracy in rescued.items():
    print(f"batch of 2, rate {rate:<5g} accuracy above 0.6 in {(accuracy > 0.6).sum()} of 8 seeds")

# %% [markdown] name="decay"
# ### Does it replace weight decay?
#
# **L2** (a kind of weight decay) is the usual regulariser: it adds the sum of the squared weights, times a strength, to
# the loss. The document says that with batch normalisation a smaller strength is enough. **Predict:** how much of it does
# each network need?

# %% name="decay-runs"
strengths = [0.00001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
decayed = trainer.run(l2=strengths, learning_rate=0.1, epochs=30, places=["none", "before"], seeds=16)
decay_loss = {name: decayed.select(places=place).by("l2", "val_loss") for place, name in names.items()}
tolerated = {name: bool(np.median(loss[5]) < 1) for name, loss in decay_loss.items()}
gained = {name: (loss[0] - loss[1:4]).mean(axis=1).max() for name, loss in decay_loss.items()}
print(f"L2 = {strengths[5]}: do most networks end below a loss of 1?", tolerated)
print("most that a strength up to 0.003 gains:", {name: f"{loss:.3f}" for name, loss in gained.items()})
SweepDisplay(
    strengths,
    decay_loss,
    "Small strengths change little, but more is tolerated",
    xlabel="strength of L2",
    ylim=(0, 2.5),
)

# %% [markdown] name="decay-read"
# We do not see it. Neither network needs L2 here: what a small strength gains is 0.02 of the loss or less, on the mean
# of 16 seeds, with batch normalisation and without. What differs is the other end. With batch normalisation far
# *more* L2 is tolerated, since the outputs do not change when all the weights of a layer shrink (van Laarhoven 2017).
#
# So claim BN6 **does not hold here**: the noise of small batches makes the gap smaller, but new rows are read no better, and
# there is no weight decay that batch normalisation could replace. Larger networks, which fit their training rows far
# better than new ones, leave it more to do.

# %% [markdown] name="lab-batch-intro"
# ### Lab 2: the size of the batch
#
# **Predict, then drag:** at which batch size does the network *without* batch normalisation overtake the one *with* it?
# Does a higher rate help at 256? And does *any* rate help at 2?

# %% name="lab-batch"
Lab(
    trainer,
    side_by_side.Comparison("places", {"none": "without", "before": "with BN"}),
    batch_size=choice(batch_sizes, 32),
    learning_rate=log_slider(0.001, 3, value=0.1),
    places=["none", "before"],
    seeds=8,
    epochs=20,
    presets={
        "two": {"batch_size": 2},
        "256": {"batch_size": 256},
        "256, high rate": {"batch_size": 256, "learning_rate": 0.6},
    },
)

# %% [markdown] name="lab-batch-after"
# What you should have seen: at 2 the network without is far ahead, at 8 they are equals, at 32 the one with batch
# normalisation leads. At 256 a rate six times as high makes up for the few steps, and only the network with batch
# normalisation can stand it. At 2, nothing helps.

# %% [markdown] name="places"
# ## Where to put it? (claims BN7 and BN8)
#
# Here one and the same document contradicts itself. In its chapter on batch normalisation it says: *before* the
# activation, after it is fine for ReLU, and **neither at the beginning nor at the end** of the network. In its chapter
# on softmax it says: **put batch normalisation on the last layer**, it keeps gradients stable and regularises.
#
# Published figures do not settle it either. On ImageNet (photographs of a thousand kinds of things) Mishkin and
# others measured two networks:

# %% name="places-published"
mishkin = tables.published("mishkin2016_batch_normalization.csv")
mishkin[mishkin.dropout.ne(0.2) & mishkin.dropout.ne(0)][["network", "normalization", "scale_and_bias", "accuracy"]]

# %% [markdown] name="places-predict"
# For CaffeNet *after* is clearly the best; for GoogLeNet the best is *none at all*. So let us see for ourselves, at the
# learning rate 0.1 and with five networks: none; before each activation; after each; before and on the inputs
# ("first"); before and on the last layer, just ahead of the softmax ("last"). **Predict** the order.
#
# We also look at the **confidence**, the probability that a network gives to its own answer.

# %% name="places-runs"
placements = ["none", "before", "after", "before + first", "before + last"]
placed = {
    (epochs, rate): trainer.run(places=placements, learning_rate=rate, epochs=epochs, seeds=24)
    for epochs, rate in ((5, 0.1), (20, 0.1), (20, 4.0))
}


placed_loss = {
    (*when, place): np.nan_to_num(runs.select(places=place).final("val_loss"), nan=np.inf)
    for when, runs in placed.items()
    for place in placements
}

# %% [markdown] name="places-picture-intro"
# Left, the first epochs at the rate 0.1; right, at the rate 4.


# %% name="places-picture"
def curves_at(when):
    return {place: placed[when].select(places=place).history["val_loss"] for place in placements[1:]}


Gallery(
    CurvesDisplay(curves_at((5, 0.1)), "Rate 0.1: last is worst", ylabel="validation loss", ylim=(0, 2)),
    CurvesDisplay(curves_at((20, 4.0)), "Rate 4: only last survives", ylabel="validation loss", ylim=(0, 3)),
)

# %% [markdown] name="confidence-intro"
# And the same in numbers, seed by seed: how often has the network with another place a higher loss than the one with
# *before*, and how often is "last" the less confident one?

# %% name="confidence"
worse = {
    (place, *when): int((placed_loss[*when, place] > placed_loss[*when, "before"]).sum())
    for place in ("after", "before + first", "before + last")
    for when in placed
}
confident = {
    place: predictions.probabilities(placed[5, 0.1].select(places=place), digits.x_validation).max(axis=2).mean(axis=1)
    for place in ("before", "before + last")
}
less_sure = (confident["before + last"] < confident["before"]).sum()
for (place, epochs, rate), count in worse.items():
    print(f"{place:14s} {epochs:2d} epochs, rate {rate:<3g} a higher loss than before in {count:2d} of 24 seeds")
print(f"before + last   5 epochs, rate 0.1 less confident than before in {less_sure} of 24")
middling = {place: np.median(placed[20, 0.1].select(places=place).final("val_accuracy")) for place in placements[1:]}
as_good = max(middling.values()) - min(middling.values()) < 0.03
print("20 epochs, rate 0.1 all four places are right equally often, within 0.03:", as_good)

# %% [markdown] name="places-read"
# **At the rate 0.1** the four places are right equally often, and the losses differ a little. *After* is ahead of *before* in
# the first epochs, but no longer at the end. "First" gains nothing, and rather costs a little. "Last" costs for certain: the
# loss is *higher*, because the network is **less confident** while its answers are as good. The reason is in step 3 of the arithmetic: logits, the numbers before the softmax, are pressed to
# deviation 1, and a softmax of such small numbers can never be sure. γ must first grow. So far the first chapter of
# the document is right.
#
# **At the rate 4** the order is turned upside down: "last" is the only one that learns, since it catches the giant
# logits that wreck the others. Now the second chapter is right: it *does* keep things stable. Claims BN7 and BN8
# both **hold, with a condition**, and the next lab lets you go from one to the other.

# %% [markdown] name="lab-places-intro"
# ### Lab 3: flip the conclusion
#
# **Predict, then drag:** make "before + last" the *worst* of the three, then the *best*, with the learning rate alone.
# Then put the rate back to 0.1 and try the same with `init_scale`.

# %% name="lab-places"
Lab(
    trainer,
    side_by_side.Comparison("places", {"before": "before", "after": "after", "before + last": "before + last"}),
    learning_rate=log_slider(0.003, 10, value=0.1),
    init_scale=log_slider(0.01, 100, value=1.0),
    places=["before", "after", "before + last"],
    seeds=8,
    epochs=20,
    presets={"last is worst": {"learning_rate": 0.03}, "last is best": {"learning_rate": 4.0}},
)

# %% [markdown] name="lab-places-after"
# What you should have seen: at low rates "last" lags behind in loss; at a rate of 4 it is the only one that survives.
# With first weights ten times as large it wins already from a rate of about 1 on. A conclusion about places, then,
# belongs to a learning rate, and whoever compares places at one rate only compares rates in disguise.

# %% [markdown] name="dropout"
# ## Together with dropout (claim BN9)
#
# **Dropout** switches off a random part of the units in each step; its rate is the share. It regularises too, and the
# document warns that with both, both may need adjusting. Mishkin and others, with batch normalisation: dropout 0.5
# gave 0.499, dropout 0.2 gave 0.527, none gave 0.513. **Predict** which rate will be best here with and without.

# %% name="dropout-runs"
dropout_rates = [0, 0.1, 0.2, 0.3, 0.5]
wide = {"dropout_layers": True, "width": 64, "depth": 2, "places": ["none", "before"]}
dropped = trainer.run(dropout=dropout_rates, learning_rate=0.1, epochs=40, seeds=16, **wide)
dropout_loss = {name: dropped.select(places=p).by("dropout", "val_loss") for p, name in names.items()}
less_is_better = {name: int((loss[2] < loss[4]).sum()) for name, loss in dropout_loss.items()}
some_is_better = {name: int((loss[2] < loss[0]).sum()) for name, loss in dropout_loss.items()}
print("seeds of 16 whose loss is lower at 0.2 than at 0.5:", less_is_better)
print("seeds of 16 whose loss is lower at 0.2 than at 0:  ", some_is_better)
theirs = mishkin[
    mishkin.network.eq("CaffeNet128") & mishkin.normalization.eq("after") & mishkin.scale_and_bias.eq("no")
]
theirs[["dropout", "accuracy", "log_loss"]]

# %% [markdown] name="dropout-picture-intro"
# That was the published table; this is ours, for a network with two layers of 64 units (the lower, the better):

# %% name="dropout-picture"
SweepDisplay(
    dropout_rates,
    dropout_loss,
    "A half is too much for both",
    xlabel="dropout rate",
    xscale="linear",
    ylim=(0.05, 0.25),
)

# %% [markdown] name="dropout-read"
# As in the published table, 0.5 is too much, so the usual 0.5 does need adjusting, in *both* networks. But a rate of 0.2 is a
# gain in nearly every seed only *without* batch normalisation. With it, about half of the seeds are better off and half
# worse, which agrees with the document: where batch normalisation stands, less dropout is needed. **Holds, with a condition**:
# what is gained or lost is a hundredth or two of the loss, and with batch normalisation you may leave dropout out.

# %% [markdown] name="one-step"
# ## Who moves when? (claim BN11)
#
# The document says that the parameters of batch normalisation are updated *after* those of the network. Let us watch one
# single step, and write down what changes in each of its three parts: forward (compute the loss), backward (compute
# the gradients), update. **Predict** for γ, β, the weights and the running averages, when each of them moves.

# %% name="one-step-watched"
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model = networks.normalized_mlp((64,), 10, places="before", depth=1)
rows, labels = digits.x_train[:32], digits.y_train[:32]
optimizer = keras.optimizers.SGD(0.1)


def moved_since(before):
    return sorted({v.name for v, old in zip(model.variables, before) if not np.array_equal(v, old)})


start = [variable.numpy() for variable in model.variables]
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, model(rows, training=True))
moved_forward = moved_since(start)
after_forward = [variable.numpy() for variable in model.variables]
gradients = tape.gradient(loss, model.trainable_variables)
moved_backward = moved_since(after_forward)
optimizer.apply(gradients, model.trainable_variables)
moved_by_update = moved_since(after_forward)
print("forward:", moved_forward, "\nbackward:", moved_backward, "\nupdate:", moved_by_update)

# %% [markdown] name="order-intro"
# γ and β get their gradients with all the others, from the same backward pass, and move in the same update. The running
# averages move in the **forward** pass, and no gradient is involved. So the claim **does not hold**. (The bias in the list
# is that of the last layer. In front of a normalisation a bias does nothing: it is subtracted again with the mean.)
#
# Could one still update γ and β *after* the weights? **Predict:** does the order matter?


# %% name="order"
def stepped(first):
    for variable, value in zip(model.variables, after_forward):
        variable.assign(value)
    pairs = list(zip(gradients, model.trainable_variables))
    for chosen in (True, False):
        for gradient, variable in pairs:
            if (variable.name in first) == chosen:
                variable.assign_sub(0.1 * gradient)
    return [variable.numpy() for variable in model.trainable_variables]


weights_first, gamma_first = stepped({"kernel", "bias"}), stepped({"gamma", "beta"})
order_matters = not all(np.array_equal(a, b) for a, b in zip(weights_first, gamma_first))
print("does it matter which are updated first?", order_matters)

# %% [markdown] name="why"
# ## Why does it help? (claim BN12)
#
# Ioffe and Szegedy's explanation was in their title: it reduces **internal covariate shift**. While the first layers
# learn, what they put out changes all the time, so that later layers must learn from numbers that are always on
# the move. Batch normalisation, they said, keeps them in place. One of the documents says so too: each layer's numbers
# keep their distribution.
#
# Santurkar and others (2018) put that to a test: **bring the moving back on purpose**. `networks.noisy_mlp` adds to every
# unit, after its batch normalisation, a random shift, another one at every step. The knob `dropout` is its strength: at
# 0.5 each unit is shifted by a whole deviation up or down. In a plain network, how far do the means move from one step
# to the next?


# %% name="shift" tags=["foreign-numbers"]
def shift_per_step(seed, steps=10):
    keras.utils.set_random_seed(seed)
    plain = networks.normalized_mlp((64,), 10)
    last_sums = keras.Model(plain.inputs[0], plain.layers[-3].output)
    descent, before, shifts = keras.optimizers.SGD(0.1), None, []
    for rows in trainer.batches(seed)[:steps]:
        with tf.GradientTape() as tape:
            loss = cross_entropy(digits.y_train[rows], plain(digits.x_train[rows], training=True))
        descent.apply(tape.gradient(loss, plain.trainable_variables), plain.trainable_variables)
        sums = last_sums(digits.x_train).numpy()
        if before is not None:
            shifts.append(np.mean(np.abs(sums.mean(axis=0) - before) / sums.std(axis=0)))
        before = sums.mean(axis=0)
    return np.mean(shifts)


natural_shift = [shift_per_step(seed) for seed in range(5)]
print(
    f"a plain network's means move by about {np.median(natural_shift):.1f} deviations a step, the shaken ones by 1 or more"
)

# %% [markdown] name="shaken-intro"
# **Predict:** if the explanation is right, what must become of the shaken networks?

# %% name="shaken-runs"
noise_levels = [0, 0.2, 0.5, 0.8]
shaker = Trainer(networks.noisy_mlp, digits)
shaken_runs = shaker.run(dropout=noise_levels, learning_rate=0.1, epochs=20, seeds=24)
shaken_accuracy = {level: shaken_runs.select(dropout=level).history["val_accuracy"] for level in noise_levels}
plain_accuracy = placed[20, 0.1].select(places="none").history["val_accuracy"]
CurvesDisplay(
    {
        "BN, still": shaken_accuracy[0],
        "BN, shaken by ±½": shaken_accuracy[0.2],
        "BN, shaken by ±1": shaken_accuracy[0.5],
        "BN, shaken by ±2": shaken_accuracy[0.8],
        "without BN": plain_accuracy,
    },
    "Shaken by ±1, and still as good as without",
    ylabel="validation accuracy",
    ylim=(0, 1.02),
)

# %% [markdown] name="smooth-intro"
# (The random shifts have mean 0, and "±½", "±1" and "±2" say how large their deviation is.) Shaken by ±1, several times as
# much as a plain network shakes itself, batch normalisation still ends where the plain network ends. Only twice as
# much does serious harm.
#
# So that cannot be the reason. Santurkar's own explanation: the loss becomes **smoother**, so that the gradient
# still tells the truth some distance away. That, too, can be looked at: take the gradient of a batch, straight after
# initialisation, go along it with steps of growing length, and see how the loss changes. **Predict:** with or without,
# where does one single gradient lead deeper?


# %% name="smooth"
def loss_along(place, seed):
    keras.utils.set_random_seed(seed)
    model = networks.normalized_mlp((64,), 10, places=place)
    rows, labels = digits.x_train[:100], digits.y_train[:100]
    with tf.GradientTape() as tape:
        loss = cross_entropy(labels, model(rows, training=True))
    start = [(variable, variable.numpy()) for variable in model.trainable_variables]
    gradient, found = tape.gradient(loss, model.trainable_variables), []
    for length in lengths:
        for (variable, value), slope in zip(start, gradient):
            variable.assign(value - length * slope)
        found.append(float(cross_entropy(labels, model(rows, training=True)) - loss))
    return found


lengths = np.geomspace(0.01, 30, 8)
along = {name: np.array([loss_along(place, seed) for seed in range(5)]) for place, name in names.items()}
deepest = {name: -rows.min(axis=1) for name, rows in along.items()}

# %% [markdown] name="smooth-picture-intro"
# Below 0 the step has made the loss lower:

# %% name="smooth-picture" tags=["foreign-numbers"]
for name, found in deepest.items():
    print(f"{name:8s} one gradient lowers the loss by at most {np.median(found):.1f}")
CurvesDisplay(
    along,
    "With batch normalisation one gradient leads much deeper",
    x=lengths,
    xlabel="length of the step (learning rate)",
    ylabel="change of the loss",
    xscale="log",
    ylim=(-2, 3),
)

# %% [markdown] name="smooth-read"
# With batch normalisation the gradient can be trusted until the loss has fallen by about 1; without it, the same steps
# lead almost nowhere until they are so long that they do harm. But it is not the *longer* steps that it allows: with it the
# lowest point is at a length of 1, without it mostly at 3. So "smoother" we have seen in one sense only, and in a small
# network. The document's explanation **does not hold**; the new one is
# supported, not proved.

# %% [markdown] name="residual"
# ## The other trick: residual blocks (claim RB1)
#
# Batch normalisation left one thing undone: with depth, gradients still grow. A **residual block** (He et al. 2015)
# goes another way. It computes something from what comes in and *adds* it to what came in:
#
# > output = input + layer(input)
#
# If the layer puts out 0 the block passes on its input unchanged, and the gradient travels back along this **shortcut**
# unchanged too. `networks.residual_mlp` starts all blocks at exactly 0: a network of sixteen layers begins as one of a
# single layer and takes its depth into use while it learns. Without batch normalisation, so that we see what the shortcut
# does. Every network is given eight rates, and we show the one with the best mean. **Predict:** 2 and 16 layers, plain (with He's initial
# weights) and residual. Which will learn?

# %% name="residual-runs"
ladder = Trainer(networks.residual_mlp, digits)
ladder_rates = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
climbed = ladder.run(depth=[2, 16], shortcuts=[False, True], learning_rate=ladder_rates, epochs=20, seeds=8)
climbing, best_rate = {}, {}
for depth in (2, 16):
    for name, on in {"plain": False, "residual": True}.items():
        curves = {
            rate: climbed.select(depth=depth, shortcuts=on, learning_rate=rate).history["val_accuracy"]
            for rate in ladder_rates
        }
        best_rate[depth, name] = max(curves, key=lambda rate: curves[rate][:, -1].mean())
        climbing[depth, name] = curves[best_rate[depth, name]]
ahead = (climbing[16, "residual"][:, -1] > climbing[16, "plain"][:, -1] + 0.1).sum()
print("best rates:", {f"{depth} {name}": rate for (depth, name), rate in best_rate.items()})

# %% [markdown] name="residual-picture-intro"
# Eight networks for each curve, each at the best rate of its kind:

# %% name="residual-picture"
CurvesDisplay(
    {f"{depth} layers, {name}": accuracy for (depth, name), accuracy in climbing.items()},
    "Sixteen plain layers lag far behind, sixteen residual ones do not",
    ylabel="validation accuracy",
    ylim=(0, 1.05),
)

# %% [markdown] name="residual-read"
# The claim **holds**. Note what it does not say: that deeper is *better*. Two layers are enough for these digits, and
# the deep residual network is even behind the shallow ones. It is only no longer hopeless.

# %% [markdown] name="lab-residual-intro"
# ### Lab 4: depth
#
# **Predict, then drag:** take sixteen layers. Can the plain network be saved by the learning rate? And is there a rate at
# which the residual one breaks?

# %% name="lab-residual"
Lab(
    ladder,
    side_by_side.Comparison("shortcuts", {False: "plain", True: "residual"}),
    depth=choice([2, 8, 16], 16),
    learning_rate=log_slider(0.003, 3, value=0.05),
    init_scale=log_slider(0.1, 10, value=1.0, step=0.05),
    shortcuts=[False, True],
    seeds=8,
    epochs=20,
    presets={"shallow": {"depth": 2}, "middling": {"depth": 8}, "deep, careful": {"depth": 16, "learning_rate": 0.02}},
    name="ladder",
)

# %% [markdown] name="lab-residual-after"
# What you should have seen: a rate of about 0.02 is the best for sixteen plain layers, and leaves them far behind the
# residual ones, which learn at every depth and over a wide range of rates. They break too, at about 0.2, and single
# networks of sixteen layers fall behind at 0.05 already.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the section that names the claim.

# %% name="claims" tags=["foreign-numbers"]
at_scale = {name: f"{low:g} to {high:g}" for name, (low, high) in scale_range.items()}
at_rate = {name: f"{low:g} to {high:g}" for name, (low, high) in rate_range.items()}
alike = np.median(placed_loss[20, 0.1, "after"] / placed_loss[20, 0.1, "before"])
claims.table(
    {
        "BN1": f"By hand and by Keras the same: {same_forward}.",
        "BN2": f"By hand and by Keras the same: {same_running}. With α = 0.99 a share of {left[0.99][0]:.2f} of the start is left after an epoch of {steps_per_epoch} steps, and validation lags behind.",
        "BN3": f"Factors on the first weights that reach 0.85 at the rate 0.1: {at_scale['without']} without, {at_scale['with']} with. Lowest accuracy of five factors from 0.01 to 10, each at its best rate: {min(tuned_accuracy['without'].values()):.2f} and {min(tuned_accuracy['with'].values()):.2f}.",
        "BN4": f"Rates that reach 0.85: {at_rate['without']} without, {at_rate['with']} with; at the rate 0.1 at least twice as fast in {twice} of 8 seeds, at the best rates {np.median(fastest['with']):g} epochs against {np.median(fastest['without']):g}.",
        "BN5": f"Powers of ten from the last layer to the first, at half He's scale: {powers['without', 0.5]} without, {powers['with', 0.5]} with. But with it they grow at any scale.",
        "BN6": f"Held-out gap smaller at batch 8 than at 32 in {smaller_gap} of 32 seeds, but the loss of new rows differs by {differences['loss of new rows'].mean():+.3f} only. A little L2 gains {gained['with']:.3f} with it, {gained['without']:.3f} without; it tolerates more.",
        "BN7": f"Loss after / loss before the activation: {alike:.1f} at rate 0.1. On the inputs a higher loss in {worse['before + first', 20, 0.1]} of 24 seeds; on the last layer, see BN8.",
        "BN8": f"At rate 0.1 it is less confident in {less_sure} of 24 seeds, with a higher loss in {worse['before + last', 5, 0.1]}; at rate 4 the loss is higher in {worse['before + last', 20, 4.0]}.",
        "BN9": f"Loss lower at dropout 0.2 than at 0.5 in {less_is_better['with']} of 16 seeds with it, {less_is_better['without']} without; lower at 0.2 than at 0 in {some_is_better['with']} with it, {some_is_better['without']} without.",
        "BN10": f"Batch of 2: accuracy above 0.6 in {(batch_accuracy['with'][0] > 0.6).sum()} of 8 seeds with it; without it, is the median? {bool(np.median(batch_accuracy['without'][0]) > 0.6)}. A lower rate does not rescue it; a batch of 8 does.",
        "BN11": f"One backward pass, one update for all. The order matters: {order_matters}. The running averages move in the forward pass.",
        "BN12": f"Shaken by ±1 deviation it reaches {np.median(shaken_accuracy[0.5][:, -1]):.2f}, the plain network {np.median(plain_accuracy[:, -1]):.2f}. One gradient lowers the loss by up to {np.median(deepest['with']):.1f} with it, {np.median(deepest['without']):.1f} without.",
        "RB1": f"Sixteen layers, each at its best rate: accuracy {np.median(climbing[16, 'residual'][:, -1]):.2f} residual, {np.median(climbing[16, 'plain'][:, -1]):.2f} plain; ahead by 0.1 and more in {ahead} of 8 seeds.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. By hand
#
# A batch of three rows has the values 1, 2 and 6 in some unit. γ = 1, β = 0, and ε is so small that it does not count.
# What becomes of the 6?

# %% name="exercise-hand" tags=["exercise"]
my_six = ...

# %% name="exercise-hand-solved" tags=["solution"]
values = np.array([1, 2, 6])
my_six = (6 - values.mean()) / values.std()

# %% [markdown] name="exercise-hand-check-intro"
# Run the next cell to check.

# %% name="exercise-hand-check"
checks.number(
    my_six,
    3 / np.sqrt(14 / 3),
    hints={
        3.0: "that is the distance from the mean. Divide it by the deviation.",
        3 / (14 / 3): "you have divided by the variance. Divide by its root.",
        3 / np.sqrt(7): "you have divided the sum of squares by n − 1. Batch normalisation divides by n.",
    },
    why="The mean is 3, the variance (4 + 1 + 9)/3 = 14/3.",
)

# %% [markdown] name="exercise-inference"
# ### 2. Inference
#
# Write what the layer does to numbers `x` in inference mode, given its running mean and variance. ε is 0.001.


# %% name="exercise-inference-code" tags=["exercise"]
def at_inference(x, running_mean, running_variance, gamma, beta): ...


# %% name="exercise-inference-solved" tags=["solution"]
def at_inference(x, running_mean, running_variance, gamma, beta):
    return gamma * (x - running_mean) / (running_variance + 0.001) ** 0.5 + beta


# %% [markdown] name="exercise-inference-check-intro"
# Four cases are tried:

# %% name="exercise-inference-check"
checks.code(
    at_inference,
    [
        ((1.0, 0.0, 0.999, 1.0, 0.0), 1.0),
        ((5.0, 3.0, 3.999, 1.0, 0.0), 1.0),
        ((5.0, 3.0, 3.999, 3.0, 0.5), 3.5),
        ((3.0, 3.0, 0.0, 2.0, -1.0), -1.0),
    ],
    why="No batch in sight: the answer for a row depends on that row alone.",
)

# %% [markdown] name="exercise-settle"
# ### 3. Patience
#
# A layer has α = 0.99. After how many steps is only 1 % of the start left in its running average? (Within 5 steps.)

# %% name="exercise-settle-answer" tags=["exercise"]
my_steps = ...

# %% name="exercise-settle-solved" tags=["solution"]
my_steps = np.log(0.01) / np.log(0.99)

# %% [markdown] name="exercise-settle-check-intro"
# Is it right?

# %% name="exercise-settle-check"
checks.number(
    my_steps,
    458.2,
    hints={44.0: "that is the answer for α = 0.9.", 100.0: "after 100 steps 0.99¹⁰⁰ ≈ 0.37 is left."},
    why="0.99⁴⁵⁸ ≈ 0.01: at 32 rows a step, some ten epochs of the full digits.",
)

# %% [markdown] name="exercise-diagnosis"
# ### 4. What is wrong?
#
# A colleague shows you a network for photographs. Large pictures, so that only two fit into memory at a time. Training
# it with batch normalisation fails; without, it learns, if slowly. What do you advise?
#
# - `"a"`: lower the learning rate, as the document says for small batches
# - `"b"`: α = 0.9 instead of 0.99, so that the averages settle faster
# - `"c"`: something whose statistics do not come from the batch (normalise within each row: *layer* or *group
#   normalisation*), or residual blocks
# - `"d"`: put batch normalisation on the last layer only

# %% name="exercise-diagnosis-answer" tags=["exercise"]
my_advice = ...

# %% name="exercise-diagnosis-solved" tags=["solution"]
my_advice = "c"

# %% [markdown] name="exercise-diagnosis-check-intro"
# Check it:

# %% name="exercise-diagnosis-check"
checks.choice(
    my_advice,
    "c",
    why={
        "a": "We tried: no rate rescues a batch of two. All that each unit sees is plus or minus one.",
        "b": "Validation would settle sooner, but it is training that fails: its statistics come from two rows.",
        "c": "Right: the statistics of two rows are worthless, so take others, or none (Wu and He 2018).",
        "d": "There the statistics are just as bad, and the logits become plus and minus one.",
    },
)

# %% [markdown] name="exercise-goal"
# ### 5. The goal: 256 rows at a time
#
# In Lab 2 the network *with* batch normalisation is not finished after 20 epochs in batches of 256. Bring at least 7 of 8
# networks above a validation accuracy of 0.92 in these 20 epochs, by the learning rate alone.

# %% name="exercise-goal-answer" tags=["exercise"]
my_rate = ...

# %% name="exercise-goal-solved" tags=["solution"]
my_rate = 1.0

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains eight networks with your rate.

# %% name="exercise-goal-check"
checks.goal(
    lambda: np.sum(
        trainer.run(places="before", batch_size=256, learning_rate=my_rate, seeds=8).final("val_accuracy") > 0.92
    ),
    at_least=7,
    near=3,
    what="number of networks that get there",
    answers=[my_rate],
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - Batch normalisation compares each number with its neighbours in the batch: subtract the mean, divide by the deviation,
#   then scale by γ and shift by β.
# - It works in two ways: with the batch in training, with running averages in inference. In the first few hundred steps
#   those are not settled, and validation looks worse than the network is.
# - It makes the scale of the first weights nearly irrelevant, and stands learning rates several times as high.
# - It cannot work with two rows. A few dozen are enough.
# - Where to put it depends on the learning rate: compare places only with the rate tuned for each.
# - γ and β learn in the same step as the weights. The running averages move in the forward pass.
# - The explanation in the title of the first paper does not stand the test: shaken networks train too.
# - Residual blocks let networks be deep, with or without batch normalisation.
#
# **Sources.** Ioffe and Szegedy, *Batch normalization: accelerating deep network training by reducing internal covariate
# shift*, 2015. Mishkin, Sergievskiy and Matas, *Systematic evaluation of CNN advances on the ImageNet*, 2016, and the
# tables that go with it (`data/mishkin2016_batch_normalization.csv`). Santurkar, Tsipras, Ilyas and Madry, *How does batch
# normalization help optimization?*, 2018. Yang et al., *A mean field theory of batch normalization*, 2019. Van
# Laarhoven, *L2 regularization versus batch and weight normalization*, 2017. Wu and He, *Group normalization*, 2018. He,
# Zhang, Ren and Sun, *Deep residual learning for image recognition*, 2015, and *Identity mappings in deep residual
# networks*, 2016. Goyal et al., *Accurate, large minibatch SGD*, 2017 (blocks that start at zero). Data: Alpaydin and
# Kaynak, 1998 (digits). The documents A to D are named below the table of claims.
