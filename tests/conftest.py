"""Fixtures that several test modules share: small data, small models, and a plain Keras training loop."""

import numpy as np
import pytest

from course_utils import datasets


@pytest.fixture(scope="session")
def digits():
    return datasets.digits()


@pytest.fixture(scope="session")
def images():
    return datasets.digits(images=True)


@pytest.fixture(scope="session")
def sentences():
    """Rows of three words out of twelve; the class is the remainder of their sum by three."""
    words = np.random.default_rng(0).integers(0, 12, (200, 3))
    return datasets.from_arrays(words, words.sum(axis=1) % 3, name="sentences")


@pytest.fixture(scope="session")
def sequential():
    """Gives a function that stacks layers on an input of a shape."""
    import keras

    return lambda shape, *layers: keras.Sequential([keras.Input(shape), *layers])


@pytest.fixture(scope="session")
def start():
    """Gives a function that puts a Keras model where the trainer starts a seed."""

    def place(trainer, model, seed=0, **knobs):
        states = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
        for variable, value in zip([*model.trainable_variables, *states], trainer.initial_weights(seed, **knobs)):
            variable.assign(value)

    return place


@pytest.fixture(scope="session")
def keras_loop(start):
    """Gives a function that trains a Keras model as one would by hand, and returns the loss of every batch."""
    import keras
    import tensorflow as tf

    def train(trainer, model, optimizer, *, loss=None, seed=0, init_scale=1.0, rates=None, penalty=None, **order):
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        start(trainer, model, seed, init_scale=init_scale)
        optimizer.build(model.trainable_variables)
        weights = model.trainable_variables

        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
                objective = value + sum(model.losses)
                if penalty is not None:
                    objective += sum(penalty(w) for w in weights if len(w.shape) > 1)
            optimizer.apply_gradients(zip(tape.gradient(objective, weights), weights))
            return value

        losses = []
        for epoch in range(trainer.epochs):
            for rows in trainer.batches(seed, epoch, **order):
                if rates is not None:
                    optimizer.learning_rate = rates[len(losses)]
                x, y = trainer.dataset.x_train[rows], trainer.dataset.y_train[rows]
                losses.append(float(step(tf.constant(x), tf.constant(y))))
        return np.array(losses)

    return train
