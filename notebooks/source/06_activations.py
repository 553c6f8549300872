# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Activations: what stands between the layers?
#
# **The question of this chapter:** a layer multiplies and adds. What comes after that, and does it matter which? You
# need no experience with neural networks; [Start here](00_start_here.ipynb) explains the words *network*,
# *loss*, *epoch* and *seed*.
#
# An **activation** is the function through which the sums of a layer go before the next layer sees them. It seems a small
# thing. Without it a network of a hundred layers is no better than one of a single layer, and with the wrong one it
# learns nothing.
#
# **For teachers:** each of the three labs works alone. Run the cells down to it once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, load_digits, make_circles

from course_utils import checks, claims, datasets, models, predictions
from course_utils.chapters import activation_functions
from course_utils.chapters.activations import saturation
from course_utils.chapters.activations.race import OWN, SAME, AccuracyByActivation, ActivationRace, epochs_to
from course_utils.chapters.decision_regions import DecisionRegions, RegionsDisplay, predict_of
from course_utils.drawing import CurvesDisplay, Gallery, SweepDisplay
from course_utils.lab import Lab, choice, int_slider, log_slider
from course_utils.portable import Draws, cospi, sinpi
from course_utils.training import Trainer

# %% [markdown] name="data"
# ## The data
#
# We begin in the plane, where everything can be seen: a ring around a disc, and two spirals that wind around each other.
# Each point is two numbers, and the network says to which of the two **classes** it belongs.


# %% name="data-planes"
def spirals(rows=1000, turns=1.25, noise=0.05, seed=0):
    random = Draws("spirals", seed)
    label, radius = random.integers(2, rows), np.sqrt(random.uniform(rows, 0.02, 1))
    half_turns = 2 * turns * radius + label
    points = radius[:, None] * np.column_stack([cospi(half_turns), sinpi(half_turns)])
    return datasets.from_arrays(points + noise * random.normal((rows, 2)), label, name="spirals", scale="standard")


ring = datasets.from_arrays(*make_circles(1000, noise=0.1, factor=0.4, random_state=0), name="ring", scale="standard")
planes = {"moons": datasets.moons(), "ring": ring, "spirals": spirals()}
print(*planes.values(), sep="\n")

# %% [markdown] name="linear"
# ## Two layers without an activation are one (claim AC3)
#
# A **layer** multiplies its inputs by a table of weights and adds a constant, the *bias*: outputs = inputs · W + b. Put a
# second layer behind it and multiply out:
#
# > (x · W₁ + b₁) · W₂ + b₂ = x · (W₁ · W₂) + (b₁ · W₂ + b₂)
#
# That is again a table of weights and a constant: **one** layer. The activation is what stops us from multiplying out.
#
# **Predict:** does this also hold for a network with three layers that was *trained*? We train one with the activation
# `"linear"` (which changes nothing) on the ring, and fold its layers into one by hand.

# %% name="linear-folded"
plane_knobs = {"depth": 2, "width": 16, "learning_rate": 0.01, "seeds": 5}
on_planes = {name: Trainer(models.mlp, data, optimizer="adam") for name, data in planes.items()}
linear_ring = on_planes["ring"].run(activation="linear", **plane_knobs)
weights = linear_ring.model(0).get_weights()
folded, constant = weights[0], weights[1]
for kernel, bias in zip(weights[2::2], weights[3::2]):
    folded, constant = folded @ kernel, constant @ kernel + bias
by_network = predictions.outputs(linear_ring, ring.x_test)[0]
one_layer_is_the_same = bool(np.allclose(ring.x_test @ folded + constant, by_network, atol=1e-4))
print("weights of the folded layer:", folded.shape, "  same outputs as the three layers:", one_layer_is_the_same)

# %% [markdown] name="linear-predict"
# A single layer splits the plane along a straight line, and no straight line separates a disc from its ring. Now the
# same network, with each activation. `"relu"` replaces negative numbers by 0, `"tanh"` is an S-shaped curve
# between −1 and 1. **Predict** the accuracies: on which of the three data sets does the linear network do worst?

# %% name="planes-runs" tags=["foreign-numbers"]
plane_runs = {
    (name, activation): trainer.run(activation=activation, **plane_knobs)
    for name, trainer in on_planes.items()
    for activation in ("linear", "relu", "tanh")
}
plane_accuracy = {key: runs.final("val_accuracy") for key, runs in plane_runs.items()}
plane_medians = {key: f"{np.median(values):.2f}" for key, values in plane_accuracy.items()}
pd.DataFrame({a: {name: plane_medians[name, a] for name in planes} for a in ("linear", "relu", "tanh")})

# %% [markdown] name="planes-picture-intro"
# What the networks make of the plane. The line is where they change their mind.

# %% name="planes-picture"
Gallery(
    *(
        RegionsDisplay(predict_of(plane_runs["ring", activation]), ring.x_train, ring.y_train, f"Ring, {activation}")
        for activation in ("linear", "relu", "tanh")
    )
)

# %% [markdown] name="planes-read"
# The claim **holds**: whatever its depth, the linear network draws a straight line. ReLU bends it at corners, tanh in
# curves. A document adds that without activations the accuracy will be low. That depends on the data: the moons are
# nearly separable by a line, and the linear network is not bad at all there. On the ring it is no better than a coin.

# %% [markdown] name="lab-regions-intro"
# ### Lab 1: bend the line
#
# **Predict, then drag:** can any depth help the linear network? How many hidden layers of 16 units does ReLU need
# for the spirals? Does tanh need as many? And what does the *sigmoid* do, an S-shaped curve between 0 and 1?

# %% name="lab-regions"
Lab(
    on_planes["spirals"],
    DecisionRegions(planes["spirals"]),
    activation=choice(["linear", "sigmoid", "tanh", "relu"], "relu"),
    depth=choice([1, 2, 4], 2),
    learning_rate=log_slider(0.001, 0.1, value=0.01, step=0.05),
    width=16,
    epochs=30,
    presets={
        "linear, deep": {"activation": "linear", "depth": 4},
        "tanh": {"activation": "tanh"},
        "one layer": {"depth": 1},
    },
    name="on_spirals",
)

# %% [markdown] name="lab-regions-after"
# What you should have seen: with the linear network the line only turns, at every depth. ReLU follows the arms nearly
# everywhere with one hidden layer and everywhere with two; tanh gets there as well, with four. The sigmoid hardly bends its
# line in 30 epochs at the rate 0.01, and more layers do not help it. Why? That is the next section.

# %% [markdown] name="slopes"
# ## The slope is what the gradient sees (claim AC1, first half)
#
# Training sends the **gradient** (how the loss changes with each weight) back through the layers. At each activation it
# is multiplied by the **slope** of the activation at that place. Where the curve is flat, almost nothing gets through: the
# unit is **saturated**. The formulas:
#
# - sigmoid: s = 1 / (1 + e^−z), slope s · (1 − s), at most ¼
# - tanh: slope 1 − tanh², at most 1
# - ReLU: slope 1 on the right, 0 on the left; **leaky ReLU** has a small slope on the left instead (0.2 in Keras)
#
# We compute the slopes by hand and let Keras and TensorFlow compute them from their own activations.

# %% name="slopes-by-hand"
import keras
import tensorflow as tf

z = np.linspace(-6, 6, 201)
names = ["sigmoid", "tanh", "relu", "leaky_relu"]
sigmoid = 1 / (1 + np.exp(-z))
by_hand = [sigmoid * (1 - sigmoid), 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0), np.where(z > 0, 1, 0.2)]
by_hand = dict(zip(names, by_hand))
slopes_equal = {}
for name in names:
    inputs = tf.Variable(z)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(keras.activations.get(name)(inputs))
    away = np.abs(z) > 1e-9  # at 0 ReLU has a corner and no slope
    slopes_equal[name] = bool(np.allclose(tape.gradient(total, inputs)[away], by_hand[name][away], atol=1e-5))
print("slope by hand equals Keras:", slopes_equal)

# %% [markdown] name="slopes-picture-intro"
# The curves, and their slopes:

# %% name="slopes-picture"
Gallery(
    CurvesDisplay(
        {n: activation_functions.value(n, z) for n in names},
        "Activations",
        x=z,
        xlabel="sum",
        ylim=(-2, 3),
        ylabel="output",
    ),
    CurvesDisplay(
        by_hand, "Slopes: the sigmoid passes ¼ at best", x=z, xlabel="sum", ylabel="slope", ylim=(-0.05, 1.1)
    ),
)

# %% [markdown] name="saturation"
# Where do the sums of a real network lie? We send 100 digits through ten random layers and count the units at a **flat**
# place: where the slope is less than a twentieth of the steepest. Then we look how much of the gradient arrives at the
# first layer.
#
# **Predict:** which weights saturate the sigmoid, small or large ones? And which let the gradient through? One document
# says that the sigmoid needs *small* first weights and a shallow network, and that tanh and ReLU avoid the trouble.
# (`scale` multiplies weights drawn
# as Glorot and Bengio propose, which is Keras' default; see [initialisation](05_initialization.ipynb).)

# %% name="saturation-table" tags=["foreign-numbers"]
digits = datasets.digits()
saturating = saturation.SaturatingNetworks(digits)
measured = {
    (name, scale): saturating.run(activation=name, scale=scale, depth=10, seeds=7)
    for name in names
    for scale in (0.5, 1.0, 4.0, 16.0)
}
pd.DataFrame(
    [
        {
            "activation": name,
            "scale": scale,
            "flat": f"{np.median(found.flat.mean(axis=1)):.1f}",
            "gradient left, power of ten": round(float(np.log10(found.gradient_growth))),
        }
        for (name, scale), found in measured.items()
    ]
)

# %% [markdown] name="saturation-read"
# Sigmoid and tanh do **saturate**, the more the larger the weights. But the sigmoid loses most of the gradient with *small*
# weights, where not a single unit is flat: each layer takes its ¼ or more, and small weights take the rest. So the
# advice to start the sigmoid from small weights **does not hold here**: it prevents saturation and loses the gradient all the
# same. What it needs are weights about four times as large as usual, to make up for its slope.
#
# With ReLU half of the units are always flat (the left side), and it does no harm: the other half pass everything.

# %% [markdown] name="lab-saturation-intro"
# ### Lab 2: saturation
#
# **Predict, then drag:** for tanh, from which scale on are most units flat? Do the gradients then vanish or explode? Find the
# scale at which the sigmoid passes most. Then compare ReLU with leaky ReLU: how many units are flat in each?

# %% name="lab-saturation"
Lab(
    saturating,
    saturation.FlatByLayer(),
    activation=choice([*names, "elu"], "tanh"),
    scale=log_slider(0.1, 30, value=1.0, step=0.05),
    depth=int_slider(2, 20, value=10),
    presets={
        "sigmoid": {"activation": "sigmoid"},
        "sigmoid, large": {"activation": "sigmoid", "scale": 10.0},
        "tanh, large": {"scale": 10.0},
        "ReLU": {"activation": "relu", "scale": 1.4},
        "leaky": {"activation": "leaky_relu", "scale": 1.4},
    },
    name="saturating",
)

# %% [markdown] name="lab-saturation-after"
# What you should have seen: tanh is hardly flat at scale 1 and mostly flat at 10, and yet its gradients *explode*
# there, since the few units that are not flat meet large weights. The sigmoid passes most gradient between 4 and 16. Half of ReLU's units are flat and half of the leaky
# ones would be, if their left side had no slope: with it, none is.

# %% [markdown] name="dead"
# ## Dead units
#
# A ReLU unit whose sum is negative for *every* row passes no gradient for any of them. Its weights never change again:
# it is **dead**. A large step can kill a unit, and nothing revives it. A leaky unit cannot die in this way.
#
# **Predict:** at which learning rates do units die, and does the accuracy suffer at once? We train the digits network
# (four hidden layers of 64) at four rates with five seeds, and count the dead units by hand.


# %% name="dead-by-hand" tags=["foreign-numbers"]
def dead_share(weights, activation):
    sums = activation_functions.sums_of(weights, digits.x_train, activation)
    return np.mean([(activation_functions.slope(activation, layer) == 0).all(axis=0).mean() for layer in sums])


trainer = Trainer(models.mlp, digits, epochs=10)
dead_rates = [0.03, 0.1, 0.6, 1.0]
relu_runs = trainer.run(activation="relu", depth=4, learning_rate=dead_rates, seeds=5)
leaky_runs = trainer.run(activation="leaky_relu", depth=4, learning_rate=dead_rates, seeds=5)
dead = np.reshape([dead_share(model.get_weights(), "relu") for model in relu_runs.models()], (4, 5))
leaky_dead = [dead_share(model.get_weights(), "leaky_relu") for model in leaky_runs.take(range(15, 20)).models()]
print("dead units of leaky ReLU at the highest rate:", max(leaky_dead))

# %% [markdown] name="dead-picture-intro"
# Left, the share of dead ReLU units; right, the accuracy of both.

# %% name="dead-picture"
dead_accuracy = {
    name: runs.by("learning_rate", "val_accuracy")
    for name, runs in {"relu": relu_runs, "leaky_relu": leaky_runs}.items()
}
Gallery(
    SweepDisplay(dead_rates, dead, "Large steps kill ReLU units", ylabel="share of dead units", ylim=(-0.03, 1.03)),
    SweepDisplay(dead_rates, dead_accuracy, "… and with them the network", ylabel="validation accuracy", ylim=(0, 1.1)),
)

# %% [markdown] name="dead-read"
# Some units are dead at every rate, and the network does not miss them. Beyond a certain rate whole layers die, and the
# network with them. The leaky network has no dead units even at the highest rate. Does that save it? No: it breaks
# there as well, of other causes. Being alive is not enough.

# %% [markdown] name="race"
# ## Which one is fastest? (claim AC1, second half)
#
# The documents say that ReLU converges faster than the others. A race needs **rules**: which learning rate, which
# initialisation, which inputs? We measure the epochs until a validation accuracy of 0.9 (four hidden layers, SGD, nine seeds,
# at most 20 epochs), under three sets of rules:
#
# 1. **the same for all**: a rate of 0.01, Glorot's weights, pixels between 0 and 1
# 2. **the same for all, raw pixels**: a rate of 0.003, pixels between 0 and 16 as the file has them
# 3. **each its own**: the best of four rates for each, and first weights that suit it (ReLU wants Glorot's weights times
#    √2, the sigmoid times 4, as the slope of ¼ suggests)
#
# First we look for the best rate of each. **Predict** which one will want the largest.

# %% name="race-rates"
fitting = {"sigmoid": 4.0, "tanh": 1.0, "relu": 2**0.5, "leaky_relu": 2**0.5}
tried_rates = [0.03, 0.1, 0.3, 1.0]
own = {}
for name, scale in fitting.items():
    tried = trainer.run(activation=name, depth=4, learning_rate=tried_rates, init_scale=scale, seeds=5, epochs=4)
    accuracy = np.nan_to_num(tried.history["val_accuracy"]).mean(axis=1).reshape(4, 5).mean(axis=1)
    own[name] = {"learning_rate": tried_rates[int(accuracy.argmax())], "init_scale": scale}
print({name: knobs["learning_rate"] for name, knobs in own.items()})

# %% [markdown] name="race-predict"
# **Predict** the winner under each of the three rules. (The table gives the median of the nine seeds, and in brackets the
# fastest and the slowest of them.)

# %% name="race-run"
raw = Trainer(models.mlp, datasets.digits("raw"), epochs=20)
race = ActivationRace({"0 … 1": trainer, "0 … 16": raw}, own)
fixed = {"depth": 4, "seeds": 9, "epochs": 20}
races = {
    "same rate 0.01": race.run(rules=SAME, inputs="0 … 1", learning_rate=0.01, **fixed),
    "same rate 0.003, raw": race.run(rules=SAME, inputs="0 … 16", learning_rate=0.003, **fixed),
    "each its own": race.run(rules=OWN, inputs="0 … 1", **fixed),
}
epochs_needed = {rules: epochs_to(runs, 0.9) for rules, runs in races.items()}


def in_words(epochs):
    fastest, median, slowest = (
        f"{n:.0f}" if n < np.inf else "not in 20" for n in np.sort(epochs)[[0, len(epochs) // 2, -1]]
    )
    return median if fastest == slowest else f"{median} ({fastest} to {slowest})"


needed = pd.DataFrame(epochs_needed).map(in_words)
needed

# %% [markdown] name="race-read"
# Three rules, three results. With one small rate and Glorot's weights, which suit it, **tanh** wins. With raw pixels and
# a smaller rate **ReLU** wins, plain or leaky: its gradient grows with its inputs, while large inputs saturate the first
# layer of tanh. When each gets what suits it, these three arrive at about the same time. Only the **sigmoid** is last under
# every rule.
#
# So the claim **holds, with a condition**: ReLU is faster than the sigmoid; against tanh, the rules decide. Whenever you
# read that one method beats another, ask who chose the learning rate.

# %% [markdown] name="lab-race-intro"
# ### Lab 3: make your favourite win
#
# You are the referee. **Predict, then drag:** find rules under which ReLU wins by far, rules under which tanh does,
# and rules under which leaky ReLU beats ReLU. Where is the sigmoid not last? (Rate and scale act where the rules are
# the same for all; `init_scale` multiplies the first weights.)

# %% name="lab-race"
Lab(
    race,
    AccuracyByActivation(),
    rules=choice({"the same for all": SAME, "each its own": OWN}, "the same for all"),
    inputs=choice(["0 … 1", "0 … 16"], "0 … 1"),
    learning_rate=log_slider(0.001, 1, value=0.01, step=0.05),
    init_scale=log_slider(0.3, 10, value=1.0, step=0.05),
    depth=4,
    seeds=5,
    epochs=20,
    presets={
        "tanh wins": {"learning_rate": 0.01},
        "ReLU wins": {"inputs": "0 … 16", "learning_rate": 0.0032},
        "a tie": {"rules": "each its own"},
        "large weights": {"init_scale": 4.0, "learning_rate": 0.01},
    },
    name="race",
)

# %% [markdown] name="lab-race-after"
# What you should have seen: the order changes with every control. With the rate at 0.01 and weights four times as large,
# leaky ReLU is first to 0.9 and ReLU does not get there; with the same weights and a rate near 1 only the sigmoid is left. A comparison at one
# setting tells about that setting.

# %% [markdown] name="outputs"
# ## The last layer (claim AC2)
#
# The last layer has its own activation, and there the choice is not about speed: it says what kind of answer the network
# can give. The documents advise **softmax** for several classes, the **sigmoid** for two, **nothing** (a linear output)
# for a regression, where the answer is a number. We make one right and one wrong network for each.
#
# Softmax makes positive numbers with the sum 1 of any numbers z: eᶻ divided by the sum of all eᶻ. For two classes it *is* the
# sigmoid: softmax of (0, z) gives 1 / (1 + e^−z) for the second. And for a single number it is eᶻ / eᶻ, which is 1, always.
# **Predict** what a network learns whose only output goes through softmax. (Keras warns
# of it, and rightly. We do it on purpose and switch the warning off.)

# %% name="outputs-by-hand"
import warnings

warnings.filterwarnings("ignore", message=".*softmax over axis.*")  # Keras warns of what we do on purpose
softmax = keras.activations.softmax
pairs = np.array([[0.0, number] for number in (-2, 0, 3)])
softmax_is_sigmoid = bool(np.allclose(softmax(tf.constant(pairs))[:, 1], 1 / (1 + np.exp(-pairs[:, 1]))))
alone = softmax(tf.constant([[-2.0], [0.0], [3.0]])).numpy().ravel()
print("softmax of (0, z) is the sigmoid of z:", softmax_is_sigmoid, "  softmax of one number:", alone)

# %% [markdown] name="outputs-classes-intro"
# **Several classes: the digits.** Right is a softmax of ten free sums. Two wrong ones: the sums go through a sigmoid
# *before* the softmax (a common slip: two activations in a row), and the regression, where the network has a single output and is
# asked for the *number* 7 when it sees a seven, rounded.
#
# **Predict** with a pencil: sums between 0 and 1 give probabilities of at most e / (e + 9) ≈ 0.23. What is then the
# lowest possible loss? (It is −ln of that probability.) Both networks get the best of five rates.


# %% name="outputs-classes"
def headed(input_shape, outputs, *, head="linear", units=None):
    stack = [keras.layers.Input(input_shape), keras.layers.Dense(32, activation="relu")]
    stack += [keras.layers.Dense(units or outputs), keras.layers.Activation(head)]
    return keras.Sequential([*stack, keras.layers.Activation("linear")])


head_rates = {"linear": [0.03, 0.1, 0.3, 1.0, 3.0], "sigmoid": [0.3, 1.0, 3.0, 10.0, 30.0]}
ten = {}
for head, rates in head_rates.items():
    runs = Trainer(headed, digits).run(head=head, learning_rate=rates, seeds=5)
    losses = np.nan_to_num(runs.by("learning_rate", "val_loss"), nan=np.inf)
    ten[head] = runs.select(learning_rate=rates[np.median(losses, axis=1).argmin()])
class_loss = {head: runs.final("val_loss") for head, runs in ten.items()}
floor = np.log(1 + 9 / np.e)
print(f"lowest possible loss after a sigmoid: {floor:.2f}; reached: {np.median(class_loss['sigmoid']):.2f}")
print(f"reached without it: {np.median(class_loss['linear']):.2f}")

# %% [markdown] name="outputs-number-intro"
# And how often is each right? (The number, too, gets the best of four rates.)

# %% name="outputs-number" tags=["foreign-numbers"]
pixels, digit = load_digits(return_X_y=True)
numbers = datasets.from_arrays(pixels, digit.astype(float), name="numbers", scale="unit")
one_number = Trainer(headed, numbers).run(learning_rate=[0.003, 0.01, 0.03, 0.1], seeds=5)
rounded = np.round(predictions.outputs(one_number, numbers.x_validation)[..., 0])
shares = (rounded == numbers.y_validation).mean(axis=1).reshape(4, 5)
class_accuracy = {
    "softmax": ten["linear"].final("val_accuracy"),
    "sigmoid, then softmax": ten["sigmoid"].final("val_accuracy"),
    "a rounded number": shares[np.median(shares, axis=1).argmax()],
}
for name, values in class_accuracy.items():
    print(f"{name:22s} right: {np.median(values):.2f} ({values.min():.2f} to {values.max():.2f})")

# %% [markdown] name="outputs-classes-read"
# The second network *knows* the digit as well as the first, but can never say so with more than 23 % confidence: its loss is
# stuck above 1.46. Accuracy alone would not show it. The third one fails for a deeper reason: digits are names, not amounts. Between a 3 and a
# 9 it would have to pass through 4, 5, 6, 7 and 8.
#
# **Two classes: the moons.** Right: one output with a sigmoid (or two with softmax, which is the same thing). Wrong:
# one output with softmax.

# %% name="outputs-two"
moons = planes["moons"]
two_knobs = {"learning_rate": 0.3, "seeds": 5}
two = {
    "one sigmoid": Trainer(headed, moons).run(units=1, **two_knobs),
    "softmax of one": Trainer(headed, moons).run(units=1, head="softmax", **two_knobs),
}
two_accuracy = {name: runs.final("val_accuracy") for name, runs in two.items()}
for name, values in two_accuracy.items():
    fell = two[name].history["loss"][:, 0] - two[name].history["loss"][:, -1]
    print(f"{name:14s} accuracy {np.median(values):.2f}, loss fell by {max(np.median(fell), 0):.1f}")

# %% [markdown] name="outputs-regression-intro"
# **Regression: diabetes.** From ten measurements of a patient, say how far the illness will have gone in a year. The
# target has mean 0 and deviation 1, so that always answering 0 leaves 1.0 of the variance unexplained. **Predict** which
# of these outputs can give a negative answer: linear, sigmoid? And would it help the sigmoid if we moved the targets to
# 0 … 1? (Each gets the best of four rates.)

# %% name="outputs-regression" tags=["foreign-numbers"]
inputs, progress = load_diabetes(return_X_y=True)
targets = {"deviation 1": (progress - progress.mean()) / progress.std(), "0 … 1": (progress - 25) / (346 - 25)}
unexplained = {}
for scale, target in targets.items():
    patients = datasets.from_arrays(inputs, target, validation=0.3, scale="standard", name="diabetes")
    trained = Trainer(headed, patients, optimizer="adam", epochs=40)
    for head in ("linear", "sigmoid"):
        found = trained.run(head=head, learning_rate=[0.0003, 0.001, 0.003, 0.01], seeds=5)
        left = found.by("learning_rate", "val_loss") / patients.y_validation.var()
        unexplained[head, scale] = left[np.median(left, axis=1).argmin()]
left_by = {key: f"{np.median(values):.2f}" for key, values in unexplained.items()}
pd.DataFrame({head: {scale: left_by[head, scale] for scale in targets} for head in ("linear", "sigmoid")})

# %% [markdown] name="outputs-read"
# The share of the variance that is left unexplained. For targets of deviation 1 the linear output explains about half, the
# sigmoid much less: it cannot say −1, and half of the right answers are negative. With the targets in 0 … 1 it is as good as
# the linear output at its best: it was not *wrong*, it had the wrong *range*. (ReLU at the end would fail for the same reason.) So the claim **holds**, and the reason is range: the last activation must be able to say every right
# answer, and nothing that makes no sense.

# %% [markdown] name="recurrent"
# ## Networks with a memory (claim AC4)
#
# A **recurrent** network reads a sequence step by step. Its units feed back into themselves: new state = activation of
# (weights × old state + input). One document says to prefer tanh there.
#
# By hand, with a single unit and no input: the state goes through the same weight `w` again and again. **Predict**
# what is left of 1 after 20 steps, with ReLU and with tanh, for w = 0.8 and w = 1.5.

# %% name="recurrent-by-hand" tags=["foreign-numbers"]
after_20 = {}
for name in ("relu", "tanh"):
    for weight in (0.8, 1.0, 1.5):
        state = 1.0
        for _ in range(20):
            state = float(activation_functions.value(name, weight * state))
        after_20[name, weight] = state
        print(f"{name:4s}  weight {weight}: {state:.2g}")

# %% [markdown] name="recurrent-task"
# With ReLU the state is multiplied by w at each step: it vanishes or explodes, unless w is 1. tanh cannot explode.
#
# Now a task for memory: twelve numbers, of which only the **first** matters. It is about +1 or −1, and the rest is noise. Was
# it positive? Keras' `SimpleRNN` starts its feedback from an *orthogonal* matrix, which keeps lengths as they are. Le,
# Jaitly and Hinton (2015) propose for ReLU the *identity* instead: each unit keeps its own state. **Predict** which of the
# three remember.


# %% name="recurrent-runs"
def recurrent(input_shape, outputs, *, activation="tanh", start="orthogonal"):
    layers = keras.layers
    memory = layers.SimpleRNN(16, activation=activation, recurrent_initializer=start)
    return keras.Sequential([layers.Input(input_shape), memory, layers.Dense(outputs)])


random = Draws("heard", seed=0)
sign = random.integers(2, 800)
heard = 0.3 * random.normal((800, 12, 1))
heard[:, 0, 0] += 2 * sign - 1
remember = Trainer(recurrent, datasets.from_arrays(heard, sign, name="first of twelve", validation=0.2), epochs=20)
memory_rates = [0.003, 0.01, 0.03, 0.1, 0.3]
kinds = {"tanh": ("tanh", "orthogonal"), "ReLU": ("relu", "orthogonal"), "ReLU, identity": ("relu", "identity")}
remembered = {}
for name, (activation, start) in kinds.items():
    runs = remember.run(activation=activation, start=start, learning_rate=memory_rates, seeds=9)
    remembered[name] = runs.by("learning_rate", "val_accuracy")

# %% [markdown] name="recurrent-picture-intro"
# Always giving the more frequent answer is right in about half of the cases. Nine seeds:

# %% name="recurrent-picture"
SweepDisplay(
    memory_rates,
    remembered,
    "tanh remembers; ReLU only from the identity, at small rates",
    ylabel="validation accuracy",
    ylim=(0.4, 1.03),
)

# %% [markdown] name="recurrent-read"
# From Keras' default start, ReLU mostly forgets, at every rate: its units are cut to 0 again and again on the way, and of the
# first number hardly anything is left after twelve steps; a network now and then is lucky. From the identity it remembers as
# well as tanh, as long as the steps are small. So the claim **holds, with a
# condition**: tanh is the safe choice for simple recurrent networks; ReLU can do it from the right start.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the sentence before it.

# %% name="claims" tags=["foreign-numbers"]
recalls = {
    name: [f"{accuracy:.2f}" for accuracy in np.median(values[[0, -1]], axis=1)] for name, values in remembered.items()
}
claims.table(
    {
        "AC1": f"Saturation shown. Epochs to 0.9, one small rate: tanh {needed.loc['tanh', 'same rate 0.01']}, ReLU {needed.loc['relu', 'same rate 0.01']}; raw pixels: ReLU {needed.loc['relu', 'same rate 0.003, raw']}, tanh {needed.loc['tanh', 'same rate 0.003, raw']}; each at its best: tanh {needed.loc['tanh', 'each its own']}, ReLU {needed.loc['relu', 'each its own']}, sigmoid {needed.loc['sigmoid', 'each its own']}.",
        "AC2": f"Digits, best rates: loss {np.median(class_loss['sigmoid']):.2f} with a sigmoid before softmax, {np.median(class_loss['linear']):.2f} without. One output with softmax learns nothing. A sigmoid leaves {left_by['sigmoid', 'deviation 1']} of the variance unexplained, a linear output {left_by['linear', 'deviation 1']}; with targets in 0 … 1 the sigmoid leaves {left_by['sigmoid', '0 … 1']}.",
        "AC3": f"Three linear layers are one: {one_layer_is_the_same}. On the ring (a coin is right in half of the cases): linear {plane_medians['ring', 'linear']}, ReLU {plane_medians['ring', 'relu']}, tanh {plane_medians['ring', 'tanh']}.",
        "AC4": f"Remembered at the rates {memory_rates[0]} and {memory_rates[-1]}: tanh {' and '.join(recalls['tanh'])}, ReLU {' and '.join(recalls['ReLU'])}, ReLU from the identity {' and '.join(recalls['ReLU, identity'])}.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. Five sigmoids in a row
#
# A gradient goes back through five layers with the sigmoid. Leave the weights aside: by which factor do the five
# slopes multiply it *at best*?

# %% name="exercise-factor" tags=["exercise"]
my_factor = ...

# %% name="exercise-factor-solved" tags=["solution"]
my_factor = 0.25**5

# %% [markdown] name="exercise-factor-check-intro"
# Run the next cell to check.

# %% name="exercise-factor-check"
checks.number(
    my_factor,
    0.25**5,
    hints={0.25: "that is one sigmoid. Multiply five of them.", 1.25: "slopes multiply, they do not add."},
    why="¼ to the power 5: about a thousandth is left.",
)

# %% [markdown] name="exercise-leaky"
# ### 2. Leaky ReLU
#
# Write leaky ReLU for a single number: `z` itself where it is positive, and `leak` times `z` where it is not.


# %% name="exercise-leaky-code" tags=["exercise"]
def my_leaky(z, leak): ...


# %% name="exercise-leaky-solved" tags=["solution"]
def my_leaky(z, leak):
    return z if z > 0 else leak * z


# %% [markdown] name="exercise-leaky-check-intro"
# Five inputs are tried:

# %% name="exercise-leaky-check"
checks.code(
    my_leaky,
    [((2.0, 0.2), 2.0), ((-2.0, 0.2), -0.4), ((0.0, 0.2), 0.0), ((-10.0, 0.01), -0.1), ((3.0, 0.0), 3.0)],
    why="With a leak of 0 it is ReLU, with a leak of 1 it is linear.",
)

# %% [markdown] name="exercise-fold"
# ### 3. Fold two layers into one
#
# Two layers with a single unit each and no activation: first `w1 * x + b1`, then `w2 * that + b2`. Give the weight and
# the bias of the one layer that does the same, as `return weight, bias`.


# %% name="exercise-fold-code" tags=["exercise"]
def fold(w1, b1, w2, b2): ...


# %% name="exercise-fold-solved" tags=["solution"]
def fold(w1, b1, w2, b2):
    return w2 * w1, w2 * b1 + b2


# %% [markdown] name="exercise-fold-check-intro"
# Three pairs of layers are tried:

# %% name="exercise-fold-check"
checks.code(
    fold,
    [((2.0, 0.0, 1.0, 5.0), (2.0, 5.0)), ((2.0, 1.0, 3.0, 0.5), (6.0, 3.5)), ((7.0, -2.0, 0.5, 1.0), (3.5, 0.0))],
    why="w2 · (w1 · x + b1) + b2 = (w2 · w1) · x + (w2 · b1 + b2).",
)

# %% [markdown] name="exercise-head"
# ### 4. Which last layer?
#
# A photo may show a dog, a cat and a horse, any of them or none, and the network is to say for each whether it is
# there. Three outputs. With which activation?
#
# - `"a"`: softmax over the three
# - `"b"`: a sigmoid for each
# - `"c"`: linear
# - `"d"`: ReLU

# %% name="exercise-head-answer" tags=["exercise"]
my_choice = ...

# %% name="exercise-head-solved" tags=["solution"]
my_choice = "b"

# %% [markdown] name="exercise-head-check-intro"
# Is it right?

# %% name="exercise-head-check"
checks.choice(
    my_choice,
    "b",
    why={
        "a": "Its probabilities add up to 1: it cannot say that both dog and cat are there, or that nothing is.",
        "b": "Three questions with two answers each, so a sigmoid for each of them.",
        "c": "It can answer −3 or 12, which is no probability.",
        "d": "It can answer 12, which is no probability, and at 0 it learns nothing more.",
    },
    near=["a"],
)

# %% [markdown] name="exercise-goal"
# ### 5. The goal: make the sigmoid learn
#
# Four hidden layers with the sigmoid and Glorot's weights learn nothing at any rate. Bring them to a validation
# accuracy of 0.85 on the digits **within ten epochs, by the learning rate and `init_scale`**. Lab 3 shows the way, lab 2
# the reason.

# %% name="exercise-goal-answer" tags=["exercise"]
my_rate, my_scale = ..., ...

# %% name="exercise-goal-solved" tags=["solution"]
my_rate, my_scale = 0.3, 4.0

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains five networks with your values; their median counts.


# %% name="exercise-goal-check"
def sigmoid_accuracy():
    runs = trainer.run(activation="sigmoid", depth=4, learning_rate=my_rate, init_scale=my_scale, seeds=5, epochs=10)
    return np.median(runs.final("val_accuracy"))


checks.goal(
    sigmoid_accuracy,
    at_least=0.85,
    near=0.2,
    what="median validation accuracy after ten epochs",
    answers=[my_rate, my_scale],
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - Without an activation, layers fold into one, and one layer draws straight lines.
# - The gradient is multiplied by the slope of each activation. Sigmoid and tanh are flat at their ends; the sigmoid loses
#   three quarters even in its middle.
# - ReLU is flat on one side, which costs nothing until whole layers die. Leaky ReLU cannot die, and can break all the same.
# - Which activation is fastest depends on rate, initialisation and inputs. Only the sigmoid was last under all our rules.
# - The last activation sets what the network can say: probabilities that add up to 1, a probability, or any number.
# - tanh is safe in simple recurrent networks; ReLU needs the identity to start from, and small steps.
#
# **Sources.** LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998 (tanh and sigmoid). Glorot and Bengio, *Understanding
# the difficulty of training deep feedforward neural networks*, 2010 (saturation). Glorot, Bordes and Bengio, *Deep sparse
# rectifier neural networks*, 2011. Maas, Hannun and Ng, *Rectifier nonlinearities improve neural network acoustic models*,
# 2013 (leaky ReLU). Le, Jaitly and Hinton, *A simple way to initialize recurrent networks of rectified linear units*,
# 2015. Data: Alpaydin and Kaynak, 1998 (digits); Efron, Hastie, Johnstone and Tibshirani, 2004 (diabetes). The documents C
# and D are named below the table of claims.
#
# Batch normalisation moves the sums back to where the activation is steep: that is the next chapter.
