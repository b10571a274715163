"""Plain text: a person's own runner, and rehearsal."""

from looop.core.stream_base import LINE
from looop.core.streams import Cost, Event, EventKind, Fault, stream


def test_each_line_is_said() -> None:
    parser = stream("text")
    assert parser.feed(b"one\n\ntwo\nthr") == [Event(EventKind.SAID, "one"), Event(EventKind.SAID, "two")]
    assert parser.finish(0).said == "one\ntwo\nthr"


def test_a_silent_success_is_one() -> None:
    assert stream("text").finish(0).fault is None


def test_its_cost_is_unknown() -> None:
    assert stream("text").finish(0).cost == Cost(None, None, None)


def test_rehearsal_is_known_to_be_free() -> None:
    assert stream("rehearsal").finish(0).cost == Cost(0.0, 0, 0)


def test_a_bad_exit_code_is_a_failure_with_the_last_line_of_stderr() -> None:
    ended = stream("text").finish(4, b"warning: x\nerror: no such model\n\n")
    assert (ended.fault, ended.reason) == (
        Fault.FAILED,
        "agent failed: it ended with exit code 4: error: no such model",
    )


def test_a_killed_one_is_a_failure() -> None:
    assert stream("text").finish(None).reason == "agent failed: it was killed"


def test_a_login_that_stderr_complains_of_is_told() -> None:
    assert stream("text").finish(1, b"Error: 401 Unauthorized\n").fault is Fault.LOGIN


def test_an_output_format_that_nobody_knows_is_text() -> None:
    assert stream("no such format").feed(b"hello\n") == [Event(EventKind.SAID, "hello")]


def test_nothing_that_draws_or_turns_text_around_passes() -> None:
    (event,) = stream("text").feed("a\x1b[31mb\u202ec\x9b\x07\td\r\n".encode())
    assert event.text == "a[31mbc d"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert stream("text").feed(b"\xff\xfeok\n")[0].text == "\ufffd\ufffdok"


def test_a_line_without_end_is_dropped_with_a_note_and_the_next_one_is_read() -> None:
    parser = stream("text")
    events = [event for _ in range(40) for event in parser.feed(b"x" * 50_000)] + parser.feed(b"\nnext\n")
    assert events == [
        Event(EventKind.NOTE, f"a line of more than {LINE >> 20} MiB was dropped"),
        Event(EventKind.SAID, "next"),
    ]


def test_a_long_line_is_cut_for_showing() -> None:
    (event,) = stream("text").feed(b"y" * 5000 + b"\n")
    assert len(event.text) == 1000
    assert event.text.endswith("…")
