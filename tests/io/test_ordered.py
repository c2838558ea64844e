"""Many items by several threads, in order."""

from concurrent.futures import Future
from threading import Event

from medsynth.io.ordered import ordered_map


def test_a_generator_left_behind_may_be_collected_in_a_thread_of_its_own():
    """Garbage is collected wherever it happens to be; the thread cannot join itself."""
    left, closed = Event(), Future()

    def work(item):
        if item == 1:
            left.wait()
            try:
                closed.set_result(results.close())
            except RuntimeError as error:
                closed.set_exception(error)
        return item

    results = ordered_map(work, range(50), workers=2)
    assert next(results) == 0
    left.set()
    assert closed.result(timeout=60) is None
    assert list(results) == []
