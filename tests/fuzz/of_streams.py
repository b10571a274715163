"""What agents print and write down of themselves: no stream raises, and the pieces change nothing."""

from fuzz.material import PART, Material, pieces
from looop.core import hooks, stream_base, usage_lines
from looop.core.plain import Plain
from looop.core.streams import FORMATS, Event, Result, stream
from looop.core.usage import Tally

AGENTS = ("claude", "pi", "codex", "gemini", "none")
NOW = 1.8e9


def streams(data: bytes) -> None:
    """Every output format: the same events and the same end in any pieces, each in one clean line."""
    given = Material(data)
    output, how, code = given.choice(FORMATS), given.number(256), given.choice((0, 1, 2, None, 137))
    out, _, err = given.rest().partition(PART)
    events, ended = ran(output, [out], code, err)
    assert ran(output, list(pieces(out, how)), code, err) == (events, ended)
    assert all(event.text == stream_base.line(event.text) != "" for event in events)
    assert (ended.fault is None) == (ended.reason is None)
    assert ended.until is None or NOW < ended.until < NOW + 401 * 86400
    assert all(
        it is None or it >= 0 for it in (ended.cost.usd, ended.cost.input_tokens, ended.cost.output_tokens)
    )
    " ".join([ended.reason or "", ended.said, *ended.acts]).encode()  # no lone surrogate


def ran(output: str, parts: list[bytes], code: int | None, err: bytes) -> tuple[list[Event], Result]:
    parser = stream(output, now=NOW)
    return [event for part in parts for event in parser.feed(part)], parser.finish(code, err)


def transcripts(data: bytes) -> None:
    """Agents' transcripts: reading one twice counts nothing twice; and what else agents report."""
    given = Material(data)
    agent, raw = given.choice(AGENTS), given.rest()
    lines = raw.split(b"\n")
    if usage_lines.reader(agent) is not None:
        once, twice = tally(agent, [lines]), tally(agent, [lines, lines])
        assert once.days(lambda _: None) == twice.days(lambda _: None)
        assert all(it.input >= 0 and it.output >= 0 for it in once.days(lambda _: None).values())
    figure = usage_lines.own_figure(raw, "c")
    assert figure is None or figure >= 0
    usage_lines.belongs(raw, "/home", "words", 0.0)
    for event in (*hooks.EVENTS, "Other"):
        reported = hooks.report(event, raw)
        assert reported is None or (reported[0] in hooks.MEANINGS and len(reported[1]) <= hooks.LONGEST)
        assert reported is None or reported[1].isprintable()


def tally(agent: str, readings: list[list[bytes]]) -> Tally:
    found = Tally(NOW)
    for lines in readings:
        understand = usage_lines.reader(agent)
        assert understand is not None
        found.add(usage_lines.read(lines, understand))
    return found


def plain(data: bytes) -> None:
    """Output as plain text: the same text and the same offsets in any pieces, and nothing that draws."""
    given = Material(data)
    how, raw = given.number(256), given.rest()
    whole, torn = Plain(), Plain()
    whole.feed(raw)
    for piece in pieces(raw, how):
        torn.feed(piece)
        assert len(torn._held) < 4096
    for found in (whole, torn):
        found.finish()
    assert torn.text == whole.text
    assert torn.offset == whole.offset == len(raw)
    offsets = [whole.behind(place) for place in range(len(whole.text) + 1)]
    assert [torn.behind(place) for place in range(1, len(torn.text) + 1)] == offsets[1:]
    assert offsets == sorted(offsets)
    assert all(byte in b"\t\n" or (byte >= 32 and byte != 127) for byte in whole.text)
