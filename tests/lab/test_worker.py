"""The worker: the newest request wins, and nothing stays behind."""

import threading

import pytest

from course_utils.lab.worker import Worker


@pytest.fixture
def open_worker():
    workers = []

    def make(work, failed=pytest.fail):
        workers.append(Worker(work, failed, "test-worker"))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


def test_of_many_requests_the_last_is_worked_on_to_the_end(open_worker):
    begun, ended = [], []

    def work(request, newest):
        begun.append(request)
        while newest() and request != "last":
            threading.Event().wait(0.001)
        if newest():
            ended.append(request)

    worker = open_worker(work)
    for request in range(200):
        worker.submit(request)
    worker.submit("last")
    assert worker.wait(10)
    assert ended == ["last"]
    assert begun[-1] == "last"


def test_a_failure_is_told_and_the_worker_lives_on(open_worker):
    told, done = [], []

    def work(request, newest):  # noqa: ARG001 - the form that the worker calls
        if request == "bad":
            raise ValueError(request)
        done.append(request)

    worker = open_worker(work, told.append)
    worker.submit("bad")
    assert worker.wait(10)
    worker.submit("good")
    assert worker.wait(10)
    assert [str(error) for error in told] == ["bad"]
    assert done == ["good"]


def test_closing_ends_the_thread_even_in_the_middle_of_work(open_worker):
    begun = threading.Event()

    def work(request, newest):  # noqa: ARG001
        begun.set()
        while newest():
            threading.Event().wait(0.001)

    worker = open_worker(work)
    worker.submit(1)
    assert begun.wait(10)
    worker.close()
    assert not worker.alive


def test_waiting_gives_up_in_time(open_worker):
    def work(request, newest):  # noqa: ARG001
        while newest():
            threading.Event().wait(0.001)

    worker = open_worker(work)
    worker.submit(1)
    assert not worker.wait(0.05)
