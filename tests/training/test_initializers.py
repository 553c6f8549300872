"""Initialisers: the distributions are those of Keras', and the numbers our own."""

import keras
import numpy as np
import pytest
from keras import initializers as of_keras
from keras import layers
from scipy import stats

from course_utils.portable import Draws
from course_utils.training.initialization import InitialWeights
from course_utils.training.initializers import draw

RANDOM = [
    of_keras.RandomUniform(-0.2, 0.3),
    of_keras.RandomNormal(0.1, 0.2),
    of_keras.TruncatedNormal(0.1, 0.2),
    of_keras.VarianceScaling(2.0, "fan_out", "untruncated_normal"),
    of_keras.VarianceScaling(0.5, "fan_avg", "truncated_normal"),
    of_keras.VarianceScaling(3.0, "fan_in", "uniform"),
    *(getattr(of_keras, f"{who}{what}")() for who in ("Glorot", "He", "Lecun") for what in ("Uniform", "Normal")),
]


@pytest.mark.parametrize("shape", [(300, 500), (3, 3, 20, 400), (5, 5, 2000, 1), (40_000,)], ids=str)
@pytest.mark.parametrize("initializer", RANDOM, ids=lambda one: f"{type(one).__name__} {getattr(one, 'mode', '')}")
def test_numbers_are_distributed_as_those_of_keras(initializer, shape):
    ours = draw(initializer, shape, Draws("weights", 3))
    theirs = np.asarray(type(initializer).from_config({**initializer.get_config(), "seed": 1})(shape))
    assert ours.shape == shape
    assert stats.ks_2samp(ours.ravel(), theirs.ravel()).pvalue > 1e-4
    assert ours.std() == pytest.approx(float(theirs.std()), rel=0.02)
    assert ours.mean() == pytest.approx(float(theirs.mean()), abs=0.03 * float(theirs.std()))
    if (
        "ntruncated" not in str(getattr(initializer, "distribution", ""))
        and type(initializer) is not of_keras.RandomNormal
    ):
        np.testing.assert_allclose([ours.min(), ours.max()], [theirs.min(), theirs.max()], rtol=0.02)


def test_axes_that_are_named_count_as_inputs_and_outputs():
    initializer = of_keras.GlorotUniform(input_axes=[0], output_axes=[1, 2])
    limit = np.sqrt(6 / (200 + 4 * 60))
    assert abs(draw(initializer, (200, 4, 60), Draws("weights", 0))).max() == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("shape", [(64, 64), (50, 20), (20, 50), (3, 3, 8, 16), (1, 7)], ids=str)
def test_orthogonal_matrices_are_orthogonal_and_their_entries_distributed_as_those_of_keras(shape):
    matrix = draw(of_keras.Orthogonal(gain=2.0), shape, Draws("weights", 0)).reshape(-1, shape[-1])
    matrix = matrix if len(matrix) < len(matrix.T) else matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(len(matrix)), atol=1e-13)


def test_orthogonal_matrices_have_no_preferred_direction():
    """The signs of all corners, and so those that QR alone would fix, are as often positive as negative."""
    many = np.stack([draw(of_keras.Orthogonal(), (3, 3), Draws("weights", seed)) for seed in range(2000)])
    theirs = np.stack([np.asarray(of_keras.Orthogonal(seed=seed)((3, 3))) for seed in range(300)])
    for row in range(3):
        for column in range(3):
            assert stats.ks_2samp(many[:, row, column], theirs[:, row, column]).pvalue > 1e-4
            assert stats.kstest(many[:, row, column], stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert (np.linalg.det(many) > 0).mean() == pytest.approx(0.5, abs=0.05)


class Mine(of_keras.RandomNormal):
    """An initialiser with a rule of its own."""

    def __call__(self, shape, dtype=None):
        return 7 + super().__call__(shape, dtype)


def test_a_subclass_draws_by_its_own_rule_with_a_seed_of_ours(sequential):
    assert draw(Mine(), (3, 3), Draws("weights", 0)) is None
    weights = InitialWeights(sequential((40,), layers.Dense(50, kernel_initializer=Mine(stddev=0.01))))
    (one, _), (same, _), (other, _) = (weights.draw(seed)[0] for seed in (0, 0, 1))
    assert one.mean() == pytest.approx(7, abs=0.01)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_what_is_not_random_is_not_drawn():
    for initializer in (of_keras.Zeros(), of_keras.Constant(2), of_keras.Identity()):
        assert draw(initializer, (3, 3), Draws("weights", 0)) is None


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_weights_have_the_type_of_their_variable(sequential, dtype):
    model = sequential((30,), layers.Dense(20, dtype=dtype), layers.Dense(2, dtype="float32"))
    kernel, *_ = InitialWeights(model).draw(0)[0]
    assert kernel.dtype == model.layers[0].kernel.numpy().dtype
    wide = draw(of_keras.GlorotUniform(), (30, 20), Draws("weights", 0, 0, 0))
    np.testing.assert_allclose(kernel.astype("float64"), wide, rtol=0.01)


def test_every_random_kernel_of_a_layer_is_drawn(sequential):
    stack = [
        layers.SeparableConv2D(4, 3),
        layers.DepthwiseConv2D(2),
        layers.Reshape((-1, 4)),
        layers.LSTM(5),
        layers.Dense(2),
    ]
    weights = InitialWeights(sequential((8, 8, 2), *stack))
    for one, other in zip(weights.draw(0)[0], weights.draw(1)[0]):
        assert one.ndim < 2 or not np.array_equal(one, other)


def test_a_frozen_layer_keeps_what_it_has(sequential):
    model = sequential((4,), layers.Dense(3, trainable=False), layers.Dense(2))
    kept = InitialWeights(model).draw(5)[1][0]
    np.testing.assert_array_equal(kept, model.layers[0].kernel.numpy())


def test_models_without_a_random_initializer_start_as_they_were_built():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, kernel_initializer="identity")])
    np.testing.assert_array_equal(InitialWeights(model).draw(0)[0][0], np.eye(4, 3))
