# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Search in practice: one call, many methods, your own model
#
# **The question of this chapter:** which way of searching finds good knobs soonest, which knobs are worth searching
# for, and how long does a good setting stay good? It goes on from the chapter on
# [search](11_search.ipynb).
#
# Its words again. A **knob**, or **hyperparameter**, is what you choose before training, such as the learning rate.
# A **setting** is a value for every knob. A **trial** trains a network with one setting and measures it on
# **validation** data, which it has not trained on. An **epoch** is one pass over the training data. A **seed** decides
# everything in a trial that is left to chance.
#
# **For teachers:** both labs work alone. Run the cells down to them once, then drag.

# %% name="imports"
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer

from course_utils import checks, claims, datasets, diagnostics, models, predictions
from course_utils.chapters.search_in_practice import importance
from course_utils.chapters.search_in_practice.contest import contest
from course_utils.chapters.search_in_practice.contest_picture import DrawnSearches, SearchesPicture
from course_utils.chapters.search_in_practice.stopped_early import FIELDS, StoppedEarly, StoppedPicture
from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled
from course_utils.drawing import CurvesDisplay, SweepDisplay
from course_utils.lab import Lab, choice, int_slider
from course_utils.search import search
from course_utils.training import Trainer

# %% [markdown] name="call-intro"
# ## A search in one call
#
# The data are the handwritten **digits**, split into training, validation and test rows. A search needs three things:
# a *trainer* (a network and data), a *space* (for each knob its range), and a number of trials.
#
# In a space, `(0.0, 0.95)` is a range; with `"log"` as a third entry, every tenfold step gets an equal share. A list
# would be a choice among its values. **Predict:** of 64 random settings from such wide ranges, how many train well?

# %% name="call"
digits = datasets.digits()
trainer = Trainer(models.mlp, digits, optimizer="momentum", epochs=5)
space = {
    "learning_rate": (1e-4, 10.0, "log"),
    "momentum": (0.0, 0.95),
    "l2": (1e-6, 1.0, "log"),
    "init_scale": (0.1, 10.0, "log"),
}
found = search(trainer, space, trials=64)
trials = found.to_frame()
print("trials:", len(trials), "· epochs:", found.epochs_spent)
print("more than 0.9 right:", (trials["val_accuracy"] > 0.9).sum(), "of them")
print(f"the best has {found.best_value:.3f} right")

# %% [markdown] name="best-intro"
# All 64 were trained together, as one population. Few train well in so short a time. Here are the best six. `l2` is the
# strength of a penalty on large weights, `init_scale` a factor on the first weights. Is there any *one* value of a knob
# that all good settings share?

# %% name="best"
best_six = trials.nlargest(6, "val_accuracy")[["trial", "val_accuracy", *space]]
best_six.map("{:.2g}".format)

# %% [markdown] name="failed-intro"
# No single value, but regions: rates between about 0.01 and 0.2, weak penalties, first weights from half to four times
# their usual size, and nearly any momentum.
#
# ### A trial that fails is a result too
#
# Some settings are so wild that the numbers overflow: the run *diverges*. Such a trial must not stop the others, nor
# vanish, because it tells where not to look. It is recorded as failed, with the reason.

# %% name="failed"
failed = trials[trials["state"] == "failed"]
print(trials["state"].value_counts().to_dict())
failed[["trial", "state", "why", "learning_rate", "l2", "init_scale"]].head(4).round(3)

# %% [markdown] name="cut-intro"
# ### Cut off, and gone on
#
# A search over night must outlive a closed laptop. Give it a `storage`, and every trial is written down when it ends:
# here into a file of SQLite, a database in a single file. In place of your finger on the stop button ■, the training
# is interrupted at its second call. **Predict:** how many trials does the second search train?


# %% name="cut"
from unittest.mock import patch

folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
storage = f"sqlite:///{folder.name}/search.db"
calls = []


def run_and_count(**asked):
    calls.append(len(asked["settings"]))
    if len(calls) == 2:
        raise KeyboardInterrupt
    return Trainer.run(trainer, **asked)


with patch.object(trainer, "run", run_and_count):
    before = search(trainer, space, trials=64, storage=storage)
    after = search(trainer, space, trials=64, storage=storage)

# %% [markdown] name="cut-count-intro"
# Count what was trained, and compare with the search that nobody cut off:

# %% name="cut-count"
trained_before, trained_after = calls[0], sum(calls[2:])
print("trained before the cut:", trained_before, "· after it:", trained_after, "· together:", sum(calls) - calls[1])
same = [(a.params, a.state) == (b.params, b.state) for a, b in zip(after.study.trials, found.study.trials)]
print("the same 64 trials as without a cut:", len(same) == 64 and all(same))

# %% [markdown] name="cut-read"
# The second call found the first 32 in the file and trained the other half. Nothing was lost, repeated or changed: the
# setting of a trial depends only on the search's seed and the trial's number (for methods that learn: on the trials
# before it, too).

# %% [markdown] name="log-intro"
# ## Should a learning rate be drawn on a log scale? (claim VS4)
#
# A document says that learning rates lie between 0.0001 and 1. There are two ways to draw one. **Linear**: every number
# is as likely as any other, so that nine of ten are above 0.1. **Log**: every tenfold step is as likely as any other, so
# that a quarter of them lies between 0.001 and 0.01. We draw four rates either way, train each for three epochs with
# Adam (a rule that fits the length of its steps to every weight), keep the best, and repeat that fifty times.
# **Predict:** in how many of the fifty is the log scale better?

# %% name="log-runs"
shares = np.random.default_rng(0).uniform(size=(50, 4))


def best_of_four(trainer, low, high):
    scales = {"linear": low + shares * (high - low), "log": low * (high / low) ** shares}
    rates = np.concatenate([scale.ravel() for scale in scales.values()])
    runs = trainer.run(settings=[{"learning_rate": float(rate)} for rate in rates])
    accuracy = np.nan_to_num(runs.final("val_accuracy")).reshape(2, 50, 4)
    return dict(zip(scales, accuracy.max(axis=2)))


adam = Trainer(models.mlp, digits, optimizer="adam", epochs=3)
scales = {"Adam, 0.0001 to 1": best_of_four(adam, 1e-4, 1.0)}
wide = scales["Adam, 0.0001 to 1"]
for scale, values in wide.items():
    print(f"{scale:6s} quartiles of the best of four: {np.quantile(values, (0.25, 0.5, 0.75)).round(2)}")
print("log better in", (wide["log"] > wide["linear"]).sum(), "of 50, worse in", (wide["log"] < wide["linear"]).sum())

# %% [markdown] name="log-flip-intro"
# Four linear draws often miss all good rates of Adam, which lie between about 0.0006 and 0.05: a twentieth of the range
# if you count numbers, half of it if you count tenfold steps.
#
# Now turn the result around. First a narrow range, from 0.001 to 0.01. Then the wide one again, but with plain
# SGD, whose good rates lie between about 0.06 and 0.5. **Predict:** which scale wins in each?

# %% name="log-flip"
scales["Adam, 0.001 to 0.01"] = best_of_four(adam, 1e-3, 1e-2)
scales["SGD, 0.0001 to 1"] = best_of_four(Trainer(models.mlp, digits, epochs=3), 1e-4, 1.0)
rows = {}
for name, best in scales.items():
    medians = {f"median, {scale}": f"{np.median(values):.3f}" for scale, values in best.items()}
    differences = best["log"] - best["linear"]
    wins = {"log better": (differences > 0).sum(), "linear better": (differences < 0).sum()}
    rows[name] = {**medians, **wins, "largest difference": f"{np.abs(differences).max():.2f}"}
pd.DataFrame(rows).T

# %% [markdown] name="log-read"
# So the claim holds *with a condition*. In a range of one tenfold step the scale hardly matters: no two repeats differ
# by more than five of the 180 validation rows. And where the good values happen to lie at the upper end, linear draws
# hit them more often and win more of the repeats, mostly by little. But who chooses for that reason knows the answer
# beforehand. A log scale is for when you do not know the order of magnitude: where it was the wrong choice, its median
# is lower by about a hundredth; where linear was, by most of the accuracy.

# %% [markdown] name="table-intro"
# ## A table of thousands of networks
#
# To compare *methods* of searching, one search each proves nothing: it may be luck. It takes dozens of searches of
# every method, thousands of trainings each time. So all settings were trained once, beforehand: ten learning rates,
# three batch sizes, and so on, in every combination, each with three seeds and twenty epochs (`make table`, a quarter
# of an hour). A search of the table is an ordinary search, only that "to train" means to look up.

# %% name="table"
table = Tabled()
print(f"{len(table):,} settings with {table.seeds} seeds and {table.epochs} epochs")
final = table.accuracy[..., -1].mean(axis=-1)
print("accuracy after 20 epochs, of the middle setting and of the best tenth:", np.quantile(final, (0.5, 0.9)).round(2))
for knob, values in table.choices.items():
    print(f"{knob:14s} {', '.join(map(str, values))}")

# %% [markdown] name="contest-intro"
# ## Does a search that thinks need fewer trials? (claim VS5)
#
# Six ways to choose the next trial. **Grid** and **random** you know. **Quasi-random** points are random points
# without gaps and clusters. **Coarse-to-fine** narrows the box around the best after every 16 trials. **TPE** (the
# tree-structured Parzen estimator of Bergstra et al. 2011) asks where good trials lie dense and bad ones sparse. A
# **Gaussian process** expects a score for every setting, and knows how unsure it is. The last two are called *Bayesian*.
# They learn from the trials so far, and begin with random ones: the process with 8, TPE with 16.
#
# The task is a hard one: plain SGD and only three epochs, so that few settings are good. Each method makes 50 searches of
# 27 trials. A search sees one seed of each setting; its score is what the setting that it holds for the best reaches
# with the *other* seeds, so that mere luck does not count (see [the chapter before](11_search.ipynb)). **Predict:** who
# is ahead after 16 trials, and who after 27?

# %% name="contest" tags=["foreign-choices"]
hard = {"optimizer": "sgd", "schedule": "constant", "l2": 1e-5, "epochs": 3}
methods = ["random", "grid", "quasi-random", "coarse-to-fine", "tpe", "gaussian-process"]
race = contest(table, methods, trials=27, searches=50, **hard)
race.to_frame(equal="trials").round(2)

# %% [markdown] name="contest-read"
# "Better", "equal" and "worse" compare each search with the random search of the same number. TPE is ahead of random
# search, coarse-to-fine too. The grid is last: with 27 trials for five knobs it has one to three values of each. And
# the Gaussian process, which looked so clever with a single knob? It wins a little over half of its duels with random
# search, as fair coins easily would. Whether it gains anything here, fifty searches do not tell; it gains less than
# TPE. 27 scores of one seed each are few, and noisy, for a model of five knobs. "Bayesian" alone is no promise.
#
# Now TPE and random search on the way. The band goes from the lower to the upper quartile, so that half of the searches
# lie within it:

# %% name="contest-picture"
CurvesDisplay(
    race.quartiles("tpe", "random", equal="trials"),
    "TPE learns from its trials, from the 17th on",
    xlabel="trials",
    ylabel="true score of the best so far",
    ylim=(0.3, 1),
)

# %% [markdown] name="contest-lab-intro"
# ### Lab 1: how many searches does a comparison need?
#
# **Predict, then drag.** The lab begins with a *single* search of each method. Change `draw`: how often does the winner
# change? Then raise the number of searches to 50, and go through the methods. At how many trials do the lines
# part?

# %% name="contest-lab"
drawn = DrawnSearches(race)
Lab(
    drawn,
    SearchesPicture(),
    method=choice(methods[1:], "tpe"),
    trials=int_slider(4, 27, value=27),
    searches=choice([1, 5, 10, 50], 1),
    draw=int_slider(0, 9, value=0),
    presets={"fifty": {"searches": 50}, "fifty, only 16 trials": {"searches": 50, "trials": 16}},
    name="drawn",
)

# %% [markdown] name="contest-lab-after"
# What you should have seen: with one search, the winner changes from draw to draw, and TPE at times *equals* random
# search, since its first 16 trials are the same. With 50 searches the order is clear: TPE and random search are one
# line up to trial 16, then TPE rises above. (For the Gaussian process and quasi-random points, even 50 do not decide.)
# The dots show how wide the luck is all the same: some lie far below the diagonal. And why can the curve of a single
# search *fall*? Because the search was fooled: a new setting was better with the seed that it saw, and is worse with
# the others. Choosing finds luck, here too.

# %% [markdown] name="halving-intro"
# ## Stop poor trials early (claim VS6)
#
# Many trials look hopeless after two epochs, and are trained for eighteen more all the same. One document advises to
# search with few epochs only. **Successive halving** (Jamieson and Talwalkar 2016) makes a rule of that. It begins
# with many: all train for 2 epochs, the best third goes on to 6, and the best third of these to 20. **Hyperband** (Li
# et al. 2018) does not trust the early look alone: it gives a third of its trials that treatment, looks at another
# third only after 6 epochs, and trains the rest in full.
#
# To be fair, all get the same number of *epochs*: as many as 32 full trials take. Halving begins four times as many
# trials for them, Hyperband twice as many. Now the whole table, all eight knobs, 20 epochs; TPE takes part again.
# **Predict** the order.

# %% name="halving" tags=["foreign-choices"]
epochs_race = contest(table, ["random", "tpe", "halving", "hyperband"], trials=32, searches=50, equal="epochs")
epochs_race.to_frame(equal="epochs").round(3)

# %% [markdown] name="halving-picture-intro"
# The same as curves. Halving has nothing to show before its first 27 trials have gone through all stages.

# %% name="halving-picture"
CurvesDisplay(
    epochs_race.quartiles("halving", "random"),
    "At equal epochs, halving is ahead of random search",
    x=20 * np.arange(1, 33),
    xlabel="epochs spent",
    ylabel="true score of the best so far",
    ylim=(0.85, 1.0),
)

# %% [markdown] name="halving-read"
# Halving is better than random search in many searches and worse in few, for the same epochs. Hyperband, which hedges,
# gains nothing *here*: two epochs tell enough on this table, so that its caution costs what it saves.
#
# And look at TPE: here, too, it is ahead in more searches than behind, but by how much? On the hard task its median was
# several hundredths above that of random search, here it is less than one. A tenth of this table is good, and 32
# random trials nearly always hit that tenth (by the formula of the chapter before, with a probability of 97 %).
# **Thinking pays most where good settings are rare.**

# %% [markdown] name="stopped-intro"
# ### What stopping early can do wrong
#
# Halving bets that who is good early is good late. The bet can be lost: small first weights and three layers make a
# network that does nothing for some epochs, and then learns well. We draw 27 trials fifty times, once from
# everything, once from such *slow starters*, and look at how much worse the kept trial is than the best of the 27 would
# have been. **Predict:** how much is lost in either case, if the first look comes after 2 epochs? After 6?

# %% name="stopped"
stopper = StoppedEarly(table)
lost = {
    (field, first): [stopper.run(first=first, keep=3, field=field, draw=draw) for draw in range(50)]
    for field in FIELDS
    for first in (2, 6)
}
rows = {
    key: {"epochs saved": 1 - np.mean([one.spent for one in runs]) / 540, "lost": np.mean([one.loss for one in runs])}
    for key, runs in lost.items()
}
pd.DataFrame(rows).T.rename_axis(["trials from", "first look after"]).round(2).add(0)  # adding 0 makes 0.0 of -0.0

# %% [markdown] name="stopped-lab-intro"
# ### Lab 2: who may go on?
#
# A line for each of the 27 trials; a cross where it was stopped. **Predict, then drag:** choose "slow starters" and go
# through the draws. A dashed line shows a trial that was stopped and would have been the best. From which first look on
# does it no longer appear? What does that cost?

# %% name="stopped-lab"
Lab(
    stopper,
    StoppedPicture(),
    first=int_slider(1, 10, value=2),
    keep=choice({"every second": 2, "every third": 3, "every ninth": 9, "all": 1}, "every third"),
    field=choice(list(FIELDS), "everything"),
    draw=int_slider(0, 19, value=0),
    presets={
        "slow starters": {"field": "slow starters", "draw": 6},
        "the same, patient": {"field": "slow starters", "draw": 6, "first": 10},
        "nobody is stopped": {"keep": 1},
    },
    name="stopper",
)

# %% [markdown] name="stopped-lab-after"
# What you should have seen: from everything, the early look seldom loses much, and three quarters of the epochs are
# saved. Among slow starters, the later winner is at times still at the bottom after two epochs, no better than a guess:
# in draw 6, halving ends with two thirds of the answers right where 86 % were to be had. A first look after 10 epochs
# loses nothing in 19 of the 20 draws, and saves only a third; in draw 13 even that is too early. So look at curves of
# your *own* network before you choose how early to stop.

# %% [markdown] name="matter-intro"
# ## Which knobs matter most? (claim ST4)
#
# One document names seven: learning rate, batch size, initialisation, optimizer, strength of regularisation, depth and
# width, and decay of the learning rate. The table has all seven (`init_scale`, `l2`, `schedule`). It has *every*
# combination, so we can compute exactly which share of all differences each knob explains **alone**: take the mean
# accuracy for each value of the knob, and see how much these means vary, compared with everything.
#
# We do so three times: for the whole table; when only differences among the **best tenth** count; and with the learning
# rates 0.01 to 0.1 only, as if somebody had narrowed that range already. **Predict:** which knob is first in each?

# %% name="matter"
knobs = list(table.choices)
narrow = final[table.choices["learning_rate"].index(0.01) : table.choices["learning_rate"].index(0.1) + 1]
views = {"whole table": final, "best tenth": importance.among_best(final, 0.1), "rate from 0.01 to 0.1": narrow}
alone = pd.DataFrame({name: importance.shares(scores, knobs)["alone"] for name, scores in views.items()})
alone = alone.sort_values("whole table", ascending=False)
alone.round(2).add(0)

# %% [markdown] name="matter-read"
# In the whole table the learning rate is first, as the documents say. Two of the seven explain next to nothing: the
# decay, and the L2 penalty. Among the best tenth no knob explains much alone, since the good settings are good
# *combinations*. And once the range of the rate is narrow, the rate is among the last. A knob's importance is not its
# own: it belongs to the **ranges** in which you look, and to **whether poor settings count**.

# %% [markdown] name="guess-intro"
# Nobody has such a table for a network of their own. A search has trials, and a forest of decision trees can guess the
# missing combinations (Hutter et al. 2014). Here for twenty random searches of 64 trials. As it gives parts of a sum,
# the exact shares are put on that scale, too. **Predict:** how far off is a single search?

# %% name="guess" tags=["foreign-numbers"]
guesses = pd.DataFrame(
    [importance.of_trials(search(table, table.space, trials=64, seed=seed).study) for seed in range(20)]
)
exact = alone["whole table"] / alone["whole table"].sum()
columns = {"exact": exact, "mean of twenty": guesses.mean(), "lowest": guesses.min(), "highest": guesses.max()}
pd.DataFrame(columns).loc[alone.index].round(2).add(0)

# %% [markdown] name="guess-read"
# On average decay and L2 matter least, as they should, though one search in twenty gives L2 a tenth. But the learning
# rate gets about half of its true share on average, and single searches contradict one another: in one it explains more
# than half, in another a twentieth. Take the importance from one search of 64 trials as a hint what to *drop*, never as
# a ranking.

# %% [markdown] name="carry-intro"
# ## Does a good setting carry over? (claim VS8)
#
# A search costs. May its result be used for the next task? Thirty-two random settings are trained on the digits, and
# the same ones on other tasks: digits shifted by a pixel, with light and dark swapped, or told apart only as odd and
# even; then an *unrelated* one, tumours told apart by 30 measurements. And twice a *change*: ten times fewer rows, and
# a much smaller network. Two seeds each; and since one search may be lucky, all of that eight times, with 32 other
# settings each time.

# %% name="carry-tasks"
parts = ("x_train", "x_validation", "x_test")
targets = ("y_train", "y_validation", "y_test")
x, y = load_breast_cancer(return_X_y=True)
cancer = datasets.from_arrays(x, y, name="breast cancer", validation=0.2, test=0.2, scale="standard")


def shift(pixels):
    return np.roll(pixels.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)


tasks = {
    "digits": digits,
    "shifted": replace(digits, **{part: shift(getattr(digits, part)) for part in parts}),
    "light and dark swapped": replace(digits, **{part: 1 - getattr(digits, part) for part in parts}),
    "odd or even": replace(digits, classes=2, **{part: getattr(digits, part) % 2 for part in targets}),
    "tumours": cancer,
    "a tenth of the rows": replace(digits, x_train=digits.x_train[:144], y_train=digits.y_train[:144]),
    "8 units in place of 64": digits,
}

# %% [markdown] name="carry-runs-intro"
# Two numbers tell how well a setting carries over. The **regret**: how much better would the target's own best setting
# have been? And the **rank correlation** of the 32: 1 if both tasks put the settings in the same order, 0 if one order
# says nothing about the other. **Predict** both for each task.

# %% name="carry-runs"
draw = np.random.default_rng(0)
settings = [
    {
        "learning_rate": float(10 ** draw.uniform(-3, 0.5)),
        "momentum": float(draw.uniform(0, 0.95)),
        "l2": float(10 ** draw.uniform(-6, -1.5)),
        "init_scale": float(2 ** draw.uniform(-2, 2)),
    }
    for _ in range(8 * 32)
]
scores = {}
for name, data in tasks.items():
    width = 8 if "8 units" in name else 64
    runs = Trainer(models.mlp, data, optimizer="momentum", epochs=4).run(settings=settings, seeds=2, width=width)
    scores[name] = np.nan_to_num(runs.final("val_accuracy")).reshape(8, 32, 2)

# %% [markdown] name="carry-table-intro"
# In each of the eight searches, the setting that is best on the digits (mean of two seeds) is carried to every task.
# Medians of the eight, and the largest regret:

# %% name="carry-table" tags=["foreign-numbers"]
means = {name: values.mean(axis=2) for name, values in scores.items()}
carried = (np.arange(8), means["digits"].argmax(axis=1))
regret = {name: mean.max(axis=1) - mean[carried] for name, mean in means.items()}
rows = {}
for name, mean in means.items():
    order = [spearmanr(*pair).statistic for pair in zip(means["digits"], mean)]
    rows[name] = {"typical": np.median(mean), "carried": np.median(mean[carried])}
    rows[name] |= {"regret": np.median(regret[name]), "largest regret": regret[name].max()}
    rows[name] |= {"rank correlation": np.median(order)}
carry = pd.DataFrame(rows).T
carry.round(2).add(0)

# %% [markdown] name="carry-read"
# Shifted, or told apart as odd and even: there the carried setting is nearly as good as the best of the 32, each time,
# and clearly better than a typical one. On the unrelated task it does well, too, but that says little: there almost
# *any* setting does.
#
# When something changes, the best setting may move, on the very same digits. With a tenth of the rows, four epochs are
# ten times fewer steps: the carried setting is still the best in about half of the searches, and far behind in others.
# A small network suffers from other things than a large one, and nearly always has another best setting.
#
# And "light and dark swapped", which looks like the same task? There some carried settings fail altogether. Half of all
# pixels are 0, and become 1: the inputs are larger, so that a learning rate that was just small enough is now too
# large. If that is the reason, half the rate should help:

# %% name="carry-half"
swapped = Trainer(models.mlp, tasks["light and dark swapped"], optimizer="momentum", epochs=4)
best_settings = [settings[32 * number + place] for number, place in zip(*carried)]
half = [one | {"learning_rate": one["learning_rate"] / 2} for one in best_settings]
halved = np.nan_to_num(swapped.run(settings=half, seeds=2).final("val_accuracy")).reshape(8, 2).mean(axis=1)
print("carried as they are:", np.sort(means["light and dark swapped"][carried]).round(2))
print("with half the rate: ", np.sort(halved).round(2))

# %% [markdown] name="carry-half-read"
# It does. The best setting of a search may stand close to an edge, and a related task may have its edge elsewhere.
# "Re-check" means just that: carry the setting over as the first guess, then search around it.

# %% [markdown] name="own-intro"
# ## Bring your own data and model
#
# Now everything in a row, as you would do it, on the tumours: arrays from anywhere, and a function that builds a
# Keras model of standard layers. Its keywords become knobs.
#
# **Step 1: the data.** Three parts: train, validate, and a test part that stays untouched to the end.


# %% name="own-model"
def my_model(input_shape, outputs, *, width=16):
    hidden = keras.layers.Dense(width, activation="relu")
    return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(outputs)])


mine = Trainer(my_model, cancer, optimizer="adam", batch_size=32, epochs=10)
print(cancer)

# %% [markdown] name="own-range-intro"
# **Step 2: a range test** (from the chapter on the [learning rate](01_learning_rate.ipynb)): one short run while the rate
# rises at every step. Where the loss falls, there is a sensible range.

# %% name="own-range"
test = diagnostics.range_test(mine, low=1e-5, high=10, epochs=4, seeds=8)
lowest = float(f"{diagnostics.minimum(test):.1g}")
SweepDisplay(
    test.learning_rates[: len(test.loss)],
    test.loss[:, None],
    "Range test of the new network",
    ylabel="smoothed loss",
    ylim=(0, 1),
    marks={"lowest": lowest},
)

# %% [markdown] name="own-search-intro"
# **Step 3: search**, from a thousandth of that rate to ten times it. The document's advice, a log scale, fits: all
# we know is an order of magnitude. Two seeds for every setting, because the validation part is small.

# %% name="own-search"
my_space = {
    "learning_rate": (lowest / 1000, lowest * 10, "log"),
    "l2": (1e-6, 1e-1, "log"),
    "init_scale": (0.25, 4.0, "log"),
}
my_search = search(mine, my_space, trials=32, seeds=2)
print("trials:", len(my_search.to_frame()), f"· best validation accuracy: {my_search.best_value:.3f}")

# %% [markdown] name="own-test-intro"
# **Step 4: the test, once.** The best setting is trained anew with eight seeds, and asked about the test rows. Then
# nothing is chosen any more. **Predict:** will the test accuracy be above or below that of the search?

# %% name="own-test" tags=["foreign-numbers"]
final_runs = mine.run(**my_search.best, seeds=8)
answers = predictions.outputs(final_runs, cancer.x_test).argmax(axis=-1)
test_accuracy = (answers == cancer.y_test).mean(axis=1)
print(f"test accuracy, mean of eight seeds: {test_accuracy.mean():.2f}")

# %% [markdown] name="own-read"
# With 114 test rows a single row is nearly 0.01, so digits beyond the second mean nothing. If the result disappoints,
# resist: a second look at the test part makes a validation part of it.

# %% [markdown] name="far-intro"
# ## From one slider to a cluster (claim VS7, second half)
#
# The chapter before let many networks train at once on one machine. The same call reaches further, with two arguments.
#
# - `executor`: *where* trials are trained. Anything with the `submit` of Python's `concurrent.futures.Executor`.
# - `storage`: *where they are kept*, so that a search that was stopped, or whose machine went down, goes on from there.
#
# ```python
# # The cores of this machine, a process each (the model's function stands in a module, so that others can import it):
# with ProcessPoolExecutor(8, mp_context=multiprocessing.get_context("spawn")) as pool:
#     search(trainer, space, trials=1000, executor=pool, storage="sqlite:///search.db")
#
# # A cluster with Dask:
# client = dask.distributed.Client("scheduler:8786")
# search(trainer, space, trials=1000, executor=client.get_executor(), storage="search.journal")
# ```
#
# When a worker of a cluster dies, another one trains what it was at.
#
# Which trials are tried does not depend on where, for a method that does not learn. Let us see that with two threads,
# which need no memory of their own. (`make bench` measures what more workers gain on your machine.)

# %% name="far"
with ThreadPoolExecutor(2) as pool:
    elsewhere = search(trainer, space, trials=64, executor=pool)
same = [(a.params, a.state) == (b.params, b.state) for a, b in zip(elsewhere.study.trials, found.study.trials)]
print("the same 64 trials as in the first cell:", all(same))

# %% [markdown] name="optuna-intro"
# ### A search is an Optuna study
#
# Underneath is [Optuna](https://optuna.org), a library for searches. `found.study` is one of its studies, so all its
# tables and plots work on it, such as the table of all trials:

# %% name="optuna"
of_optuna = found.study.trials_dataframe(attrs=("number", "state", "value", "params"))
print(of_optuna.shape[0], "trials with the columns", ", ".join(of_optuna.columns))

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook.

# %% name="claims" tags=["foreign-numbers"]
by_trials, by_epochs = race.to_frame(equal="trials"), epochs_race.to_frame(equal="epochs")
related, swap = ["shifted", "odd or even"], "light and dark swapped"
changes = ["a tenth of the rows", "8 units in place of 64"]
first = {name: alone[name].idxmax().replace("_", " ") for name in alone}
slow = np.mean([one.loss for one in lost["slow starters", 2]])
claims.table(
    {
        "ST4": f"First: {first['whole table']} ({alone['whole table'].max():.0%} alone); decay and L2 below 1 %. With the rate between 0.01 and 0.1: {first['rate from 0.01 to 0.1']}, and the rate {alone.loc['learning_rate', 'rate from 0.01 to 0.1']:.0%}.",
        "VS4": f"Median of the best of four, Adam: linear {np.median(wide['linear']):.2f}, log {np.median(wide['log']):.2f}. Hardly any difference in a narrow range; plain SGD, whose good rates are at the upper end, wins more repeats linearly.",
        "VS5": f"Hard task, 27 trials, 50 searches: random {by_trials.loc['random', 'median']:.2f}, TPE {by_trials.loc['tpe', 'median']:.2f}, Gaussian process {by_trials.loc['gaussian-process', 'median']:.2f}. Where a tenth of all settings is good, 32 trials: random {by_epochs.loc['random', 'median']:.3f}, TPE {by_epochs.loc['tpe', 'median']:.3f}.",
        "VS6": f"At equal epochs halving is better than random in {by_epochs.loc['halving', 'better']} of 50 searches and worse in {by_epochs.loc['halving', 'worse']}; among slow starters an early look loses {slow:.2f} on average.",
        "VS8": f"Largest regret of eight searches on two related tasks {carry.loc[related, 'largest regret'].max():.2f}, on a third, with larger inputs, {carry.loc[swap, 'largest regret']:.2f}; after a change at least {carry.loc[changes, 'largest regret'].min():.2f}.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. What halving costs
#
# 27 trials begin. After 2 epochs the best 9 go on, after 6 epochs the best 3 of these, after 18 the best one, which
# trains to epoch 20. What was trained is kept, not trained again. How many epochs is that together?

# %% name="exercise-cost" tags=["exercise"]
my_epochs = ...

# %% name="exercise-cost-solved" tags=["solution"]
my_epochs = 18 * 2 + 6 * 6 + 2 * 18 + 1 * 20

# %% [markdown] name="exercise-cost-check-intro"
# Run the next cell to check.

# %% name="exercise-cost-check"
checks.number(
    my_epochs,
    128,
    hints={
        540: "that is without stopping any: 27 times 20.",
        182: "that counts epochs twice: who goes on from 2 to 6 epochs trains 4 more, not 6.",
    },
    why="18 trials stop at 2, 6 at 6, 2 at 18, and one reaches 20: a quarter of 540.",
)

# %% [markdown] name="exercise-log"
# ### 2. Draw on a log scale
#
# Write a function that turns a share between 0 and 1, evenly drawn, into a value between `low` and `high`, so that every
# tenfold step is as likely as any other. (Half of the way from 0.001 to 0.1 is 0.01.)


# %% name="exercise-log-code" tags=["exercise"]
def on_log_scale(share, low, high): ...


# %% name="exercise-log-solved" tags=["solution"]
def on_log_scale(share, low, high):
    return low * (high / low) ** share


# %% [markdown] name="exercise-log-check-intro"
# Four cases are tried:

# %% name="exercise-log-check"
checks.code(
    on_log_scale,
    [((0.5, 0.001, 0.1), 0.01), ((0.0, 0.001, 1.0), 0.001), ((1.0, 0.001, 1.0), 1.0), ((0.25, 1e-4, 1.0), 1e-3)],
    why="The share is taken of the exponent, not of the number.",
)

# %% [markdown] name="exercise-rank"
# ### 3. What does the ranking say?
#
# A colleague searched learning rates from 0.02 to 0.05 and widths from 4 to 1,024, and reports: "The width explains
# 80 %, the learning rate 1 %. The learning rate does not matter." What do you answer?
#
# - `"a"`: Right: importance was measured, after all.
# - `"b"`: In those ranges. Over a wide range of rates it might well be first.
# - `"c"`: Wrong: the documents put the learning rate first, so the measurement has an error.
# - `"d"`: Then fix the width, since it matters most.

# %% name="exercise-rank-answer" tags=["exercise"]
my_answer = ...

# %% name="exercise-rank-solved" tags=["solution"]
my_answer = "b"

# %% [markdown] name="exercise-rank-check-intro"
# Every answer is explained:

# %% name="exercise-rank-check"
checks.choice(
    my_answer,
    "b",
    {
        "a": "It was measured in ranges: the rate varies by a factor of 2.5 there, the width by 256.",
        "b": "A knob's share depends on how far it was allowed to go.",
        "c": "The measurement may be right for its ranges. A list without ranges says less, not more.",
        "d": "What explains most is what to search for with care; fix what explains little.",
    },
)

# %% [markdown] name="exercise-goal"
# ### 4. The goal: patience that pays
#
# In Lab 2, find a first look and a share that goes on (`keep`: one in so many) with which slow starters lose at most
# **0.03** on average over fifty draws, and at most **40 %** of the epochs are spent.

# %% name="exercise-goal-answer" tags=["exercise"]
my_first, my_keep = ..., ...

# %% name="exercise-goal-solved" tags=["solution"]
my_first, my_keep = 4, 3

# %% [markdown] name="exercise-goal-check-intro"
# The next cell stops fifty times 27 trials with your numbers:


# %% name="exercise-goal-check"
def mean_loss():
    runs = [stopper.run(first=my_first, keep=my_keep, field="slow starters", draw=draw) for draw in range(50)]
    spent = np.mean([one.spent for one in runs]) / 540
    if spent > 0.4:
        raise ValueError(f"that spends {spent:.0%} of the epochs, more than 40 %: look earlier, or let fewer go on")
    return np.mean([one.loss for one in runs])


checks.goal(mean_loss, at_most=0.03, near=0.02, what="accuracy lost on average", answers=[my_first, my_keep])

# %% [markdown] name="summary"
# ## What we have seen
#
# - A search is one call. Failed trials are kept as results, and one that was cut off goes on from its storage.
# - Draw on a log scale what you know only to an order of magnitude.
# - One search says nothing about a method. Over fifty, TPE, which learns, gains much where good settings are rare, and
#   little where a tenth of all settings will do.
# - Stopping early gets more out of the same epochs, unless good settings start slowly.
# - The importance of a knob belongs to its range. Most of the documents' seven matter here; two hardly do.
# - Carry a good setting over as a first guess, and search around it when inputs, rows, time or size change.
#
# **Sources.** Bergstra, Bardenet, Bengio and Kégl, *Algorithms for hyper-parameter optimization*, 2011 (TPE). Bergstra
# and Bengio, *Random search for hyper-parameter optimization*, 2012. Snoek, Larochelle and Adams, *Practical Bayesian
# optimization of machine learning algorithms*, 2012. Hutter, Hoos and Leyton-Brown, *An efficient approach for
# assessing hyperparameter importance*, 2014. Jamieson and Talwalkar, *Non-stochastic best arm identification and
# hyperparameter optimization*, 2016. Li et al., *Hyperband: a novel bandit-based approach to hyperparameter
# optimization*, 2018. Data: Alpaydin and Kaynak, 1998 (digits); Wolberg, Mangasarian, Street and Street, 1993 (tumours).
# The documents are named below the table of claims.
