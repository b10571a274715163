"""A call becomes a verb, and whatever is wrong with it becomes words, a kind and an exit code."""

import json
import shlex

import pytest

from looop.cli import app, places
from looop.cli.console import FakeCall, LocalCall
from looop.cli.examples import EXAMPLES
from looop.core.problem import Exit
from looop.engine import client, startup
from looop.engine.call import Kind, RunLocally, Tty
from looop.store import files
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop

WITHOUT_PROFILE = ("", "doctor", "version", "help", "config bash", "goal", "sensor")


@pytest.mark.parametrize(
    ("argv", "kind", "words"),
    [
        (("gaol",), "unknown-verb", "goal"),
        (("STATUS",), "unknown-verb", "status"),
        (("goal", "nwe", "x"), "unknown-verb", "goal new"),
        (("zzzzzzzz",), "unknown-verb", "looop help"),
        (("status", "--jsno"), "unknown-flag", "--json"),
        (("--jsno",), "unknown-flag", "--json"),
        (("status", "extra"), "too-many-arguments", '"extra"'),
        (("goal", "new", "x"), "missing-argument", "TEXT"),
        (("log", "--tail", "soon"), "bad-value", "soon"),
        (("log", "--tail", "-3"), "bad-value", "-3"),
        (("log", "--tail", "9" * 30), "bad-value", "--tail"),
        (("status", "--json=perhaps"), "bad-value", "perhaps"),
        (("config", "tcsh"), "bad-value", "tcsh"),
        (("pause", "--for", "soon"), "bad-value", "soon"),
        (("pause", "--for", "1h", "--until", "18:00"), "bad-value", "not both"),
        (("goal", "show", "../x"), "bad-name", "goal name"),
        (("goal", "show", "a\nb"), "bad-name", "goal name"),
        (("why", "tomorrow"), "bad-value", "HH:MM"),
    ],
)
async def test_a_mistake_is_named_with_what_was_meant(
    looop: Looop, argv: tuple[str, ...], kind: str, words: str
) -> None:
    plain = await looop(*argv)
    assert plain.code == Exit.USAGE
    assert plain.out == ""
    assert words in plain.err
    assert plain.err.startswith("looop: ")
    assert plain.err.count("\n") == 1
    told = json.loads((await looop(*argv, "--json")).err)
    assert (told["v"], told["kind"]) == (1, kind)


@pytest.mark.parametrize("kind", [Kind.TICK, Kind.CHILD])
@pytest.mark.parametrize(
    "argv",
    [
        ("up",),
        ("down",),
        ("tick",),
        ("pause",),
        ("unpause",),
        ("answer", "1", "yes"),
        ("approve", "1"),
        ("deny", "1"),
        ("freeze", "tea"),
        ("thaw", "tea"),
        ("prune",),
        ("attach", "tea"),
        ("detach", "tea"),
        ("init", "--runner", "rehearsal", "--yes"),
        ("goal", "edit", "setup"),
    ],
)
async def test_what_looop_started_may_not_do_what_a_person_does(
    looop: Looop, argv: tuple[str, ...], kind: Kind
) -> None:
    said = await looop(*argv, kind=kind)
    assert said.code == Exit.REFUSED
    assert "only a person" in said.err


@pytest.mark.parametrize(("kind", "words"), [(Kind.TICK, "its journal line"), (Kind.CHILD, "in a session")])
@pytest.mark.parametrize("argv", [("flag", "why?"), ("unflag", "1"), ("claim", "inbox"), ("done",)])
async def test_what_a_worker_says_of_itself_is_refused_to_other_programs_of_looop(
    looop: Looop, argv: tuple[str, ...], kind: Kind, words: str
) -> None:
    looop.live = FakeEngine()  # without an engine, what a session runs waits for the next one
    said = await looop(*argv, kind=kind)
    assert said.code == Exit.REFUSED
    assert words in said.err


@pytest.mark.parametrize(
    "argv", [("goal", "new", "x", "text"), ("goal", "archive", "setup"), ("sensor", "off", "today")]
)
async def test_a_program_below_looop_changes_no_policy(
    looop: Looop, profile: Profile, argv: tuple[str, ...]
) -> None:
    before = sorted(profile.data.rglob("*"))
    assert (await looop(*argv, kind=Kind.CHILD)).code == Exit.REFUSED
    assert sorted(profile.data.rglob("*")) == before


async def test_programs_below_looop_may_look(looop: Looop) -> None:
    assert (await looop("status", kind=Kind.CHILD)).code == 0
    assert (await looop("goals", kind=Kind.TICK)).code == 0


@pytest.mark.parametrize("verb", [verb for verb, info in places.VERBS.items() if info.profile])
async def test_a_missing_profile_is_named_with_the_verb_that_makes_one(
    no_profile: Profile, verb: str
) -> None:
    example = EXAMPLES.get(verb, f"looop {verb}").partition(" | ")[0].partition(" > ")[0]
    said = await Looop(no_profile)(*shlex.split(example)[1:])
    assert said.code == Exit.MISSING
    assert str(no_profile.data) in said.err
    assert "`looop up`" in said.err
    assert not files.present(no_profile.data)


@pytest.mark.parametrize("verb", WITHOUT_PROFILE)
async def test_some_verbs_need_no_profile(no_profile: Profile, verb: str) -> None:
    said = await Looop(no_profile)(*verb.split())
    assert said.code == 0, said.err
    assert not files.present(no_profile.data)


@pytest.mark.parametrize(
    "argv",
    [
        ("up",),
        ("help",),
        ("status", "--help"),
        ("gaol",),
        ("status", "--jsno"),
        ("goal", "new", "x"),
        ("goal",),
        ("doctor",),
    ],
)
async def test_inside_an_engine_help_and_mistakes_are_left_to_the_caller(
    relayed: Looop, argv: tuple[str, ...]
) -> None:
    with pytest.raises(RunLocally):
        await relayed(*argv)


async def test_an_engine_runs_the_same_read_verbs(relayed: Looop, looop: Looop) -> None:
    for argv in (("goals",), ("sensors",), ("journal",), ("runs",), ("claims",), ("reports",), ("cost",)):
        assert (await relayed(*argv)).out == (await looop(*argv)).out


async def test_help_with_a_write_verb_writes_nothing(looop: Looop, profile: Profile) -> None:
    said = await looop("goal", "new", "x", "--help")
    assert said.code == 0
    assert "goal new [OPTIONS] NAME TEXT" in said.out
    assert not (profile.goals / "x.md").exists()


async def test_help_is_as_wide_as_the_terminal_and_without_colour_on_a_pipe(looop: Looop) -> None:
    narrow = FakeCall(tty=Tty(columns=60))
    await looop("log", "--help", call=narrow)
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    assert "\x1b" not in narrow.stdout


@pytest.mark.parametrize(
    ("env", "coloured"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
async def test_a_terminal_gets_colour_unless_it_wants_none(
    looop: Looop, env: dict[str, str], coloured: bool
) -> None:
    call = FakeCall(env=env, tty=Tty(stdout=True))
    await looop("log", "--help", call=call)
    assert ("\x1b[1m" in call.stdout) == coloured


async def test_an_argument_of_64_kb_is_refused_in_a_short_sentence(looop: Looop) -> None:
    said = await looop("goal", "show", "x" * 65536)
    assert said.code == Exit.USAGE
    assert len(said.err) < 300
    assert len((await looop("x" * 65536)).err) < 300
    assert len((await looop("status", "--" + "x" * 65536)).err) < 500


async def test_invalid_utf8_in_an_argument_is_shown_harmlessly(looop: Looop) -> None:
    for argv in (("\udcff",), ("goal", "show", "\udcff"), ("status", "--\udcff"), ("why", "\udcff\x1b[2J")):
        said = await looop(*argv)
        assert said.code == Exit.USAGE
        assert said.err.encode().isascii() or said.err.isprintable()
        json.loads((await looop(*argv, "--json")).err)


async def test_a_disk_that_refuses_is_a_sentence_that_names_the_file(looop: Looop, profile: Profile) -> None:
    profile.journal.mkdir()
    said = await looop("journal")
    assert said.code == Exit.NO
    assert "journal.md" in said.err


async def test_parsed_calls_are_remembered_and_never_shared_by_mistake(
    looop: Looop, profile: Profile
) -> None:
    for name in ("a", "b"):
        await looop("goal", "new", name, "text")
    await looop("goal", "new", "a", "text")
    assert {path.name for path in profile.goals.glob("?.md")} == {"a.md", "b.md"}
    assert app.parse(("goals",)) is app.parse(("goals",))
    long = ("goal", "new", "x", "y" * 600)
    assert app.parse(long) is not app.parse(long)


async def test_two_overlapping_calls_keep_their_own_streams(looop: Looop) -> None:
    import trio

    said: dict[int, str] = {}

    async def one(number: int) -> None:
        await trio.lowlevel.checkpoint()
        await looop("goal", "new", f"g{number}", f"text {number}")
        await trio.lowlevel.checkpoint()
        said[number] = (await looop("goal", "show", f"g{number}")).out

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(one, number)
    assert all(f"text {number}" in text for number, text in said.items())
    assert len(said) == 20


@pytest.mark.parametrize(("codes", "code"), [([None, 7], 7), ([None, None], Exit.UNREACHABLE)])
async def test_an_engine_that_leaves_before_it_took_the_verb_is_replaced_once(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, codes: list[int | None], code: int
) -> None:
    async def engine(_: Profile, **__: object) -> None:
        """Answer as one that lives."""

    monkeypatch.setattr(startup, "engine", engine)
    monkeypatch.setattr(client, "relay", lambda *_: codes.pop(0))
    assert await app._by_an_engine(("start-session", "a"), LocalCall(), profile) == code
    assert codes == []
