"""A verb that can go on at the next engine: how it is looked for, and when it is given up."""

import resource
import signal
from pathlib import Path

import pytest

from looop.core import wire
from looop.core.wire import Frame
from support.scripted import Scripted, client, going, more, out, output, scripted

pytestmark = pytest.mark.process


def test_a_verb_that_can_resume_goes_on_at_the_next_engine(sock: Path) -> None:
    with scripted(sock) as first, client(sock, "watch", "pulse") as process:
        with first.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(["watch", "--since", "7"])), out(b"one "))
        first.close()
        sock.unlink()
        with scripted(sock) as second, second.accept() as line:
            assert line.run().argv == ("watch", "--since", "7")
            line.say(out(b"two"))
            line.end(3)
            assert output(process) == (3, b"one two", b"")


def test_what_is_no_argument_list_is_nothing_to_go_on_with(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, b"a field without its end"))
            assert line.hear() is None
        assert output(process)[0] == 4
    assert not engine.asked()


def test_a_verb_that_the_next_engine_leaves_to_us_does_not_begin_again_here(
    engine: Scripted, sock: Path
) -> None:
    with client(sock, "watch") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(["watch"])))
        with engine.accept() as line:
            line.hear()
            line.say(Frame(wire.LOCAL))
        assert output(process)[0] == 4


def test_a_verb_that_has_begun_to_wait_is_not_left_to_us_any_more(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch") as process, engine.accept() as line:
        line.run()
        line.say(Frame(wire.RESUME, wire.pack_fields(["watch"])), Frame(wire.LOCAL))
        assert output(process)[0] == 4


def test_without_a_next_engine_the_verb_that_could_resume_is_given_up(sock: Path) -> None:
    with scripted(sock) as engine, client(sock, "watch", settings="RECONNECT=2") as process:
        before = cpu_of_the_ended()
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(["watch"])))
        engine.close()
        code, _, err = output(process)
    assert code == 4
    assert b"in the middle of `watch`" in err
    assert cpu_of_the_ended() - before < 0.5  # s of 2: it looks now and then


def cpu_of_the_ended() -> float:
    """How many seconds our children have computed that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_an_interrupt_ends_the_search_for_the_next_engine(sock: Path) -> None:
    with scripted(sock) as engine, client(sock, "watch", settings="RECONNECT=3600") as process:
        with engine.accept() as line:
            line.run()
            line.say(Frame(wire.RESUME, wire.pack_fields(["watch"])), out(b"x"))
            assert process.stdout is not None
            process.stdout.read(1)
        with engine.accept() as line:  # it searches, and what it found is no engine yet
            line.hear()
        engine.close()
        process.send_signal(signal.SIGINT)
        assert output(process)[0] == 130


def test_a_signalled_verb_is_not_taken_up_again_at_the_next_engine(engine: Scripted, sock: Path) -> None:
    with client(sock, "watch") as process:
        with engine.accept() as line:
            going(process, line)
            line.say(Frame(wire.RESUME, wire.pack_fields(["watch"])))
            more(process, line)
            process.send_signal(signal.SIGINT)
            assert line.hear() == Frame(wire.SIGNAL, b"INT")
        assert output(process)[0] == 130
    assert not engine.asked()
