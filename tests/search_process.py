"""What other processes do in the tests of shared searches."""

import signal

from course_utils import search as searching
from course_utils.search import trials
from tests.formula import SPACE, Formula

#: Trials of a search, how many of them a process claims at most, and how many it trains at once.
TRIALS, CLAIM, CHUNK = 32, 16, 4


def serve(connection):
    """Does searches, one after the other, with the arguments that come through a connection, and answers when done.

    With `pause`, it says so before it trains chunk number `pause`, and goes on when it is told.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    trains = trials.train
    trials.CHUNK, searching.CHUNK = CHUNK, CLAIM

    def pausing(number):
        chunks = iter(range(number - 1, -1, -1))

        def train(*args):
            if next(chunks, None) == 0:
                connection.send("paused")
                connection.recv()
            return trains(*args)

        return train

    while (options := connection.recv()) is not None:
        trials.train = pausing(options.pop("pause", 0))
        try:
            found = searching.search(Formula(), SPACE, progress=False, **options)
        except BaseException as error:  # noqa: BLE001 - for the test to show
            connection.send(repr(error))
        else:
            connection.send([(t.number, t.state.name, t.params, t.value) for t in found.study.trials])
