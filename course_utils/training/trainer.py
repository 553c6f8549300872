"""The trainer: one or many networks of the learner's choice, trained live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from course_utils.datasets import Dataset
from course_utils.training import knobs as knob_rules
from course_utils.training.progress import progress_bar
from course_utils.training.runs import Runs
from course_utils.training.settings import Settings

if TYPE_CHECKING:
    import keras
    import numpy as np

    from course_utils.training.engines import Engine
    from course_utils.training.loop import TrainingLoop
    from course_utils.training.population import Population


class Trainer:
    """Trains networks on a data set, as many at once as knobs and seeds ask for.

    Networks of common layers train at once and give the same bits on every machine: a kernel of the course's own
    trains them. It does not know every layer of Keras; models with others are compiled by XLA, which takes some
    seconds for each architecture. Networks train on as many cores as there are. The gradient of an embedding has a
    row for every word, most of them 0; Keras passes on those of the batch alone, so that its Adam leaves the other
    rows where they are.

    Args:
        model: A Keras model made of standard layers, or a function such as `models.mlp` that builds one from
            `input_shape`, `outputs` and keywords; its keywords then become knobs too. The model itself is never
            changed.
        dataset: What to train on and validate with.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        loss: A key of `losses.LOSSES`; None picks one that fits the targets.
        batch_size: Rows in a mini-batch. What is left over at the end of an epoch is dropped, as by
            `drop_remainder=True` in Keras; the next epoch shuffles again.
        epochs: Passes over the training rows.
        track_norms: Whether to measure the length of every gradient and every update too.
        engine: "auto" takes the kernel where it knows all parts of the model, and else XLA; "kernel" and "xla" take
            that one.

    Raises:
        ValueError: If model, data and loss do not fit each other, or a value cannot be used.

    Example:
        >>> trainer = Trainer(models.mlp, datasets.digits())
        >>> runs = trainer.run(learning_rate=[0.01, 0.1, 1.0], seeds=8)
        >>> runs.select(learning_rate=0.1).final("val_accuracy").mean()
    """

    def __init__(
        self,
        model: keras.Model | Callable[..., keras.Model],
        dataset: Dataset,
        *,
        optimizer: str = "sgd",
        loss: str | None = None,
        batch_size: int = 32,
        epochs: int = 20,
        track_norms: bool = False,
        engine: str = "auto",
    ) -> None:
        self.dataset = dataset
        knob_rules.one_of("auto", "kernel", "xla").check("engine", engine)
        self._wanted = engine
        is_function = not hasattr(model, "stateless_call")
        if is_function and not callable(model):
            raise ValueError(f"model={model!r} is neither a Keras model nor a function that builds one.")
        self._model = model
        model_knobs = knob_rules.model_knobs(model) if is_function else {}
        self._settings = Settings(optimizer, batch_size, model_knobs, len(dataset.x_train))
        self._loss = loss
        self._track_norms = track_norms
        knob_rules.COUNT.check("epochs", epochs)
        self.epochs = epochs
        if not model_knobs:
            self._engine(self._settings.complete({}))  # tells at once of a model that cannot be trained

    @property
    def optimizer(self) -> str:
        """Name of the optimizer that trains where no setting names another."""
        return self._settings.optimizer

    @property
    def engine(self) -> str:
        """Which engine trains the model with its default knobs, and why."""
        return self._engine(self._settings.complete({})).words

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; it makes the rest for itself."""
        return {name: value for name, value in self.__dict__.items() if name not in {"_own", "_tensors"}}

    def run(
        self,
        *,
        seeds: int | Iterable[int] = 1,
        epochs: int | None = None,
        settings: Sequence[Mapping[str, Any]] | None = None,
        progress: bool = True,
        **knobs: Any,
    ) -> Runs:
        """Trains to the end.

        Args:
            seeds: How many networks to train for each setting (seeds 0, 1, …), or a list of seeds. A seed
                decides the initial weights, the order of the data and the dropout noise, and nothing else does.
            epochs: Passes over the training rows; None takes the trainer's.
            settings: Settings to train, for when not every combination of values is wanted.
            progress: Whether to show a progress bar when training takes more than a second.
            **knobs: A value for each knob, or a list of values, all of which (in every combination) are
                trained at once.

        Returns:
            The runs: for each setting every seed.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        epochs = self.epochs if epochs is None else epochs
        loop = self._loop(seeds=seeds, epochs=epochs, settings=settings, **knobs)
        with progress_bar(epochs, "epochs", shown=progress) as bar:
            for done in loop.train():
                bar.update(done - bar.n)
        return loop.runs(epochs)

    def stream(
        self,
        *,
        seeds: int | Iterable[int] = 1,
        epochs: int | None = None,
        settings: Sequence[Mapping[str, Any]] | None = None,
        **knobs: Any,
    ) -> Iterator[Runs]:
        """Trains step by step, and checks the arguments before it returns.

        Training only goes on while the iterator is read; closing it ends training.

        Args:
            seeds: How many networks to train for each setting, or a list of seeds, as in `run`.
            epochs: Passes over the training rows; None takes the trainer's.
            settings: Settings to train, for when not every combination of values is wanted.
            **knobs: A value or a list of values for each knob, as in `run`.

        Yields:
            The runs so far, after every epoch, and about every 20 ms of steps where epochs are long. Where XLA has to
            compile something first, runs of no epoch come at once.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        loop = self._loop(seeds=seeds, epochs=epochs, settings=settings, **knobs)
        return (loop.runs(done) for done in loop.train())

    def _loop(self, *, seeds: Any = 1, epochs: int | None = None, settings: Any = None, **knobs: Any) -> TrainingLoop:
        from course_utils.training.loop import TrainingLoop

        epochs = self.epochs if epochs is None else epochs
        knob_rules.COUNT.check("epochs", epochs)
        seeds = knob_rules.seed_list(seeds)
        members = [{**s, "seed": seed} for s in self._settings.unfold(settings, knobs) for seed in seeds]
        alike: dict[tuple, list[int]] = {}
        for place, member in enumerate(members):
            alike.setdefault(self._settings.signature(member), []).append(place)
        shards, words = [], {}
        for places in alike.values():
            population, engine = self._population(members[places[0]]), self._engine(members[places[0]])
            data = self._tensors if engine.plan is None else self.dataset.arrays
            shards += engine.shards(population, members, places, data, epochs)
            words[engine.words] = None
        return TrainingLoop(members, shards, epochs, engine="; ".join(words), track_norms=self._track_norms)

    def initial_weights(self, seed: int = 0, init_scale: float = 1.0, **knobs: Any) -> list[np.ndarray]:
        """Draws the weights that a network of this seed starts from.

        Args:
            seed: The seed.
            init_scale: Factor on the randomly drawn weights.
            **knobs: Knobs of the model.

        Returns:
            Trainable weights, then the others: `[*model.trainable_variables, *model.non_trainable_variables]`.
        """
        (setting,) = self._settings.unfold(None, {**knobs, "init_scale": init_scale})
        trainable, rest = self._population(setting).initial_weights(seed, init_scale)
        return [*trainable, *rest]

    def batches(self, seed: int = 0, epoch: int = 0, batch_size: int | None = None) -> np.ndarray:
        """Lists the training rows of every batch of an epoch.

        Args:
            seed: The seed.
            epoch: Number of the epoch, counted from 0.
            batch_size: Rows in a batch; None takes the trainer's.

        Returns:
            Row numbers, shape (steps, batch_size).
        """
        from course_utils.training.epoch import batch_order

        size = self._settings.batch_size if batch_size is None else batch_size
        self._settings.check_batch_size(size)
        return batch_order(len(self.dataset.x_train), size, seed, epoch)

    def _engine(self, member: Mapping[str, Any]) -> Engine:
        from course_utils.training.engines import engine_for

        return engine_for(self._population(member), member, self._wanted, track_norms=self._track_norms)

    def _population(self, member: Mapping[str, Any]) -> Population:
        if hasattr(self._model, "stateless_call"):
            return self._own
        from course_utils.training.population import built

        knobs = tuple((name, member[name]) for name in self._settings.model_knobs)
        return built(self._model, self._problem, knobs, self._loss)

    @cached_property
    def _own(self) -> Population:
        """The population of a model that was given as it is, and may change before another trainer gets it."""
        from course_utils.training.population import Population

        return Population(self._model, self._problem, self._loss)

    @property
    def _problem(self) -> tuple:
        return self.dataset.input_shape, self.dataset.outputs, self.dataset.classes

    @cached_property
    def _tensors(self) -> tuple:
        """The data as XLA takes them."""
        import tensorflow as tf

        return tf.nest.map_structure(tf.constant, self.dataset.arrays)
