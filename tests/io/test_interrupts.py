import os
import signal
import threading

import pytest

from medsynth.io.interrupts import asked_to_stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_question(number):
    before = signal.getsignal(number)
    with asked_to_stop() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        assert stop()
    assert signal.getsignal(number) is before


def test_the_second_signal_ends_at_once():
    asked = []

    def work():
        with asked_to_stop() as stop:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
                asked.append(stop())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert asked == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_come_back_after_an_error():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), asked_to_stop():
        raise ZeroDivisionError
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_outside_the_main_thread_nothing_is_touched():
    before = signal.getsignal(signal.SIGINT)
    said = []

    def work():
        with asked_to_stop() as stop:
            said.append((stop(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == [(False, True)]
