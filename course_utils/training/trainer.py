"""The trainer: one or many networks of the learner's choice, trained live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course_utils.datasets import Dataset
from course_utils.training import knobs as knob_rules
from course_utils.training.progress import progress_bar
from course_utils.training.runs import Runs
from course_utils.training.settings import Settings

if TYPE_CHECKING:
    import keras
    import numpy as np

    from course_utils.training.loop import TrainingLoop
    from course_utils.training.population import Population


class Trainer:
    """Trains networks on a data set, as many at once as knobs and seeds ask for.

    The first use of an architecture compiles it (about a second); after that every change of a knob that is
    only a number trains at once, without compiling. Networks train on as many cores as there are.

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
        engine: "xla" compiles the training of each architecture; "kernel" trains networks of common layers without a
            compiler and, from the same first weights, gives the same bits natively and as WebAssembly.

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
        engine: str = "xla",
    ) -> None:
        self.dataset = dataset
        knob_rules.one_of("xla", "kernel").check("engine", engine)
        self.engine = engine
        is_function = not hasattr(model, "stateless_call")
        if is_function and not callable(model):
            raise ValueError(f"model={model!r} is neither a Keras model nor a function that builds one.")
        self._model = model
        model_knobs = knob_rules.model_knobs(model) if is_function else {}
        self._settings = Settings(optimizer, batch_size, model_knobs, len(dataset.x_train))
        self._loss = loss
        self._track_norms = track_norms
        self._populations: dict[tuple, Population] = {}
        self._building = threading.Lock()  # a lab trains in one thread and compiles in another
        knob_rules.COUNT.check("epochs", epochs)
        self.epochs = epochs
        self._arrays = None
        if not model_knobs:
            self._population(self._settings.complete({}))

    @property
    def optimizer(self) -> str:
        """Name of the optimizer that trains where no setting names another."""
        return self._settings.optimizer

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; it compiles for itself."""
        return self.__dict__ | {"_populations": {}, "_building": None, "_arrays": None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _building=threading.Lock())

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
        runs = None
        with progress_bar(self.epochs if epochs is None else epochs, "epochs", shown=progress) as bar:
            for runs in self.stream(seeds=seeds, epochs=epochs, settings=settings, **knobs):
                bar.update(runs.epochs_done - bar.n)
        return runs

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
            The runs so far, after every epoch, and about every 50 ms of steps where epochs are long. Where something
            has to be compiled first, runs of no epoch come at once.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        return self._loop(seeds=seeds, epochs=epochs, settings=settings, **knobs).stream()

    def compile(self, **asked: Any) -> None:
        """Compiles what `run` with the same arguments would otherwise have to compile first; trains nothing.

        Args:
            **asked: `seeds`, `epochs`, `settings` and knobs, as in `run`.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        self._loop(**asked).compile()

    def signature(self, **asked: Any) -> Hashable:
        """Tells what has to be compiled for `run` with the same arguments.

        Args:
            **asked: `seeds`, `epochs`, `settings` and knobs, as in `run`.

        Returns:
            A key for what has to be compiled. Arguments with equal keys share it; and settings with equal keys, when
            asked about one at a time, train together in one compiled call.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        from course_utils.training.loop import seats_for

        _, alike = self._members(**asked)
        return frozenset((signature, seats_for(len(places))) for signature, places in alike.items())

    def _loop(self, *, epochs: int | None = None, **asked: Any) -> TrainingLoop:
        from course_utils.training.loop import TrainingLoop

        epochs = self.epochs if epochs is None else epochs
        members, alike = self._members(epochs=epochs, **asked)
        shards = [shard for places in alike.values() for shard in self._shards(members, places, epochs)]
        return TrainingLoop(members, shards, epochs, track_norms=self._track_norms)

    def _shards(self, members: list[dict[str, Any]], places: list[int], epochs: int) -> list:
        """Makes what trains members of one signature."""
        population = self._population(members[places[0]])
        if self.engine == "xla":
            from course_utils.training.loop import compiled_shards

            return compiled_shards(population, members, places, self._data(), epochs)
        from course_utils.training.kernel_shard import kernel_shard

        return [kernel_shard(population, members, places, self.dataset.arrays, epochs, track_norms=self._track_norms)]

    def _members(
        self, *, seeds: Any = 1, epochs: int | None = None, settings: Any = None, **knobs: Any
    ) -> tuple[list[dict[str, Any]], dict[tuple, list[int]]]:
        """Lists the complete setting of every network, and the places of those with the same signature."""
        knob_rules.COUNT.check("epochs", self.epochs if epochs is None else epochs)
        seeds = knob_rules.seed_list(seeds)
        members = [{**s, "seed": seed} for s in self._settings.unfold(settings, knobs) for seed in seeds]
        alike: dict[tuple, list[int]] = {}
        for place, member in enumerate(members):
            alike.setdefault(self._settings.signature(member), []).append(place)
        return members, alike

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

    def _population(self, member: Mapping[str, Any]) -> Population:
        knobs = tuple((name, member[name]) for name in self._settings.model_knobs)
        key = (member["optimizer"], knobs)
        with self._building:
            if key not in self._populations:
                self._populations[key] = self._new_population(member["optimizer"], knobs)
            return self._populations[key]

    def _new_population(self, optimizer: str, knobs: tuple) -> Population:
        from course_utils.training.population_cache import population_of

        data = self.dataset
        problem = (data.input_shape, data.outputs, data.classes)
        return population_of(self._model, problem, knobs, optimizer, self._loss, track_norms=self._track_norms)

    def _data(self) -> tuple:
        if self._arrays is None:
            import tensorflow as tf

            self._arrays = tf.nest.map_structure(tf.constant, self.dataset.arrays)
        return self._arrays
