"""What other processes do in the tests of shared searches; they are forked from one that has loaded TensorFlow."""

import signal

# Forked processes share what is loaded here, which takes seconds.
from course_utils import datasets, evaluation, models
from course_utils.search import search
from course_utils.training import Trainer

SPACE = {"learning_rate": (1e-3, 1.0, "log"), "momentum": (0.0, 0.9)}
OPTIONS = {"optimizer": "momentum", "epochs": 2, "progress": False}
CHUNK = 8


def trainer():
    return Trainer(models.mlp, datasets.digits())


def serve(connection):
    """Does searches, one after the other, with the arguments that come through a connection, and answers when done.

    With `pause`, it says so before it trains chunk number `pause`, and goes on when it is told.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    trains, ours = evaluation.train, trainer()
    evaluation.CHUNK = CHUNK

    def pausing(number):
        chunks = iter(range(number - 1, -1, -1))

        def train(*args):
            if next(chunks, None) == 0:
                connection.send("paused")
                connection.recv()
            return trains(*args)

        return train

    while (options := connection.recv()) is not None:
        evaluation.train = pausing(options.pop("pause", 0))
        try:
            found = search(ours, SPACE, **OPTIONS, **options)
        except BaseException as error:  # noqa: BLE001 - for the test to show
            connection.send(repr(error))
        else:
            connection.send([(t.number, t.state.name, t.params, t.value) for t in found.study.trials])
