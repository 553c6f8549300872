# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] name="title"
# # Search: good values for several knobs, without fooling yourself
#
# **The question of this chapter:** a network has many knobs. How do you find good values for them, with few trainings,
# and how do you know that they are good? [Start here](00_start_here.ipynb) explains the words
# *network*, *loss*, *epoch* and *seed*; the [learning rate](01_learning_rate.ipynb) has a chapter of its own.
#
# A few words first. The **weights** of a network are learned from data. What you choose *before* training, such as
# the learning rate, is a **hyperparameter**; we also say *knob*. To train once with chosen knobs, and to look how
# good the result is, is a **trial**. A **search** is many trials, and a rule for what to try next.
#
# **For teachers:** each of the six labs works alone. Run the cells down to it once, then drag.

# %% name="imports"
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.datasets import load_digits

from course_utils import checks, claims, datasets, models
from course_utils.chapters.search import caviar, coarse_to_fine, grid_or_random, next_trial, panda
from course_utils.chapters.search import overfitted_choice as choosing
from course_utils.lab import Lab, choice, int_slider, log_slider
from course_utils.training import Trainer

# %% [markdown] name="data-intro"
# ## The data, in three parts
#
# The handwritten **digits** again: 64 grey values of a small picture, ten classes. They are split into three parts:
# one to *train* on, one for *validation* (to compare trials by), and one for a *test* at the very end. Why three? Half
# of this chapter's trouble hides in that question, so we begin with it.

# %% name="data"
pixels, labels = load_digits(return_X_y=True)
digits = datasets.from_arrays(pixels, labels, name="digits", validation=0.25, test=0.25, scale="unit")
print(digits)

# %% [markdown] name="choice-intro"
# ## Choosing on a test set over-fits it (claim VS1)
#
# You try many settings, measure each on the same test set, and keep the best. Its score is on the screen: is that how
# good it is?
#
# First without any network. Five hundred coins are tossed fifty times each. All are fair. **Predict:** how often does
# the *best* coin show heads, and how often will the same coin do so in the next fifty tosses?

# %% name="coins"
random = np.random.default_rng(0)
tosses = random.random((500, 100)) < 0.5
first, next_ = tosses[:, :50].mean(axis=1), tosses[:, 50:].mean(axis=1)
print(f"the best of 500 coins: heads in {first.max():.0%}; in its next fifty tosses {next_[first.argmax()]:.0%}")

# %% [markdown] name="coins-read"
# A coin learns nothing, and still the best of five hundred looks gifted. Choosing found *luck*. The score that chose
# it is too good by construction: it is the largest of many, and luck is part of what makes it the largest.
#
# Now with networks, which do differ in how good they are. Five hundred small ones are trained on 150 pictures, with
# random learning rates, L2 strengths and scales of the first weights. More than 1,600 pictures are left: some of them
# are the test set that chooses, all others are **fresh data** that tell the truth. **Predict:** by how much does the
# score of the best of 500 networks promise too much, if the test set has 50 pictures? If it has 800?

# %% name="choice-runs" tags=["foreign-numbers"]
answers = choosing.right_answers(pixels, labels, configurations=500, rows=150)
counts = [1, 5, 20, 100, 500]
optimism = {}
for rows in (50, 800):
    promised, kept = choosing.choose(answers, rows, repeats=1000)
    optimism[rows] = [(promised - kept)[:, n - 1].mean() for n in counts]
# Adding 0 makes 0.0 of -0.0.
pd.DataFrame(optimism, index=counts).rename_axis("best of").round(2).add(0).add_prefix("optimism with rows: ")

# %% [markdown] name="choice-read"
# The table shows promise minus truth, on average over 1,000 test sets. With one network there is no choice and no
# optimism. With every network more to choose among it grows, and with more rows it shrinks.

# %% [markdown] name="lab-choice-intro"
# ### Lab 1: the optimism of a choice
#
# **Predict, then drag.** On the left, what the chosen network promises and what it keeps. Does choosing among more
# networks make the *true* accuracy worse, or only the promise better? How many rows must the test set have so that
# the best of 500 promises at most one point (0.01) too much?

# %% name="lab-choice"
chosen = choosing.OverfittedChoice(answers, repeats=200)
Lab(
    chosen,
    choosing.ChoicePicture(),
    configurations=int_slider(1, 500, value=100),
    rows=int_slider(25, 800, value=50, step=25),
    draw=int_slider(0, 9, value=0),
    presets={
        "no choice": {"configurations": 1},
        "many, few rows": {"configurations": 500, "rows": 25},
        "many, many rows": {"configurations": 500, "rows": 800},
    },
    name="chosen",
)

# %% [markdown] name="lab-choice-after"
# What you should have seen: the true accuracy does not get worse. It rises with the first ten or twenty networks and
# then hardly changes, while the promise goes on rising. Choosing is no sin; *believing the number that chose* is. With
# 25 rows the best of 500 promises about 0.08 too much, and it takes well over 400 rows to bring that below 0.01.
#
# So there are three parts: train for the weights, validate to choose the knobs, and test **once**, when nothing will
# be chosen any more. In the rest of the chapter, all trials are judged on the validation part.

# %% [markdown] name="odds-intro"
# ## Grid or random? (claim VS3)
#
# Two ways to fill a space of knobs with trials. A **grid** takes a few values of each knob, and all combinations. A
# **random** search draws every trial anew, each knob by itself.
#
# What a grid costs can be counted. What a random search finds, too: if 5 % of all settings are good enough, a trial
# misses them with probability 0.95, and *n* trials all miss them with 0.95 multiplied *n* times by itself, whatever
# the number of knobs. **Predict:** how many random trials find one of the best 5 % with a probability of 95 %? And
# how many trials has a grid with five values of each of seven knobs?

# %% name="odds"
odds = {n: 1 - 0.95**n for n in (10, 20, 60, 100)}
simulated = {n: (random.random((20_000, n)) < 0.05).any(axis=1).mean() for n in odds}
grid_trials = {knobs: 5**knobs for knobs in (1, 2, 3, 7)}
print("five values of each knob:", ", ".join(f"{n:,} trials for {k}" for k, n in grid_trials.items()))
pd.DataFrame({"by the formula": odds, "simulated": simulated}).rename_axis("random trials").round(2)

# %% [markdown] name="odds-read"
# Sixty random trials will do (Bergstra and Bengio 2012), however many knobs there are. Good enough for the best 5 %,
# that is: if only one setting in a thousand is good, sixty trials will most likely miss it.
#
# But the real trouble of a grid is another one. Usually few knobs matter, and nobody knows which. Take two knobs: the
# learning rate, and a weak L2 penalty between 0.00000001 and 0.00001. First let us see that the second one has no
# effect here:

# %% name="no-effect"
trainer = Trainer(models.mlp, digits, optimizer="momentum")
both = trainer.run(learning_rate=[0.001, 0.01, 0.1, 0.4], l2=[1e-8, 1e-5], momentum=0.0, epochs=5)
by_l2 = {l2: both.select(l2=l2).final("val_accuracy") for l2 in (1e-8, 1e-5)}
print("accuracy at four learning rates:", np.round(by_l2[1e-8], 1))
print(f"largest difference that L2 makes: {np.abs(by_l2[1e-8] - by_l2[1e-5]).max():.3f}")

# %% [markdown] name="square-intro"
# Now nine trials each, forty times: nine on a grid of three by three, nine at random. Each time the grid is shifted,
# since where it begins is a matter of luck as well. In a second contest the L2 strength gives way to the momentum,
# which *does* matter. **Predict:** who finds the better setting more often, in either contest?

# %% name="square-runs"
square = grid_or_random.GridOrRandom(trainer)
contests = {second: square.several(40, trials=9, second=second) for second in ("l2", "momentum")}
rows = {}
for second, best in contests.items():
    means = {f"best of {way}": f"{values.mean():.2f}" for way, values in best.items()}
    wins = {
        "random better": (best["random"] > best["grid"]).sum(),
        "grid better": (best["random"] < best["grid"]).sum(),
    }
    rows[second] = {**means, **wins}
pd.DataFrame(rows).T.rename_axis("second knob")

# %% [markdown] name="square-read"
# Where one knob does not matter, random wins more than twice as often: its nine trials are nine different
# learning rates, those of the grid are three, each tried three times. Where both knobs matter, that advantage is gone:
# a grid covers the square more evenly. So the claim **holds with a condition**. Since you rarely know beforehand
# which knobs matter, and since a grid of seven knobs is out of reach anyway, random is the better habit.

# %% [markdown] name="lab-square-intro"
# ### Lab 2: what each knob gets to see
#
# The squares hold the trials, darker for more accurate. The strips above and beside show the same trials as only one
# knob sees them. **Predict, then drag:** with how many trials does the grid see the narrow hill of good learning rates?
# Then change the second knob to the momentum, and look at the strip on its side.

# %% name="lab-square"
Lab(
    square,
    grid_or_random.SquaresPicture(),
    trials=choice([4, 9, 16, 25, 36], 9),
    second=choice(
        {"L2 strength, which does not matter": "l2", "momentum, which matters": "momentum"},
        "L2 strength, which does not matter",
    ),
    draw=int_slider(0, 19, value=0),
    presets={"few": {"trials": 4}, "many": {"trials": 36}, "both matter": {"second": "momentum", "trials": 16}},
    name="square",
)

# %% [markdown] name="lab-square-after"
# What you should have seen: the strip above the grid has as many places as the grid has columns, however many trials
# there are; the strip above the random square has a place for every trial. With 9 trials, a grid may jump right over
# the hill, depending on the draw. The strip beside the squares is flat for L2: every height has good and bad trials.

# %% [markdown] name="narrow-intro"
# ## Narrowing the range in steps (claim VS2)
#
# Three of the documents give the same recipe. Set a wide range. Draw some values, on a logarithmic scale. Train each
# only *briefly*, since bad values show early. Look, and narrow the range around the best. Repeat.
#
# A program can do that too: halve the range (on its logarithmic scale) around the best trial so far. Which is what
# `search(..., method="coarse-to-fine")` does.
#
# **Predict:** three rounds of sixteen trials against 48 random trials in the whole range. In which is the *typical*
# trial better, and in which the *best* one?

# %% name="narrow-runs"
ranges = coarse_to_fine.Narrowing(Trainer(models.mlp, digits), epochs=3)
ten = [ranges.run(rounds=3, draw=draw) for draw in range(10)]  # nobody narrows by hand here: it stays random
typical = np.array([[np.median(side[-1].accuracy) for side in one.sides.values()] for one in ten])
best = np.array([[found for found, _ in one.best.values()] for one in ten])
pd.DataFrame(
    {"typical trial of the last round": typical.mean(axis=0), "best of 48": best.mean(axis=0)},
    index=["random in the whole range", "three rounds, each narrower"],
).round(2)

# %% [markdown] name="narrow-read"
# The numbers are means of ten searches. Narrowing makes the typical trial far better: in the third round most of them
# train well. The best one hardly gains: with a *single* knob, 48 random trials hit the good region several times
# anyway. The more knobs, the rarer such a hit. And rounds have a price: if the first one misleads, all later ones look
# in the wrong place.

# %% [markdown] name="lab-narrow-intro"
# ### Lab 3: narrow it yourself
#
# Sixteen trials of the first round are on the picture, in the whole range. **Predict** where the best learning rate
# lies. Then set `rounds` to 2 and drag the ends of the second range, then 3 for the third. The rule on the right
# begins with the same sixteen trials. Who ends up better?

# %% name="lab-narrow"
ends = {"low": coarse_to_fine.WHOLE[0], "high": coarse_to_fine.WHOLE[1]}
Lab(
    ranges,
    coarse_to_fine.RoundsPicture(),
    rounds=int_slider(1, 3, value=1),
    round_2_from=log_slider(**ends, value=1e-5),
    round_2_to=log_slider(**ends, value=10),
    round_3_from=log_slider(**ends, value=1e-5),
    round_3_to=log_slider(**ends, value=10),
    draw=int_slider(0, 9, value=0),
    presets={
        "careful": {"rounds": 3, "round_2_from": 0.01, "round_2_to": 5.0, "round_3_from": 0.1, "round_3_to": 1.0},
        "misled": {"rounds": 3, "round_2_from": 0.001, "round_2_to": 0.05, "round_3_from": 0.01, "round_3_to": 0.05},
    },
    name="ranges",
)

# %% [markdown] name="lab-narrow-after"
# What you should have seen: after one round it is plain that accuracy rises up to some tenths, and that there is a
# cliff before 2. A second round from 0.01 to 5 and a third from 0.1 to 1 find as good a rate as the rule does, within
# the luck of the draw. Cut the hill off, as with "misled", and no later round brings it back.

# %% [markdown] name="process-intro"
# ## A search that thinks about its trials
#
# Random search forgets every result. **Bayesian optimisation** does not: a model of the score is fitted to the trials
# so far, here a **Gaussian process**. For every setting it gives two numbers: the score it *expects* there, and how
# *unsure* it is. Near a trial it is sure; far from all of them it is not.
#
# The next trial goes where it is worth most. A common measure is the **expected improvement** (Jones et al. 1998):
# by how much will a trial beat the best so far, on average, if a trial that does not beat it counts as zero? The
# belief is a bell curve, so we can draw a million times from it, or use the formula. **Predict:** which of two places
# is worth more, one expected just below the best and quite sure, or one expected far below and very unsure?


# %% name="improvement" tags=["foreign-numbers"]
def expected_improvement(mean, deviation, best):
    above = (mean - best) / deviation
    return deviation * (above * norm.cdf(above) + norm.pdf(above))


places = {"just below, sure": (0.89, 0.01), "far below, unsure": (0.70, 0.30)}
worth = {}
for name, (mean, deviation) in places.items():
    drawn = random.normal(mean, deviation, 1_000_000)
    worth[name] = np.maximum(drawn - 0.90, 0).mean(), expected_improvement(mean, deviation, 0.90)
pd.DataFrame(worth, index=["drawn a million times", "by the formula"]).T.round(3)

# %% [markdown] name="lab-process-intro"
# ### Lab 4: one trial at a time
#
# Three random learning rates are tried. The line is what the process expects, the band where it holds the score for
# likely (two standard deviations). **Predict** before every step where the next trial goes, then move `trials` by one.
# What happens to the band at a new trial? Later, show the truth, and let the next trial be chosen by the mean alone,
# and by the uncertainty alone.

# %% name="lab-process"
process = next_trial.NextTrial(Trainer(models.mlp, digits), epochs=5)
Lab(
    process,
    next_trial.BeliefPicture(),
    trials=int_slider(3, 15, value=3),
    look=choice(list(next_trial.LOOKS), "expected improvement"),
    truth=choice({"hidden": False, "shown": True}, "hidden"),
    draw=int_slider(0, 9, value=0),
    presets={
        "ten trials": {"trials": 10},
        "greedy": {"trials": 8, "look": "the mean alone"},
        "curious": {"trials": 10, "look": "the uncertainty alone"},
    },
    name="process",
)

# %% [markdown] name="lab-process-after"
# What you should have seen: the band shrinks to a point at every trial and swells between them. Expected improvement
# looks at both: early it jumps to where it knows nothing, later it stays near the best. The mean alone crawls along
# beside its first good trial. The uncertainty alone fills the largest gap each time, good or bad. And no look sees the
# cliff coming: the process believes in smooth hills.
#
# Which look *finds* the most? In the first draw, with "greedy", the mean alone does. Go through the draws with eight
# trials: in most of them it is the uncertainty alone, since with a single knob and a broad hill, trials at equal
# distances are hard to beat; and once the mean alone is left far behind. After a dozen trials all are close together.
# Whether thinking pays with more knobs is a question for fifty searches, not for one picture:
# [Search in practice](12_search_in_practice.ipynb) asks it.

# %% [markdown] name="panda-intro"
# ## Panda or caviar? (claim VS7)
#
# A panda has one cub at a time and watches over it; a sturgeon lays thousands of eggs and lets most of them go. The
# document that uses the comparison says: watch *one* network and adjust it while it trains, or train *many* at once
# and keep the best, as your means allow.
#
# First the panda, without a hand. Five learning rates that stay as they are, against one that begins at 0.5 and is
# turned down to 0.02 after 30 of 80 epochs. Six seeds each, small batches, and a weak L2 penalty. **Predict:** can
# the turn beat *all* rates that stay?

# %% name="panda-runs"
small = Trainer(models.mlp, digits, batch_size=8, epochs=80)
network = {"width": 32, "depth": 1, "l2": 1e-3}
hands = {f"{rate:g} all the time": panda.Hand([(0, rate)]) for rate in (0.02, 0.05, 0.1, 0.2, 0.5)}
hands["0.5, then 0.02"] = panda.Hand([(0, 0.5), (30, 0.02)])
runs = small.run(learning_rate=1.0, schedule=list(hands.values()), seeds=6, **network)
losses = {name: runs.select(schedule=hand).history["val_loss"][:, -5:].mean(axis=1) for name, hand in hands.items()}
spread = {name: f"{values.mean():.3f} ± {values.std():.3f}" for name, values in losses.items()}
pd.Series(spread, name="validation loss, mean ± standard deviation")

# %% [markdown] name="panda-read"
# It can. A large rate finds a good region and then rattles about in it; a small one, begun at once, does not get there
# in 80 epochs. Somebody who watches sees the rattling, and turns the rate down. (The chapter on the
# [learning rate](01_learning_rate.ipynb) calls a plan for that a *schedule*. Here you are the schedule.)

# %% [markdown] name="lab-panda-intro"
# ### Lab 5: the panda
#
# This run does **not** start anew when you move the rate: it goes on from where it is. Five epochs are done. Choose
# the speed "slow" or "fast", watch, and turn the learning rate while it runs; "pause" waits for you, and the disc on
# the left shows the rate that comes next. Another seed is another cub. (Training is slowed down so that you can
# watch.) **Predict:** what does the loss do in the very epoch in which you turn 0.5 down to 0.02? And up again?

# %% name="lab-panda"
cub = panda.Panda(small, epochs=80, **network)
Lab(
    cub,
    panda.PandaPicture(),
    speed=choice(list(panda.SPEEDS), "pause"),
    learning_rate=log_slider(0.001, 2, value=0.5),
    seed=int_slider(0, 9, value=0),
    name="cub",
)

# %% [markdown] name="lab-panda-after"
# What you should have seen: at 0.5 the validation loss jumps up and down. Turned down, it falls at once and grows calm,
# at about 0.12. Turned up again, it rattles again. And a cub that begins at 0.02 and stays there ends higher, as the
# table above has it. The list of your turns repeats the run exactly: `cub.run(seed=0, changes=[(0, 0.5), (30, 0.02)])`.

# %% [markdown] name="caviar-intro"
# ### Lab 6: the caviar
#
# The same network, up to 64 times, with random learning rates from 0.0001 to 10. All train together for twenty epochs
# while you watch. **Predict, then drag:** how much better is the best of 64 than the best of 16? Than the only one?

# %% name="lab-caviar"
eggs = caviar.Caviar(small, epochs=20, **network)
Lab(
    eggs,
    caviar.ShoalPicture(),
    networks=choice([1, 4, 16, 64], 64),
    draw=int_slider(0, 9, value=0),
    name="eggs",
)

# %% [markdown] name="lab-caviar-after"
# The same in numbers, over six draws: the best loss among the first, the first four, sixteen, and all 64.

# %% name="caviar-runs"
shoals = [eggs.run(networks=64, draw=draw) for draw in range(6)]
best_of = {n: np.array([shoal.losses[:n, -1].min() for shoal in shoals]) for n in (1, 4, 16, 64)}
pd.Series({n: f"{np.median(values):.2f}" for n, values in best_of.items()}, name="median of best loss").rename_axis("n")

# %% [markdown] name="caviar-read"
# A single random rate is a lottery ticket. Of sixteen, one is good nearly always; 64 add little. Now compare what was
# spent: the panda took 80 epochs and your attention, the caviar of 64 took 1,280 epochs and none. And the two go
# together: let many begin, then watch over the best.

# %% [markdown] name="claims-intro"
# ## What the documents say, and what we measured
#
# All numbers are those of this notebook. "With a condition" means: read the sentence before it.

# %% name="claims" tags=["foreign-numbers"]
turned, steady = losses["0.5, then 0.02"], np.stack([v for name, v in losses.items() if "all" in name])
in_square = {second: {way: values.mean() for way, values in best.items()} for second, best in contests.items()}
claims.table(
    {
        "VS1": f"The best of 500 on 50 test rows promises {optimism[50][-1]:.2f} more than it keeps; on 800 rows {optimism[800][-1]:.2f}.",
        "VS2": f"Typical trial of the last round: {typical[:, 1].mean():.2f} after narrowing, {typical[:, 0].mean():.2f} at random. Best of 48: {best[:, 1].mean():.2f} and {best[:, 0].mean():.2f}, with one knob.",
        "VS3": f"Seven knobs: {grid_trials[7]:,} trials. Nine trials, second knob without effect: grid {in_square['l2']['grid']:.2f}, random {in_square['l2']['random']:.2f}; where it matters: grid {in_square['momentum']['grid']:.2f}, random {in_square['momentum']['random']:.2f}.",
        "VS7": f"Panda: validation loss {turned.mean():.2f} with a turn, {steady.mean(axis=1).min():.2f} with the best of five steady rates. Caviar: median best loss of 1, 4, 16 and 64: {', '.join(f'{np.median(v):.2f}' for v in best_of.values())}.",
    }
)

# %% [markdown] name="exercises"
# ## Exercises
#
# ### 1. A grid
#
# Four knobs, six values each, three seeds for every setting. How many trainings does the grid take?

# %% name="exercise-grid" tags=["exercise"]
my_trainings = ...

# %% name="exercise-grid-solved" tags=["solution"]
my_trainings = 6**4 * 3

# %% [markdown] name="exercise-grid-check-intro"
# Run the next cell to check.

# %% name="exercise-grid-check"
checks.number(
    my_trainings,
    3888,
    hints={
        1296: "that is without the seeds.",
        72: "values of different knobs multiply: six times six times six times six.",
        12288: "six values of each of four knobs: six to the power of four, not four to the power of six.",
    },
    why="6 · 6 · 6 · 6 settings with three seeds each.",
)

# %% [markdown] name="exercise-odds"
# ### 2. The odds
#
# Write a function that says how many random trials are needed to hit one of the best settings, a share of all, with
# at least the given probability. (`trials_needed(0.05, 0.95)` should give 59.)


# %% name="exercise-odds-code" tags=["exercise"]
def trials_needed(share, probability): ...


# %% name="exercise-odds-solved" tags=["solution"]
def trials_needed(share, probability):
    return int(np.ceil(np.log(1 - probability) / np.log(1 - share)))


# %% [markdown] name="exercise-odds-check-intro"
# Four cases are tried:

# %% name="exercise-odds-check"
checks.code(
    trials_needed,
    [((0.05, 0.95), 59), ((0.01, 0.95), 299), ((0.5, 0.9), 4), ((0.05, 0.5), 14)],
    why="All trials miss with probability (1 − share) to the power of n.",
)

# %% [markdown] name="exercise-report"
# ### 3. What do you report?
#
# You tried 200 settings, compared them on 180 validation rows, and the best reaches 0.981 there. On the test part,
# which you had not touched, it reaches 0.962. What is the accuracy of your network?
#
# - `"a"`: 0.981, it was measured
# - `"b"`: 0.962
# - `"c"`: the mean of the two
# - `"d"`: try some other of the 200 on the test part until one reaches 0.981

# %% name="exercise-report-answer" tags=["exercise"]
my_report = ...

# %% name="exercise-report-solved" tags=["solution"]
my_report = "b"

# %% [markdown] name="exercise-report-check-intro"
# Every answer is explained:

# %% name="exercise-report-check"
checks.choice(
    my_report,
    "b",
    {
        "a": "It was measured on the rows that chose it, the best of 200: part of it is luck.",
        "b": "The test rows chose nothing, so their number promises nothing too much.",
        "c": "Half of the optimism is still optimism.",
        "d": "Then the test part chooses, and there is nothing left that could tell you the truth.",
    },
)

# %% [markdown] name="exercise-goal"
# ### 4. The goal: be a good panda
#
# Find, in Lab 5, a list of at most three turns with which the cub of seed 3 ends with a validation loss of at most
# **0.12** (mean of its last five epochs). Write it as the lab's run takes it: pairs of an epoch, counted from 0, and a
# rate.

# %% name="exercise-goal-answer" tags=["exercise"]
my_turns = ...

# %% name="exercise-goal-solved" tags=["solution"]
my_turns = [(0, 0.5), (30, 0.02)]

# %% [markdown] name="exercise-goal-check-intro"
# The next cell trains the cub with your turns:

# %% name="exercise-goal-check"
checks.goal(
    lambda: cub.run(seed=3, changes=my_turns).loss, at_most=0.12, near=0.02, what="validation loss", answers=[my_turns]
)

# %% [markdown] name="summary"
# ## What we have seen
#
# - The score that chose a setting promises too much: the more settings and the fewer rows, the more. Test once.
# - A grid's cost explodes with the number of knobs, and it tries few values of each. Random search tries as many values
#   of the knob that matters as there are trials.
# - Narrowing in steps makes typical trials better, and is as good as its first round.
# - A Gaussian process remembers, and tries where a gain is likely or where it knows little.
# - Watch one and turn its knobs, or train many and keep the best: attention against computing.
#
# **Sources.** Jones, Schonlau and Welch, *Efficient global optimization of expensive black-box functions*, 1998.
# Bergstra and Bengio, *Random search for hyper-parameter optimization*, 2012. Snoek, Larochelle and Adams, *Practical
# Bayesian optimization of machine learning algorithms*, 2012. Data: Alpaydin and Kaynak, 1998 (digits). The documents
# are named below the table of claims.
