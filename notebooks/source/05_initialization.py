# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Initialisation: where should the weights start?
#
# **The question of this chapter:** training changes the weights, but what should they be *before* the first step?
# You need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words
# *network*, *loss*, *epoch* and *seed*, and [the learning rate](01_learning_rate.ipynb) explains *gradient*.
#
# It seems that it should not matter: training is there to find good weights, wherever it starts. One of the documents
# found that it matters a great deal, and calls initialisation a kind of black magic. We shall see that there is one
# number behind the magic, the **scale** of the weights, and that it can be computed with a pencil.
#
# **For teachers:** both labs work alone. Run the cells down to them once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd

from course_utils import checks, claims, datasets, models
from course_utils.chapters import signal_propagation
from course_utils.drawing import CurvesDisplay, Gallery, SweepDisplay
from course_utils.lab import Lab, LearningCurves, choice, int_slider, log_slider
from course_utils.portable import Draws
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data
#
# The handwritten **digits** again: 8 × 8 grey values between 0 and 1, and the network says which digit it is. We need
# them in two forms: as 64 numbers in a row, and as pictures. Here are four, drawn with characters.

# %% name="digits"
digits, pictured = datasets.digits(), datasets.digits(images=True)
print(datasets.as_text(pictured.x_train[:4]))
print(digits, pictured, sep="\n")

# %% [markdown] name="zeros"
# ## Why not simply start at zero? (claim IN2)
#
# An **initialiser** is the rule that draws the first weights. The simplest one draws nothing: all weights are 0. One
# document tells of a network without hidden layers (its outputs go straight into a **softmax**, which turns ten
# numbers into ten probabilities). Started from a **normal distribution** (the bell curve, with mean 0 and standard
# deviation σ = 1) it got 10 % right after one epoch and 60 % after twenty. Started from zeros: 85 % and 92 %.
#
# **Predict:** will zeros beat random weights on our digits, too?
#
# The function below tells this story for any data set: `depth=0` leaves out all hidden layers, and five seeds are trained
# from each start. It gives a row for each start and epoch: the lowest, the middle and the highest validation accuracy.

# %% name="one-layer-story"
from keras import initializers


def one_layer_story(dataset, seeds=5, epochs=20, learning_rate=0.03):
    starts = {"zeros": "zeros", "normal, σ = 1": initializers.RandomNormal(stddev=1.0)}
    trainer, rows = Trainer(models.mlp, dataset, epochs=epochs), []
    for name, start in starts.items():
        runs = trainer.run(kernel_initializer=start, depth=0, learning_rate=learning_rate, seeds=seeds)
        for epoch, accuracy in enumerate(runs.history["val_accuracy"].T, start=1):
            lowest, median, highest = np.quantile(accuracy, [0, 0.5, 1])
            rows.append({"start": name, "epoch": epoch, "lowest": lowest, "median": median, "highest": highest})
    return rows


# %% [markdown] name="zeros-picture-intro"
# On the digits (the line is the median of the five seeds, the band goes from the lowest to the highest):

# %% name="zeros-picture"
one_layer = pd.DataFrame(one_layer_story(digits)).set_index("start")
one_layer_curves = {name: one_layer.loc[name, ["lowest", "median", "highest"]].T for name in one_layer.index.unique()}
after = {name: curve.loc["median"].to_numpy() for name, curve in one_layer_curves.items()}
for (name, epoch), row in one_layer.set_index("epoch", append=True).iterrows():
    if epoch in (1, 20):
        print(f"{name:14s} epoch {epoch:2d}: {row['median']:.2f} ({row['lowest']:.2f} to {row['highest']:.2f})")
CurvesDisplay(
    one_layer_curves,
    "One layer: zeros start far ahead of large random weights",
    ylabel="validation accuracy",
    ylim=(0, 1),
)

# %% [markdown] name="zeros-read"
# (In brackets: from the lowest to the highest of the five seeds.) The claim **holds, with a condition**, and nearly in its
# numbers. With zeros every digit is equally likely at first, which is an honest guess. With σ = 1 the network begins with
# strong opinions that are mostly wrong, and must first unlearn them.

# %% [markdown] name="zeros-mnist-intro"
# The document's digits were those of **MNIST**: 28 × 28 grey values instead of our 8 × 8. The same function was run on
# 10,000 pictures of it, which takes longer than a chapter should (`make reproduce` repeats it). The table that it left
# behind, after one epoch and after twenty:

# %% name="zeros-mnist"
from course_utils import tables

on_mnist = tables.reproduced("one_layer_story")
print("data:", *on_mnist["dataset"].unique(), "  training rows:", *on_mnist["training_rows"].unique())
on_mnist[on_mnist["epoch"].isin([1, 20])].pivot_table(index="start", columns="epoch", values="median").map(
    "{:.2f}".format
)

# %% [markdown] name="zeros-mnist-read"
# From zeros: 0.88 and 0.92, close to the document's 85 % and 92 %. From σ = 1: 0.36 and 0.84, much better than its 10 %
# and 60 %. The order is the same and the distance is not; the document does not tell its learning rate, and with a
# smaller one the bad start would last longer. What it reports is how *slow* the way back is, not where it ends.
#
# And nothing stands in the way of leaving zero. By hand: for one layer the gradient is *input × (probability − target)*,
# averaged over the rows. The probability is 0.1 for every class, but the targets differ, so that **each class gets a
# gradient of its own**. And the loss of a single layer is **convex**: shaped like a bowl, with one lowest level and no
# false bottoms. From everywhere the way leads down to it; a bad start only makes the way longer. That is one half of
# the condition: with longer steps σ = 1 catches up. **Predict** whether ten times the rate is enough.
# (`spread` gives the median of some numbers, with the lowest and the highest.)


# %% name="zeros-by-hand"
def spread(values):
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


trainer, unit_normal = Trainer(models.mlp, digits), initializers.RandomNormal(stddev=1.0)
x, target = digits.x_train, np.eye(10)[digits.y_train]
gradient_at_zero = x.T @ (np.full((len(x), 10), 0.1) - target) / len(x)
different_columns = len(np.unique(np.round(gradient_at_zero, 6), axis=1).T)
print(f"different gradients among 10 classes: {different_columns}")
caught_up = {}
for name, start in {"zeros": "zeros", "normal, σ = 1": unit_normal}.items():
    longer = trainer.run(kernel_initializer=start, depth=0, learning_rate=0.3, seeds=5)
    caught_up[name] = longer.final("val_accuracy")
    print(f"{name:14s} with ten times the rate, after 20 epochs: {spread(caught_up[name])}")

# %% [markdown] name="zeros-caught-up"
# It nearly is: σ = 1 now gets as far as zeros did at the small rate, to within a per cent or two.

# %% [markdown] name="symmetry"
# ## The same zeros with one hidden layer
#
# **Predict:** now we put a hidden layer of 64 units before the output. What will zeros do? And what will happen if all
# weights start at another number, 0.05?

# %% name="symmetry-runs"
equal_starts = {"zeros": "zeros", "all 0.05": initializers.Constant(0.05), "random": "glorot_uniform"}
hidden = {
    name: trainer.run(kernel_initializer=start, depth=1, learning_rate=0.1, seeds=5)
    for name, start in equal_starts.items()
}
units_that_differ = {}
for name, runs in hidden.items():
    columns = np.round(runs.model(0).get_weights()[0], 3)
    units_that_differ[name] = len(np.unique(columns, axis=1).T)
    print(f"{name:9s} different hidden units: {units_that_differ[name]:2d} of 64,", end=" ")
    print("accuracy", spread(runs.final("val_accuracy")))

# %% [markdown] name="symmetry-read"
# From zeros, nothing is learned at all. The hidden units put out 0, so that the output weights get a gradient of 0;
# the output weights are 0, so that nothing comes back to the hidden layer. It is a dead point.
#
# With 0.05 everywhere, something moves, but all 64 units get the *same* gradient at every step and stay equal for
# ever: a layer of 64 copies of one unit, right for a quarter of the digits. That is **symmetry**. Random weights are there to break it. So zeros are fine
# for a last layer, and for **biases** (the constant that each unit adds; Keras starts them at 0), but not for the
# weights of hidden layers.
#
# That is the other half of the condition: the good advice of one layer is the worst for two.
#
# Random it must be, then. But how large? σ = 1 was too large even for one layer. What does it do to ten?

# %% [markdown] name="ten-layers"
# ## A signal through ten layers, by hand (claim IN4)
#
# We send 100 digits through ten layers of 64 units, without any training. Each layer multiplies by a random
# matrix and applies **ReLU**, which replaces negative numbers by 0. After each layer we measure the **root mean
# square** of its outputs: their typical size.
#
# **Predict:** Keras' `"random_normal"` has σ = 0.05, TensorFlow 1's had σ = 1. What will be left of the signal after
# ten layers in each case?


# %% name="ten-layers-by-hand"
def sizes_through(layers, sigma, width=64, seed=0):
    random = np.random.default_rng(seed)
    signal, sizes = digits.x_train[:100].astype(float), []
    for _ in range(layers):
        signal = np.maximum(signal @ random.normal(0, sigma, (signal.shape[1], width)), 0)
        sizes.append(np.sqrt(np.mean(signal**2)))
    return np.array(sizes)


by_sigma = {sigma: np.array([sizes_through(10, sigma, seed=seed) for seed in range(5)]) for sigma in (0.05, 1.0)}
for sigma, sizes in by_sigma.items():
    print(f"σ = {sigma}: after ten layers about 10 to the power {np.median(np.log10(sizes[:, -1])):.0f}")

# %% [markdown] name="variance"
# One vanishes, the other explodes: each layer multiplies the size by the same factor, and ten layers take the tenth
# power of it. Which factor? A unit sums *n* inputs, each times a random weight. Squares of independent random numbers
# add up, so that
#
# > mean square of the sum = n · σ² · mean square of the inputs
#
# ReLU sets half of the sums to 0, which halves the mean square. So with ReLU a layer multiplies the mean square by
# ½ · n · σ². For the signal to stay as it is, this must be 1:
#
# > ½ · n · σ² = 1, or σ = √(2 / n) (He et al. 2015)
#
# Without the half, for activations that leave small signals alone, as tanh does (an S-shaped curve through 0): n · σ² = 1.
# But the gradient travels the other way and sums over the layer's *outputs*. Glorot and Bengio (2010) take the middle
# of both: σ = √(2 / (n_in + n_out)). After its author's first name this is also called **Xavier** initialisation.
#
# **Predict** with the formula: by which factor does a layer of 64 units change the *size* for each σ? (Take the root.)

# %% name="factor-by-hand" tags=["foreign-numbers"]
he_sigma = np.sqrt(2 / 64)
factors = {}
for sigma in (0.05, he_sigma, 1.0):
    sizes = np.array([sizes_through(10, sigma, seed=seed) for seed in range(20)])
    measured = np.median((sizes[:, -1] / sizes[:, 0]) ** (1 / 9))
    factors[sigma] = np.sqrt(64 * sigma**2 / 2), measured
    print(f"σ = {sigma:.2f}: factor by the formula {factors[sigma][0]:.2f}, measured about {measured:.1f}")

# %% [markdown] name="keras-draws-intro"
# The formula is right, and He's σ keeps the signal. Now the same formulas in Keras. Glorot's weights can be drawn
# evenly between two limits (`"glorot_uniform"`): a **uniform distribution** between −a and a has the standard
# deviation a / √3, so that a = √6 / √(n_in + n_out). Or from a bell curve (`"he_normal"`), of which Keras cuts off what lies
# beyond two standard deviations; it makes the rest wider by 1 / 0.8796 so that σ comes out right.
#
# We draw random numbers with our own formulas and compare them with what Keras draws with the same seed.

# %% name="keras-draws"
import keras

inputs, outputs = 400, 100
limit = np.sqrt(6 / (inputs + outputs))
our_glorot = keras.random.uniform((inputs, outputs), -limit, limit, seed=0)
our_he = keras.random.truncated_normal((inputs, outputs), stddev=np.sqrt(2 / inputs) / 0.8796, seed=0)
glorot_same = bool(np.allclose(our_glorot, initializers.GlorotUniform(seed=0)((inputs, outputs)), rtol=1e-3))
he_same = bool(np.allclose(our_he, initializers.HeNormal(seed=0)((inputs, outputs)), rtol=1e-3))
print(f"Glorot by hand equals Keras: {glorot_same}; He by hand equals Keras: {he_same}")

# %% [markdown] name="backward"
# ## And back: the gradients
#
# Training needs a second signal: the gradient, which starts at the loss and travels back through the layers. It too is
# multiplied by a random matrix in each layer, and it too can vanish or explode. `signal_propagation.RandomNetworks`
# does both by the formulas above, in NumPy: forward with a batch of digits, back with the gradient of the loss.
#
# **Predict:** twenty layers. Which of these keep both signals? ReLU or tanh, with σ = 0.05, σ = 1, Glorot's σ or
# He's σ? ("Kept" means here: from one end to the other, not ten times larger or smaller.)

# %% name="backward-table"
random_networks = signal_propagation.RandomNetworks(digits)
families = {"σ = 0.05": ("fixed", 0.05), "σ = 1": ("fixed", 1.0), "Glorot": ("glorot", 1.0), "He": ("he", 1.0)}
measured_signals = {
    (name, activation): random_networks.run(family=family, scale=scale, activation=activation, depth=20, seeds=9)
    for activation in ("relu", "tanh")
    for name, (family, scale) in families.items()
}
pd.DataFrame(
    [
        {
            "start": name,
            "activation": activation,
            "outputs": signal_propagation.fate(found.growth),
            "gradients": signal_propagation.fate(found.gradient_growth),
        }
        for (name, activation), found in measured_signals.items()
    ]
)

# %% [markdown] name="backward-picture-intro"
# The ReLU half of the table as a picture. Left, the outputs, from the first layer to the last; right, the gradients,
# from the last layer back to the first.

# %% name="backward-picture"
relu = {name: measured_signals[name, "relu"] for name in families}
axes = {"yscale": "log", "ylim": (1e-14, 1e16)}
passed = {"xlabel": "layers passed on the way to the output", "ylabel": "size of outputs"}
passed_back = {"xlabel": "layers passed on the way back", "ylabel": "size of gradients"}
Gallery(
    CurvesDisplay({n: found.outputs for n, found in relu.items()}, "Only He keeps the outputs", **passed, **axes),
    CurvesDisplay({n: found.gradients[:, ::-1] for n, found in relu.items()}, "… and gradients", **passed_back, **axes),
)

# %% [markdown] name="backward-read"
# Neither fixed σ keeps both signals, with either activation: what is too small or too large for one layer is so for all
# of them. Glorot's σ suits tanh, He's suits ReLU. With ReLU Glorot lacks the factor 2 and loses a little in each layer:
# harmless in two layers, a thousandfold in twenty. Look at σ = 1 with tanh, too: the outputs cannot explode, since
# tanh never exceeds 1, but the gradients do. (He's σ with tanh passes our mark as well. It is somewhat too large, and
# twenty layers do not show it yet; lab 1 goes up to thirty.)

# %% [markdown] name="lab-signals-intro"
# ### Lab 1: what becomes of the signals
#
# **Predict, then drag:** first, with ReLU and Glorot, by which `scale` must the weights be multiplied to keep the
# signals? (You know it from the formulas.) Then choose sigmoid, whose outputs lie between 0 and 1: can any scale
# save the gradients? The preset *TensorFlow 1* is σ = 1, *Keras normal* is σ = 0.05.

# %% name="lab-signals"
Lab(
    random_networks,
    signal_propagation.SignalsByLayer(),
    family=choice({"Glorot": "glorot", "He": "he", "LeCun": "lecun", "fixed": "fixed"}, "Glorot"),
    scale=log_slider(0.01, 10, value=1.0, step=0.05),
    activation=choice(list(signal_propagation.ACTIVATIONS), "relu"),
    depth=int_slider(2, 30, value=20),
    presets={
        "He, ReLU": {"family": "he"},
        "Glorot, tanh": {"activation": "tanh"},
        "Keras normal": {"family": "fixed", "scale": 0.05},
        "TensorFlow 1": {"family": "fixed", "scale": 1.0},
    },
    name="random_networks",
)

# %% [markdown] name="lab-signals-after"
# What you should have seen: with ReLU, Glorot needs a factor of √2 ≈ 1.4, which makes it He. The next cell measures the
# sigmoid: its outputs never vanish, since it makes 0.5 of 0, but its slope is at most ¼, and at the usual scale each
# layer passes back only a fraction of the gradient. To make up for the slope, weights would have to be about four
# times as large; then its units come to lie at their flat ends. ([Activations](06_activations.ipynb) have a
# chapter of their own.)

# %% name="sigmoid"
for scale in (1.0, 4.0):
    sigmoid = random_networks.run(family="glorot", scale=scale, activation="sigmoid", depth=20)
    fates = signal_propagation.fate(sigmoid.growth), signal_propagation.fate(sigmoid.gradient_growth)
    print("Glorot × {:.0f} with sigmoid: outputs {}, gradients {}".format(scale, *fates))

# %% [markdown] name="deep"
# ## Does it matter for training?
#
# So far nothing was trained. **Predict:** a network with ten hidden layers and ReLU, trained by SGD at a rate of 0.03.
# Which start will be ahead after five epochs: Glorot, He or `"random_normal"` (σ = 0.05)? Will training repair
# the others in time? And would another rate help them?
#
# So we try four rates, with seven seeds each, and count the epochs until a network first reaches a validation accuracy of 0.6.

# %% name="deep-runs"
names = {"He": "he_uniform", "Glorot": "glorot_uniform", "σ = 0.05": "random_normal"}
deep_rates = [0.01, 0.03, 0.1, 0.3]
deep = {
    name: trainer.run(kernel_initializer=start, depth=10, learning_rate=deep_rates, seeds=7)
    for name, start in names.items()
}
deep_accuracy, deep_epochs = {}, {}
for name, runs in deep.items():
    deep_accuracy[name] = runs.select(learning_rate=0.03).history["val_accuracy"]
    reached = runs.history["val_accuracy"].reshape(len(deep_rates), 7, -1) >= 0.6
    deep_epochs[name] = np.where(reached.any(axis=2), reached.argmax(axis=2) + 1.0, np.inf)
    print(f"{name:9s} rate 0.03, accuracy after 5 epochs: {spread(deep_accuracy[name][:, 4])}", end="")
    print(f", after 20: {spread(deep_accuracy[name][:, -1])}")
needed = {name: np.median(epochs, axis=1) for name, epochs in deep_epochs.items()}
words = {name: [f"{n:.0f}" if n < np.inf else "not in 20" for n in medians] for name, medians in needed.items()}
pd.DataFrame(words, index=pd.Index(deep_rates, name="epochs to 0.6, at rate")).T

# %% [markdown] name="deep-picture-intro"
# The course of it, at the rate of 0.03:

# %% name="deep-picture"
CurvesDisplay(
    deep_accuracy,
    "Ten layers: He starts at once, Glorot later, a small σ never",
    ylabel="validation accuracy",
    ylim=(0, 1),
)

# %% [markdown] name="deep-read"
# Training repairs what is wrong by a little, at the price of some epochs; a larger rate makes them fewer, and still Glorot
# comes several epochs after He, each at its best. What is wrong by much no rate repairs, for without a gradient there is
# nothing to repair it with. So claim IN4 **holds, with a condition**: Xavier keeps signals
# with tanh; a deep network with ReLU needs He.

# %% [markdown] name="lab-scale-intro"
# ### Lab 2: the scale of a real network
#
# `init_scale` multiplies all random first weights. **Predict, then drag:** with two hidden layers, between which scales
# does the network still learn? Then choose ten layers: does that range get wider or narrower? Finally compare the three
# initialisers at ten layers, each at its best scale.

# %% name="lab-scale"
Lab(
    trainer,
    LearningCurves(),
    kernel_initializer=choice({"Glorot": "glorot_uniform", "He": "he_uniform", "σ = 0.05": "random_normal"}, "Glorot"),
    init_scale=log_slider(0.03, 10, value=1.0, step=0.05),
    depth=choice([2, 10], 2),
    learning_rate=0.03,
    seeds=6,
    presets={
        "good": {"kernel_initializer": "he_uniform"},
        "too small": {"init_scale": 0.1, "depth": 10},
        "too large": {"init_scale": 10.0, "depth": 10},
    },
)

# %% [markdown] name="lab-scale-after"
# What you should have seen: two layers forgive a scale that is wrong by a factor of a few, ten layers hardly any. And
# at its best scale each of the three initialisers does the same. The next cell measures it with `"random_normal"`:
# σ = 0.05, drawn 3.5 times as large, is nearly He's σ for a layer of 64, √(2/64).

# %% name="rescaled"
scales = np.array([1.0, 2.0, 3.0, 3.5, 4.0, 5.0, 8.0])
normal = {"kernel_initializer": "random_normal", "init_scale": scales, "learning_rate": 0.03}
rescaled = {
    f"{depth} layers": trainer.run(depth=depth, epochs=10, seeds=5, **normal).by("init_scale", "val_accuracy")
    for depth in (2, 10)
}
SweepDisplay(
    0.05 * scales,
    rescaled,
    "At one rate ten layers learn only near He's σ, two in a wide range",
    xlabel="standard deviation σ of the first weights",
    ylabel="validation accuracy after 10 epochs",
    xscale="linear",
    ylim=(0, 1.15),
    marks={"He": np.sqrt(2 / 64)},
)

# %% [markdown] name="shape"
# Note that these weights were drawn from a bell curve, and those of He above evenly between two limits. With the same
# σ both learn: the *shape* of the distribution is of little account.

# %% [markdown] name="cnn"
# ## The convolutional network (claim IN1)
#
# The author of one document learned this the hard way: with `normal` initialisation a convolutional network stayed at
# about 70 %; with Xavier it reached 98 %. A **convolutional network** (CNN) slides small windows of weights over a picture.
# `models.cnn` has two such layers with windows of 3 × 3. We train it with the optimizer Adam, for 12 epochs.
#
# The document does not say *which* normal. We try both: σ = 1, as TensorFlow 1's `tf.random_normal` had it, and
# σ = 0.05, Keras' `"random_normal"`. **Predict** the three accuracies. Again the story is a function of the data; this time
# a row also holds the loss of the very first batch.


# %% name="cnn-story"
def cnn_story(dataset, seeds=5, epochs=12, learning_rate=0.001):
    normal = "random_normal"  # its σ is 0.05, which init_scale multiplies
    starts = {"Xavier": ("glorot_uniform", 1.0), "σ = 0.05": (normal, 1.0), "σ = 1": (normal, 20.0)}
    trainer, rows = Trainer(models.cnn, dataset, optimizer="adam", epochs=epochs), []
    for name, (start, scale) in starts.items():
        runs = trainer.run(kernel_initializer=start, init_scale=scale, learning_rate=learning_rate, seeds=seeds)
        first_loss = np.median([losses[0] for losses in runs.batch_loss])
        for epoch, accuracy in enumerate(runs.history["val_accuracy"].T, start=1):
            lowest, median, highest = np.quantile(accuracy, [0, 0.5, 1])
            row = {"start": name, "epoch": epoch, "lowest": lowest, "median": median, "highest": highest}
            rows.append(row | {"first loss": first_loss})
    return rows


# %% [markdown] name="cnn-picture-intro"
# Blind guessing among ten classes has a loss of ln 10 ≈ 2.3. Remember this number when you look at the first losses.

# %% name="cnn-picture"
cnn = pd.DataFrame(cnn_story(pictured)).set_index("start")
cnn_curves = {name: cnn.loc[name, ["lowest", "median", "highest"]].T for name in cnn.index.unique()}
cnn_accuracy = {name: curve.loc["median"].to_numpy()[-1] for name, curve in cnn_curves.items()}
first_losses = {name: cnn.loc[name, "first loss"].iloc[0] for name in cnn_curves}
for name, row in cnn[cnn["epoch"] == 12].iterrows():
    at_the_end = spread(row[["lowest", "median", "highest"]].astype(float))
    print(f"{name:8s} first loss {row['first loss']:5.1f}, accuracy after 12 epochs {at_the_end}")
CurvesDisplay(
    cnn_curves,
    "The normal distribution is not to blame, its σ = 1 is",
    ylabel="validation accuracy",
    ylim=(0, 1),
)

# %% [markdown] name="cnn-read"
# With σ = 1 we meet the document's 70 % after these twelve epochs, and its 98 % with Xavier nearly. With σ = 0.05 the network
# starts a little later and ends hardly lower than with Xavier. So "normal" must mean σ = 1. The shape of the distribution
# does not matter; a window of 3 × 3 over 16 channels sums n = 144 inputs, and He's rule asks for √(2/144) ≈ 0.12.
#
# A first loss in the hundreds is the sign to remember. **Look at the first loss:** for ten classes it should be near 2.3. If
# it is not, the initialisation is wrong, and you know it after one step.

# %% [markdown] name="cnn-rates-intro"
# Is 70 % a limit? With σ = 1 the curve still rises at the end. And one thing was the same for all three: Adam's rate of
# 0.001. A step of Adam changes a weight by about the rate, whatever the gradient. Twelve epochs are 540 steps, so that a
# weight travels about 0.54 at most: far for one that starts near 0.1, not far for one that starts near 1.
#
# **Predict:** what is left of the gap if each start gets the rate that suits it? Five rates, five seeds each:

# %% name="cnn-rates"
cnn_rates = [0.001, 0.003, 0.01, 0.03, 0.1]
cnn_trainer = Trainer(models.cnn, pictured, optimizer="adam", epochs=12)
cnn_starts = {
    "Xavier": {"kernel_initializer": "glorot_uniform"},
    "σ = 1": {"kernel_initializer": "random_normal", "init_scale": 20.0},
}
cnn_by_rate = {
    name: cnn_trainer.run(learning_rate=cnn_rates, seeds=5, **start).by("learning_rate", "val_accuracy")
    for name, start in cnn_starts.items()
}
cnn_best = {name: np.median(values, axis=1).max() for name, values in cnn_by_rate.items()}
print(" · ".join(f"{name}: {best:.2f} at its best rate" for name, best in cnn_best.items()))
SweepDisplay(
    cnn_rates,
    cnn_by_rate,
    "Large weights want larger steps, and then do nearly as well",
    ylabel="validation accuracy after 12 epochs",
    ylim=(0, 1.03),
)

# %% [markdown] name="cnn-rates-read"
# Little is left of it. At a rate thirty times as large σ = 1 comes within a few per cent of the best that Xavier does. So the
# claim **holds, with two conditions**: "normal" means σ = 1, and the rate is one that suits Xavier. What the document
# took for the fault of the distribution was its scale, and a rate that did not go with it.

# %% [markdown] name="cnn-mnist-intro"
# And on the 10,000 pictures of MNIST? They are fewer than
# the document had, but almost six times our digits, and so six epochs do. Accuracy after each, with the rate 0.001 again:

# %% name="cnn-mnist"
cnn_on_mnist = tables.reproduced("cnn_story")
print("first losses:", cnn_on_mnist.groupby("start")["first loss"].first().to_dict())
cnn_on_mnist.pivot_table(index="start", columns="epoch", values="median").map("{:.2f}".format)

# %% [markdown] name="cnn-mnist-read"
# Xavier: 98 %, as in the document. σ = 1: above 80 %, and on its way there it passed the document's 70 %. Which
# number one reports from such a slow ascent is a matter of when one stops. σ = 0.05 is as good as Xavier here.

# %% [markdown] name="embedding"
# ## Word embeddings (claim IN3)
#
# An **embedding** is a table with a row of numbers for each word; the network looks up the rows of the words it
# reads, and training changes them. One document found that embeddings trained slowly from Glorot uniform, and much faster
# from `uniform`. Again it does not say *which* uniform. Keras' own goes from −0.05 to 0.05; a tutorial of the time
# used −1 to 1.
#
# We make a small language: 300 words, each with a hidden mood, and texts of 8 words. The question is whether the
# moods of a text add up to more than 0. The network averages the rows of its words and has one layer on top. That layer
# starts from zeros (for a last layer that is fine), so that `init_scale` concerns the embedding alone.


# %% name="embedding-data"
def reader(input_shape, outputs, *, embeddings_initializer="glorot_uniform"):
    layers = keras.layers
    stack = [layers.Input(input_shape), layers.Embedding(300, 64, embeddings_initializer=embeddings_initializer)]
    stack += [layers.GlobalAveragePooling1D(), layers.Dense(outputs, kernel_initializer="zeros")]
    return keras.Sequential(stack)


random = Draws("texts", seed=0)
mood = random.normal(300)
texts = random.integers(300, (3000, 8))
reviews = datasets.from_arrays(texts, (mood[texts].sum(axis=1) > 0).astype(int), name="texts", validation=0.2)
glorot_limit = np.sqrt(6 / (300 + 64))
most = max(np.bincount(reviews.y_validation)) / len(reviews.y_validation)
print(f"Glorot uniform draws between -{glorot_limit:.2f} and {glorot_limit:.2f}")
print(f"always giving the more frequent answer is right in {most:.2f} of the cases")

# %% [markdown] name="embedding-predict"
# **Predict:** is uniform between −1 and 1 faster than Glorot uniform? And what if we *exchange the scales*: Glorot, made
# as wide as −1 … 1, and uniform, made as narrow as Glorot?

# %% name="embedding-runs" tags=["foreign-numbers"]
reading = Trainer(reader, reviews, epochs=10)
one = initializers.RandomUniform(-1, 1)
crossed = {}
for name, start, scale_of in (("Glorot", "glorot_uniform", glorot_limit), ("uniform", one, 1.0)):
    for wide in (glorot_limit, 1.0):
        runs = reading.run(embeddings_initializer=start, init_scale=wide / scale_of, learning_rate=0.1, seeds=6)
        crossed[name, f"± {wide:.2f}"] = runs.final("val_accuracy")
pd.DataFrame(
    {
        name: {width: f"{np.median(values):.2f}" for (start, width), values in crossed.items() if start == name}
        for name in ("Glorot", "uniform")
    }
)

# %% [markdown] name="embedding-read"
# Each column is a name, each row a range. The columns are the same; the rows differ. With the *same random numbers*
# in the *same range*, there is nothing left in the name. What makes training faster here is the larger scale; from the
# small one the network has learned nothing yet but which answer is the more frequent one.
#
# Is larger always faster, then? **Predict** what Adam will make of it, at a rate of 0.001. And what remains of the
# difference if every range gets the best of four rates?

# %% name="embedding-sweep"
widths = np.array([0.02, 0.05, glorot_limit, 0.5, 1.0, 3.0])
reading_rates = {"SGD": ("sgd", [0.1, 1.0, 3.0, 10.0]), "Adam": ("adam", [0.001, 0.003, 0.01, 0.03])}
by_width = {}
for name, (optimizer, rates) in reading_rates.items():
    scales_and_rates = {"optimizer": optimizer, "init_scale": widths / glorot_limit, "learning_rate": rates}
    runs = reading.run(**scales_and_rates, seeds=5)
    accuracy = np.array([runs.select(learning_rate=rate).by("init_scale", "val_accuracy") for rate in rates])
    best = np.median(accuracy, axis=2).argmax(axis=0)
    by_width[f"{name}, rate {rates[0]}"] = accuracy[0]
    by_width[f"{name}, best rates"] = accuracy[best, np.arange(len(widths))]
SweepDisplay(
    widths,
    by_width,
    "The range matters only where the rate is too small",
    xlabel="embeddings start between −a and a; a",
    ylabel="validation accuracy",
    ylim=(0.45, 1),
)

# %% [markdown] name="embedding-sweep-read"
# With SGD at 0.1 small embeddings learn nothing in ten epochs: the top layer gets gradients in proportion to them.
# With Adam at 0.001, which evens out the size of gradients, the same small embeddings are the *best*, and large ones are in
# the way, since training must first overcome their noise. But both are stories of a rate that is too small. With rates that
# suit them, all ranges and both optimizers come to about the same. So the claim **holds, with conditions**: "uniform" is
# wide, and SGD takes steps that are too short. With a good rate there is no difference to report.

# %% [markdown] name="names"
# ## All the names (claim IN5)
#
# Keras has a dozen initialisers. What distinguishes them? We draw a 400 × 100 matrix with each and set the
# standard deviation of its weights against the formula. n_in is 400 here, n_out 100. (`truncated_normal`
# cuts at two σ without making up for it, which leaves 0.88 of σ. The columns of an *orthogonal* matrix are perpendicular and
# of length 1.)
#
# **Predict:** which of them have the same standard deviation? Which cannot break symmetry?

# %% name="names-table"
formulas = {
    "zeros": ("0", 0.0),
    "ones": ("0", 0.0),
    "random_normal": ("0.05", 0.05),
    "random_uniform": ("0.05 / √3", 0.05 / np.sqrt(3)),
    "truncated_normal": ("0.88 · 0.05", 0.8796 * 0.05),
    "lecun_normal": ("√(1 / n_in)", np.sqrt(1 / 400)),
    "lecun_uniform": ("√(1 / n_in)", np.sqrt(1 / 400)),
    "glorot_normal": ("√(2 / (n_in + n_out))", np.sqrt(2 / 500)),
    "glorot_uniform": ("√(2 / (n_in + n_out))", np.sqrt(2 / 500)),
    "he_normal": ("√(2 / n_in)", np.sqrt(2 / 400)),
    "he_uniform": ("√(2 / n_in)", np.sqrt(2 / 400)),
    "orthogonal": ("√(1 / 400)", np.sqrt(1 / 400)),
}

# %% [markdown] name="names-draw-intro"
# Now the draws, with five seeds each:


# %% name="names-draw" tags=["foreign-numbers"]
def deviations(name):
    kind = type(initializers.get(name))
    seeded = "seed" in initializers.get(name).get_config()
    draws = [(kind(seed=seed) if seeded else kind())((400, 100)) for seed in range(5)]
    return np.array([np.std(draw) for draw in draws])


drawn_deviations = {name: deviations(name) for name in formulas}
formulas_hold = all(np.allclose(drawn_deviations[name], sigma, rtol=0.03) for name, (_, sigma) in formulas.items())
print("every deviation within 3 % of its formula:", formulas_hold)
pd.DataFrame(
    [(words, f"{sigma:.3f}", f"{np.median(drawn_deviations[name]):.3f}") for name, (words, sigma) in formulas.items()],
    index=list(formulas),
    columns=["formula", "by the formula", "drawn"],
)

# %% [markdown] name="names-read"
# The many names are few choices: a **scale** (fixed, or by n_in, or by n_in and n_out) and a **shape** (normal, uniform,
# orthogonal). `lecun`, `glorot` and `he` follow the size of the layer, and `keras.initializers.VarianceScaling` makes
# any of these six. The others do not, apart from `orthogonal`; zeros and ones cannot break symmetry. The list
# itself is nothing to be true or false, only **a convention**, and Keras keeps it.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the sentence before it.

# %% name="claims" tags=["foreign-numbers"]
wide_name, narrow_name = "± 1.00", f"± {glorot_limit:.2f}"
claims.table(
    {
        "IN1": f"Adam at 0.001, 12 epochs: normal with σ = 1 {cnn_accuracy['σ = 1']:.2f}, Xavier {cnn_accuracy['Xavier']:.2f}, normal with σ = 0.05 {cnn_accuracy['σ = 0.05']:.2f}. Each at its best rate: σ = 1 {cnn_best['σ = 1']:.2f}, Xavier {cnn_best['Xavier']:.2f}.",
        "IN2": f"Normal with σ = 1: {after['normal, σ = 1'][0]:.2f} after one epoch, {after['normal, σ = 1'][-1]:.2f} after 20; zeros: {after['zeros'][0]:.2f} and {after['zeros'][-1]:.2f}. With ten times the rate {np.median(caught_up['normal, σ = 1']):.2f} and {np.median(caught_up['zeros']):.2f} after 20. With a hidden layer zeros learn nothing.",
        "IN3": f"SGD at 0.1: {np.median(crossed['uniform', wide_name]):.2f} from uniform ± 1, {np.median(crossed['Glorot', narrow_name]):.2f} from Glorot; the same when the names are exchanged. With Adam at 0.001 the small range is better. With the best of four rates all ranges come to about the same.",
        "IN4": f"Over 20 layers Glorot keeps signals with tanh, He with ReLU. Ten ReLU layers, each start at its best rate: 0.6 after {needed['He'].min():.0f} epochs with He, {needed['Glorot'].min():.0f} with Glorot; with σ = 0.05 at no rate.",
        "IN5": f"Every one of {len(formulas)} initialisers drawn has the deviation of its formula: {formulas_hold}.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. Which σ?
#
# A hidden layer has 50 inputs and uses ReLU. Which standard deviation should its weights have to keep the signal?

# %% name="exercise-sigma" tags=["exercise"]
my_sigma = ...

# %% name="exercise-sigma-solved" tags=["solution"]
my_sigma = np.sqrt(2 / 50)

# %% [markdown] name="exercise-sigma-check-intro"
# Run the next cell to check.

# %% name="exercise-sigma-check"
checks.number(
    my_sigma,
    0.2,
    hints={
        0.04: "that is the variance. The standard deviation is its root.",
        np.sqrt(1 / 50): "that would keep the signal without ReLU, which halves the mean square.",
    },
    why="½ · 50 · σ² = 1.",
)

# %% [markdown] name="exercise-limits"
# ### 2. The limits of a uniform distribution
#
# Write the function that gives the limit *a* of He's uniform initialiser: weights between −a and a, for a layer with
# `inputs` inputs. (A uniform distribution between −a and a has the standard deviation a / √3.)


# %% name="exercise-limits-code" tags=["exercise"]
def he_limit(inputs): ...


# %% name="exercise-limits-solved" tags=["solution"]
def he_limit(inputs):
    return np.sqrt(6 / inputs)


# %% [markdown] name="exercise-limits-check-intro"
# Four layers are tried:

# %% name="exercise-limits-check"
checks.code(
    he_limit,
    [((6,), 1.0), ((24,), 0.5), ((64,), np.sqrt(6 / 64)), ((600,), 0.1)],
    why="a = √3 · √(2 / n) = √(6 / n).",
)

# %% [markdown] name="exercise-depth"
# ### 3. How deep before it is gone?
#
# With ReLU and weights that are a little too small, each layer multiplies the size of the signal by 0.7 (as Glorot does).
# After how many layers is less than a thousandth of it left?

# %% name="exercise-depth-answer" tags=["exercise"]
my_layers = ...

# %% name="exercise-depth-solved" tags=["solution"]
my_layers = 20

# %% [markdown] name="exercise-depth-check-intro"
# A whole number of layers:

# %% name="exercise-depth-check"
checks.number(
    my_layers,
    20,
    tolerance=0.001,
    near=0.11,
    hints={
        10: "0.7 to the power 10 is about 0.03. Square that.",
        19: "0.7 to the power 19 is a little more than 0.001.",
    },
    why="0.7 to the power 20 is about 0.0008.",
)

# %% [markdown] name="exercise-diagnosis"
# ### 4. What is wrong here?
#
# A network with three hidden layers is to tell ten classes apart. The loss of its very first batch is 240. What is the
# most likely reason?
#
# - `"a"`: the learning rate is too high
# - `"b"`: the first weights are too large
# - `"c"`: the first weights are all zero
# - `"d"`: the first weights are too small

# %% name="exercise-diagnosis-answer" tags=["exercise"]
my_choice = ...

# %% name="exercise-diagnosis-solved" tags=["solution"]
my_choice = "b"

# %% [markdown] name="exercise-diagnosis-check-intro"
# Is it right?

# %% name="exercise-diagnosis-check"
checks.choice(
    my_choice,
    "b",
    why={
        "a": "The first batch is measured before the first step: no rate has had any effect yet.",
        "b": "Blind guessing would give 2.3. Only large, wrong outputs give hundreds, and they come from large weights.",
        "c": "From zeros every class is equally likely, and the loss is exactly that of guessing, 2.3.",
        "d": "Small weights give outputs near 0, and the loss of guessing, 2.3.",
    },
    near=["a"],
)

# %% [markdown] name="exercise-goal"
# ### 5. The goal: rescue σ = 0.05
#
# Ten hidden layers of 64 units with ReLU and `"random_normal"` (σ = 0.05) learn nothing, as we saw. Bring at least
# five of six networks to a validation accuracy of 0.6 **within ten epochs, by `init_scale` alone**. Lab 2 helps, or the
# formula.

# %% name="exercise-goal-answer" tags=["exercise"]
my_scale = ...

# %% name="exercise-goal-solved" tags=["solution"]
my_scale = np.sqrt(2 / 64) / 0.05

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains six networks with your scale and counts.


# %% name="exercise-goal-check"
def networks_above(accuracy):
    rescued = trainer.run(
        init_scale=my_scale, kernel_initializer="random_normal", depth=10, learning_rate=0.03, epochs=10, seeds=6
    )
    return int((rescued.final("val_accuracy") > accuracy).sum())


checks.goal(
    lambda: networks_above(0.6),
    at_least=5,
    near=2,
    what="number of networks above 0.6, of six,",
    answers=[my_scale],
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - Hidden layers need random weights, to break symmetry. Biases, and a single last layer, may start at zero.
# - Each layer multiplies the size of the signal, so that depth turns a small mistake of scale into a large one.
# - ½ · n · σ² = 1 keeps the signal with ReLU (He), n · σ² = 1 with tanh; Glorot (Xavier) is the compromise between
#   forward and back.
# - It is the scale that counts, not the name and not the shape of the distribution: "normal" and "uniform" say nothing
#   until you know how wide.
# - A start and a rate belong together: with rates of their own, starts that seemed far apart came close. Only a deep network
#   without a gradient is beyond the help of any rate.
# - Look at the first loss. It should be that of blind guessing.
#
# **Sources.** Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010. He,
# Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015. LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998
# (`lecun_normal`). Kingma and Ba, *Adam*, 2014 (the size of its steps). Saxe, McClelland and Ganguli, *Exact solutions to the nonlinear dynamics of learning in deep linear
# neural networks*, 2013 (orthogonal). Data: Alpaydin and Kaynak, 1998 (digits). The documents B and C are named below
# the table of claims.
#
# Why does ReLU need twice the variance of tanh, and what else distinguishes them? Activations have a chapter of their own.
