"""Fast copies: layers that compute another way what those of Keras do, dropout with noise as an input, and refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from course_utils import datasets
from course_utils.training import Trainer, keras_models
from course_utils.training.xla import fast_layers


def value_and_gradients(layer, x):
    variables = layer.trainable_variables
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        goal = tf.reduce_sum(y * tf.cos(tf.reshape(tf.range(tf.size(y), dtype=tf.float32), y.shape)))
    return [y, *tape.gradient(goal, [x, *variables])]


def picture(*shape):
    return tf.constant(np.random.default_rng(0).normal(size=(2, *shape)), tf.float32)


def assert_same(layer, fast, shape):
    x = picture(*shape)
    for one in (layer, fast):
        one.build(x.shape)
    fast.set_weights(layer.get_weights())
    for ours, theirs in zip(value_and_gradients(fast, x), value_and_gradients(layer, x), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (7, 9, 3)], ids=str)
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": (2, 5), "activation": "relu"},
        {"kernel_size": 1, "use_bias": False},
        {"kernel_size": 3, "strides": 2},
        {"kernel_size": 4, "strides": (3, 2)},
        {"kernel_size": 2, "strides": 3},
        {"kernel_size": 3, "dilation_rate": 2},
        {"kernel_size": (2, 3), "dilation_rate": (3, 1)},
    ],
    ids=str,
)
def test_patches_times_a_matrix_are_a_convolution(options, shape, padding):
    options = {**options, "padding": padding, "bias_initializer": "normal"}
    assert_same(layers.Conv2D(4, **options), fast_layers.PatchConv2D(4, **options), shape)


@pytest.mark.parametrize(("pool", "shape"), [(2, (8, 8, 2)), (2, (7, 9, 3)), ((3, 2), (7, 8, 1))], ids=str)
def test_a_maximum_over_tiles_is_max_pooling(pool, shape):
    assert_same(layers.MaxPooling2D(pool), fast_layers.TiledMaxPooling2D(pool), shape)


def copied_types(sequential, shape, *stack, **options):
    return [type(layer).__name__ for layer in fast_layers.fast_copy(sequential(shape, *stack), **options).layers]


@pytest.mark.parametrize(
    ("pooling", "shape", "tiled"),
    [
        (layers.MaxPooling2D(2), (8, 8, 1), True),
        (layers.MaxPooling2D(2), (7, 7, 1), True),
        (layers.MaxPooling2D(2, padding="same"), (8, 8, 1), True),
        (layers.MaxPooling2D(2, padding="same"), (7, 8, 1), False),
        (layers.MaxPooling2D(3, strides=2), (8, 8, 1), False),
    ],
)
def test_only_pooling_without_overlap_and_padding_is_tiled(sequential, pooling, shape, tiled):
    model = sequential(shape, pooling)
    fast = fast_layers.fast_copy(model)
    assert isinstance(fast.layers[0], fast_layers.TiledMaxPooling2D) == tiled
    x = picture(*shape)
    np.testing.assert_array_equal(fast(x), model(x))


def test_grouped_convolutions_stay_what_they_are(sequential):
    assert copied_types(sequential, (8, 8, 2), layers.Conv2D(4, 3, groups=2), layers.Conv2D(4, 3)) == [
        "Conv2D",
        "PatchConv2D",
    ]


def dense(activation):
    return lambda: [layers.Dense(3, activation=activation)]


@pytest.mark.parametrize(
    ("stack", "activation"),
    [
        (dense("softmax"), "softmax"),
        (dense("sigmoid"), "sigmoid"),
        (dense("relu"), None),
        (dense("linear"), None),
        (lambda: [layers.Dense(3), layers.Activation("sigmoid")], "sigmoid"),
        (lambda: [layers.Dense(3), layers.Softmax()], "softmax"),
        (lambda: [layers.Dense(3, "softmax"), layers.Dense(3)], None),
        (lambda: [layers.Reshape((2, 2)), layers.SimpleRNN(3, activation="sigmoid")], None),
    ],
)
def test_the_output_activation_is_left_out_where_the_loss_is_computed_from_logits(sequential, stack, activation):
    model = sequential((4,), *stack())
    assert keras_models.output_activation(model) == activation
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 4)), tf.float32)
    for left_out in (None, "softmax", "sigmoid"):
        fast = fast_layers.fast_copy(model, left_out)
        fast.set_weights(model.get_weights())
        outputs = fast(x)
        if left_out == activation and activation is not None:
            outputs = {"softmax": tf.nn.softmax, "sigmoid": tf.nn.sigmoid}[activation](outputs)
            assert tf.reduce_max(abs(fast(x) - model(x))) > 0.05
        np.testing.assert_allclose(outputs, model(x), rtol=1e-5, atol=1e-6)


def masks(rate, seed, shape=(400, 500), noise_shape=None, calls=1):
    layer = fast_layers.RuntimeDropout(0.0, noise_shape)
    layer.build((None, *shape[1:]))
    layer.rate.assign(rate)
    layer.seed.assign(seed)
    return [layer(tf.ones(shape), training=True).numpy() for _ in range(calls)]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_rest(rate):
    (mask,) = masks(rate, seed=11)
    spread = (rate * (1 - rate) / mask.size) ** 0.5
    assert (mask == 0).mean() == pytest.approx(rate, abs=5 * spread)
    np.testing.assert_allclose(mask[mask != 0], 1 / (1 - rate), rtol=1e-6)
    for axis in (0, 1):
        shares, many = (mask == 0).mean(axis=axis), mask.shape[axis]
        assert shares.std() == pytest.approx((rate * (1 - rate) / many) ** 0.5, rel=0.25)


def agreement(one, other):
    return ((one == 0) == (other == 0)).mean()


def test_dropout_masks_of_successive_calls_and_of_seeds_are_unrelated():
    first, second, third = masks(0.5, seed=5, calls=3)
    (other,) = masks(0.5, seed=123456)
    for one, two in ((first, second), (second, third), (first, other)):
        assert agreement(one, two) == pytest.approx(0.5, abs=0.01)
    for shift in (1, 2, 500):
        assert agreement(first.ravel()[shift:], first.ravel()[:-shift]) == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(first, masks(0.5, seed=5)[0])


def test_dropout_of_rate_zero_and_at_inference_does_nothing():
    assert (masks(0.0, seed=1)[0] == 1).all()
    layer = fast_layers.RuntimeDropout(0.5)
    assert (layer(tf.ones((20, 20))).numpy() == 1).all()


def test_dropout_shares_its_mask_along_axes_of_noise_shape():
    (mask,) = masks(0.5, seed=3, shape=(6, 5, 7), noise_shape=(None, 1, 7))
    assert (mask == mask[:, :1]).all()
    assert 0 < (mask == 0).mean() < 1


def test_fast_copies_have_the_variables_of_the_model_and_two_for_each_dropout(sequential):
    model = sequential((8,), layers.Dense(4), layers.Dropout(0.3), layers.BatchNormalization(), layers.Dense(2))
    fast = fast_layers.fast_copy(model)
    assert [v.shape for v in fast.trainable_variables] == [v.shape for v in model.trainable_variables]
    assert len(fast.non_trainable_variables) == 2 + 2
    assert [layer.start_rate for layer in fast_layers.runtime_dropouts(fast)] == [0.3]


@pytest.mark.parametrize(
    ("shape", "make", "name"),
    [
        ((4,), lambda: layers.GaussianNoise(0.1), "GaussianNoise"),
        ((4,), lambda: layers.AlphaDropout(0.1), "AlphaDropout"),
        ((4, 2), lambda: layers.LSTM(3, dropout=0.1), "LSTM"),
        ((4, 2), lambda: layers.Bidirectional(layers.GRU(3, recurrent_dropout=0.1)), "Bidirectional"),
        ((8, 8, 1), layers.RandomFlip, "RandomFlip"),
    ],
)
def test_other_random_layers_are_refused_by_name(sequential, shape, make, name):
    with pytest.raises(ValueError, match=rf"layer '.*' \({name}\w*\) draws random numbers .*Dropout"):
        fast_layers.fast_copy(sequential(shape, make()))


def test_recurrent_layers_without_dropout_have_idle_seeds(sequential):
    fast = fast_layers.fast_copy(sequential((4, 2), layers.LSTM(3, return_sequences=True), layers.GRU(3)))
    assert len(fast_layers.idle_seeds(fast)) == 2


def test_recurrent_layers_are_unrolled_in_both_directions(sequential):
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    other = layers.Bidirectional(layers.GRU(2), backward_layer=layers.SimpleRNN(2, go_backwards=True))
    model = sequential((4, 2), both, other, layers.Reshape((4, 1)), layers.GRU(3))
    fast = fast_layers.fast_copy(model)
    recurrent = [layer for layer in fast._flatten_layers() if isinstance(layer, layers.RNN)]
    assert len(recurrent) == 5
    assert all(layer.unroll for layer in recurrent)
    assert not model.layers[-1].unroll
    fast.set_weights(model.get_weights())
    np.testing.assert_allclose(fast(picture(4, 2)), model(picture(4, 2)), rtol=1e-5, atol=1e-6)


def test_models_with_a_call_of_their_own_are_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match=r"is a Own with a call of its own.*keras\.Sequential"):
        keras_models.require_layers(Own())


@pytest.fixture(scope="module")
def mask_reader(sequential):
    """A trainer whose weights are the dropout masks so far: ones in, no weights, and an error of constant sign."""
    one, far = np.ones((1, 300), "float32"), np.array([1e6], "float32")
    data = datasets.Dataset("ones", one, far, one, far, one, far, classes=None)
    last = layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = sequential((300,), layers.Dropout(0.25), last)
    return Trainer(model, data, loss="mean_absolute_error", batch_size=1, epochs=4)


def read_masks(trainer, **knobs):
    """Gives the mask of every step of every member: shape (members, steps, units)."""
    runs = [run for run in trainer.stream(learning_rate=1.0, **knobs) if run.epochs_done]
    sums = [[run.model(member).get_weights()[0][:, 0] for run in runs] for member in range(len(runs[0]))]
    return np.diff(np.array(sums), axis=1, prepend=0)


def test_trained_networks_drop_the_share_that_the_knob_says(mask_reader):
    for rate, masks in zip((0.25, 0.5, 0.8), read_masks(mask_reader, dropout=[None, 0.5, 0.8])):
        assert (masks == 0).mean() == pytest.approx(rate, abs=5 * (rate * (1 - rate) / masks.size) ** 0.5)
        np.testing.assert_allclose(masks[np.abs(masks) > 0.5], 1 / (1 - rate), rtol=1e-4)


def test_masks_differ_between_steps_and_between_members(mask_reader):
    masks = read_masks(mask_reader, dropout=0.5, seeds=3)
    flat = masks.reshape(12, -1)
    for one in range(12):
        for other in range(one):
            assert agreement(flat[one], flat[other]) == pytest.approx(0.5, abs=0.15)


def test_masks_of_a_seed_do_not_depend_on_the_neighbours(mask_reader):
    among = read_masks(mask_reader, dropout=[0.1, 0.5], seeds=[4, 9, 2])
    alone = read_masks(mask_reader, dropout=0.5, seeds=[9])
    np.testing.assert_array_equal(among[4], alone[0])


def test_a_function_that_keras_cannot_copy_is_named_as_the_cause():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, lambda x: x * x)])
    with pytest.warns(UserWarning, match="lambda"), pytest.raises(ValueError, match=r"cannot be copied: .* no lambda"):
        fast_layers.fast_copy(model)
