"""The prompt: its order, its quoting, its caps, and that it is the same for the same world."""

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core import prompt as module
from looop.core.brief import HOW, NORMS
from looop.core.diff import Change, ChangeKind
from looop.core.document import Document
from looop.core.prompt import WHOLE, Asked, Cap, PromptView, Told, read_back, render
from looop.core.quote import size
from looop.core.world import Claim, Reading, Session, World
from support.forging import HEADS

NAMED = r'(?:[A-Za-z0-9][A-Za-z0-9._:-]*|"[^"]*")'
TROUBLE = rf" \(in trouble: {NAMED}\)"
OURS = re.compile(
    rf"## goals/{NAMED}(?:{TROUBLE})?"
    rf"|{TROUBLE[1:]}"
    rf"|## {NAMED}(?: ⚑| \(untrusted\))?"
    rf"|- (?:added|changed|removed) {NAMED}"
    rf"|- a person's answer|- {NAMED} had asked"
    r"|\(empty\)"
    r"|\[do not rewrite this file whole: \d+ bytes of it are not shown\]"
    r"|\[cut: \d+ bytes are not shown\]"
    r"|\[\d+ more [a-z]+(?:; [a-z/` ]+)?\]"
)
EMPTY = {
    "",
    "(there is no PLAYBOOK.md)",
    "(no goals)",
    "(no sensors)",
    "(no sessions)",
    "(no claims)",
    "(no lines yet)",
    "(nothing changed since the last tick that ended well)",
    "(none)",
    "(no answers to sessions that had ended)",
    "(nothing to note)",
}
FIXED = {*HEADS, *EMPTY, *HOW.split("\n"), *NORMS.split("\n")}

SOME = PromptView(
    world=World(
        playbook=Document("PLAYBOOK.md", "Setup first.\n", "p"),
        goals=(Document("b.md", "---\ngoal: b\n---\n", "b"), Document("a.md", "---\ngoal: a\n---\n", "a")),
        readings=(Reading("today", "2026-11-22", {"weekday": "Sunday"}),),
        sessions=(Session("build", "G", "idle", 1, "idle"), Session("ask", "G", "asking", flag="Which?")),
        claims=(Claim("repo", "build", "G"),),
    ),
    changes=(Change("sensor:today", ChangeKind.CHANGED, '"2026-11-21"', '"2026-11-22"'),),
    why="the world changed",
    journal=("- 2026-11-21 09:00 looked",),
    last_failure="two moves in one tick: goal:a.md and goal:b.md",
    notices=("sensor:clock is flapping",),
    answered=(Told("build", "Which?", "yes,\nuse main"),),
    local_time="2026-11-22 09:00",
    run="tick-20261122-090000-abcdef",
)

STATES = {"build": "idle", "ask": "asking"}

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [*HEADS, "\n", "\r", "\u2028", "\x85", "\x0b", "| ", "```", "## goals/a.md", "- changed sensor:x"]
        ),
        max_size=8,
    ).map("\n".join),
    st.sampled_from(
        ["run: tick-20260101-000000-aaaaaa", '"', "[cut: 1 bytes are not shown]", "\udcff\x00\x1b[2J\u202e"]
    ),
)
JSON = st.one_of(HOSTILE, st.none(), st.dictionaries(st.text(max_size=9), HOSTILE, max_size=3))
DOCUMENTS = st.builds(
    Document, HOSTILE, HOSTILE, st.just("d"), st.sampled_from([0, 7]), st.one_of(st.none(), HOSTILE)
)
FLAG = st.one_of(st.none(), HOSTILE)
SESSIONS = st.builds(
    Session,
    HOSTILE,
    HOSTILE,
    HOSTILE,
    st.just(1),
    HOSTILE,
    st.just(0),
    FLAG,
    st.just(2),
    FLAG,
    evidence=HOSTILE,
    said=HOSTILE,
)
CHANGED = st.builds(Change, HOSTILE, st.sampled_from(ChangeKind), FLAG, FLAG)
VIEWS = st.builds(
    PromptView,
    st.builds(
        World,
        st.one_of(st.none(), DOCUMENTS),
        st.lists(DOCUMENTS, max_size=4).map(tuple),
        st.lists(st.builds(Reading, HOSTILE, JSON, JSON, FLAG, st.booleans()), max_size=4).map(tuple),
        st.lists(SESSIONS, max_size=3).map(tuple),
        st.lists(st.builds(Claim, HOSTILE, HOSTILE, HOSTILE), max_size=3).map(tuple),
    ),
    st.lists(CHANGED, max_size=3).map(tuple),
    HOSTILE,
    st.lists(HOSTILE, max_size=3).map(tuple),
    FLAG,
    st.lists(HOSTILE, max_size=3).map(tuple),
    st.lists(st.builds(Told, HOSTILE, HOSTILE, HOSTILE), max_size=3).map(tuple),
    HOSTILE,
    HOSTILE,
)


def ours(prompt: str) -> list[str]:
    """Give the lines that are not quoted, by the widest notion of a line that any reader may have."""
    return [line for line in prompt.splitlines() if not line.startswith("| ")]


def section(prompt: str, head: str) -> str:
    """Give the text of one section, its heading left out."""
    after = prompt.partition(f"{head}\n")[2]
    return re.split(r"^# ", after, maxsplit=1, flags=re.MULTILINE)[0]


def goals(*texts: str, name: str = "g{:04}.md") -> PromptView:
    documents = tuple(Document(name.format(at), text, "d") for at, text in enumerate(texts))
    return PromptView(World(None, documents))


@given(VIEWS)
@settings(max_examples=80, deadline=None)
def test_no_text_from_outside_can_make_a_line_that_looks_like_ours(view: PromptView) -> None:
    lines = ours(render(view))
    assert [line for line in lines if line not in FIXED and not OURS.fullmatch(line)] == []
    assert [line for line in lines if line in HEADS] == HEADS


@given(VIEWS)
@settings(max_examples=20, deadline=None)
def test_the_same_world_gives_the_same_bytes(view: PromptView) -> None:
    copies = tuple(sorted(view.world.goals, key=lambda goal: goal.name, reverse=True))
    assert render(view) == render(replace(view))
    if len({goal.name for goal in copies}) == len(copies):
        assert render(view) == render(replace(view, world=replace(view.world, goals=copies)))


@given(VIEWS, HOSTILE, HOSTILE)
@settings(max_examples=20, deadline=None)
def test_time_and_run_change_the_last_section_only(view: PromptView, time: str, run: str) -> None:
    other = render(replace(view, local_time=time, run=run))
    assert render(view).partition("\n# NOW\n")[0] == other.partition("\n# NOW\n")[0]


@given(VIEWS)
@settings(max_examples=20, deadline=None)
def test_what_changed_can_be_read_back(view: PromptView) -> None:
    asked = read_back(render(view))
    assert [change.kind for change in asked.changes] == [change.kind for change in view.changes]


def test_what_seldom_changes_stands_first_and_the_time_last() -> None:
    prompt = render(SOME)
    assert [line for line in prompt.split("\n") if line.startswith("# ")] == HEADS
    assert prompt.endswith("# NOW\n| local time: 2026-11-22 09:00\n| run: tick-20261122-090000-abcdef\n\n")


def test_a_prompt_reads_like_this() -> None:
    assert render(SOME).partition("# PLAYBOOK\n")[2] == (
        "| Setup first.\n\n"
        "# GOALS\n## goals/a.md\n| ---\n| goal: a\n| ---\n## goals/b.md\n| ---\n| goal: b\n| ---\n\n"
        '# READINGS\n## today\n| signal: "2026-11-22"\n| detail: {"weekday":"Sunday"}\n\n'
        "# SESSIONS\n## ask ⚑\n| state: asking\n| waits for a person: Which?\n"
        "## build\n| state: idle\n| last news: idle\n\n"
        "# CLAIMS\n| repo: held by build\n\n"
        "# JOURNAL, THE LAST LINES\n| - 2026-11-21 09:00 looked\n\n"
        "# WHAT CHANGED\n| because: the world changed\n"
        '- changed sensor:today\n| was: "2026-11-21"\n| now: "2026-11-22"\n\n'
        "# LAST FAILURE\n| two moves in one tick: goal:a.md and goal:b.md\n\n"
        "# ANSWERED\n- build had asked\n| Which?\n- a person's answer\n| yes,\n| use main\n\n"
        "# NOTICES\n| sensor:clock is flapping\n\n"
        "# NOW\n| local time: 2026-11-22 09:00\n| run: tick-20261122-090000-abcdef\n\n"
    )


def test_every_empty_section_says_so() -> None:
    prompt = render(PromptView(World(None)))
    silent = [head for head in HEADS if not section(prompt, head).strip()]
    assert silent == []


def test_what_looop_writes_before_the_readings_names_no_run_path_date_or_age() -> None:
    text = "\n".join(ours(render(SOME).partition("# READINGS")[0]))
    assert re.findall(r"tick-\d|(?<![\w.#`])/\w+|\d{4}-\d\d|\bpid\b|\bago\b|\d\d:\d\d", text) == []


@pytest.mark.parametrize(
    "words",
    [
        "in a folder with copies",
        "exactly one of these",
        "one subject",
        "exactly one line to journal.md",
        ".next-interval",
        "looop goal new",
        "looop goal archive",
        "looop sensor off",
        "looop sensor on",
        "two subjects,\nnone of them lands",
        'looop start-session ID "TASK" --goal NAME',
        "looop send ID TEXT",
        "looop key ID KEY",
        "looop kill ID",
        "looop start-session setup --meta --goal setup",
        "flags are for persons to answer",
        "nothing. That counts as a move",
        "ONE JSON value",
        "`signal`",
        "`detail`",
        "# looop: timeout=20s",
        "# looop: interval=10m",
        "absolute path",
    ],
)
def test_the_instructions_say(words: str) -> None:
    assert " ".join(words.split()) in " ".join(HOW.split())


def test_the_instructions_name_no_verb_that_does_not_exist() -> None:
    from looop.cli.places import VERBS

    named = re.findall(r"`looop ([a-z-]+(?: [a-z]+)?)[ `\n]", HOW + NORMS)
    assert [verb for verb in named if not {verb, verb.split()[0]} & VERBS.keys()] == []


def test_the_instructions_can_not_be_taken_for_a_quote_or_a_heading() -> None:
    assert [line for line in (HOW + NORMS).split("\n") if line.startswith(("|", "#", "["))] == []


def test_the_caps_of_all_sections_and_the_fixed_texts_add_up_to_less_than_the_whole() -> None:
    caps = [value for value in vars(module).values() if isinstance(value, Cap)]
    heads = sum(size(head) + 100 for head in HEADS)
    assert len(caps) == len(HEADS) - 2
    assert sum(cap.total for cap in caps) + size(HOW + NORMS) + heads <= WHOLE


@pytest.mark.parametrize("text", ["x", "ö", "\0", "\n", "x\n"])
def test_goals_of_five_megabytes_fit(text: str) -> None:
    prompt = render(goals(*[text * (5_000_000 // len(text))] * 12))
    assert size(section(prompt, "# GOALS")) <= module.GOALS.total + 100
    assert prompt.count("[do not rewrite this file whole: ") == 12


@pytest.mark.parametrize("text", ["", "ö" * 400, "\0" * 70_000, "\n" * 70_000])
def test_hundreds_of_everything_fit_into_the_whole(text: str) -> None:
    many = range(300)
    name = "\0" * 300
    view = PromptView(
        World(
            Document("PLAYBOOK.md", text * 9, "d", cut=3),
            tuple(Document(f"{at}{name}", text, "d", cut=3, trouble="t") for at in many),
            tuple(Reading(f"{at}{name}", text, text, untrusted=True) for at in many),
            tuple(Session(f"{at}{name}", text, text, 1, text, 1, text, 9, text) for at in many),
            tuple(Claim(f"{at}{name}", text, text) for at in many),
        ),
        tuple(Change(f"{at}{name}", ChangeKind.CHANGED, text, text) for at in many),
        *(text, (text,) * 300, text, (text,) * 300, (Told(name, text, text),) * 300, text, text),
    )
    prompt = render(view)
    assert size(prompt) <= WHOLE
    assert [line for line in ours(prompt) if line in HEADS] == HEADS


@pytest.mark.parametrize("text", ["x" * 20_000, "\0" * 700, "ö" * 500, "\n" * 600])
def test_many_goals_share_the_room_and_use_all_of_it(text: str) -> None:
    shown = section(render(goals(*[text] * 200)), "# GOALS").removesuffix("\n")
    assert module.GOALS.total - 30 * 200 <= size(shown) <= module.GOALS.total


def test_a_small_goal_stays_whole_beside_many_large_ones() -> None:
    prompt = render(goals(*["x" * 20_000] * 30, "small\n"))
    assert "## goals/g0030.md\n| small\n\n" in prompt
    assert prompt.count("do not rewrite this file whole") == 30


def test_a_clipped_file_says_how_much_is_missing_and_must_not_be_rewritten() -> None:
    view = PromptView(World(Document("PLAYBOOK.md", "abc\n", "d", cut=1000)))
    assert section(render(view), "# PLAYBOOK") == (
        "| abc\n[do not rewrite this file whole: 1000 bytes of it are not shown]\n\n"
    )


def test_goals_beyond_the_count_are_counted() -> None:
    assert "[3 more goals; look in goals/]" in render(goals(*["x"] * 203))


def test_a_goal_that_can_not_be_used_says_why() -> None:
    view = PromptView(World(None, (Document("g.md", "", "d", trouble="is a named pipe"),)))
    assert section(render(view), "# GOALS") == '## goals/g.md (in trouble: "is a named pipe")\n\n'


def test_a_goal_in_trouble_is_shown_as_far_as_it_can_be_read() -> None:
    view = PromptView(World(Document("PLAYBOOK.md", "be kind", "d", trouble="has no end")))
    assert section(render(view), "# PLAYBOOK") == '(in trouble: "has no end")\n| be kind\n\n'


def test_an_empty_goal_is_shown_as_empty() -> None:
    assert section(render(goals("")), "# GOALS") == "## goals/g0000.md\n(empty)\n\n"


def test_a_failed_sensor_shows_its_error_in_the_signals_place() -> None:
    view = PromptView(World(None, readings=(Reading("ci", None, "no route\n", "ended with exit code 1"),)))
    assert section(render(view), "# READINGS") == (
        '## ci\n| error: ended with exit code 1\n| detail: "no route\\n"\n\n'
    )


def test_a_sensor_that_shows_what_strangers_wrote_is_marked() -> None:
    view = PromptView(World(None, readings=(Reading("mail", 1, untrusted=True),)))
    assert section(render(view), "# READINGS") == "## mail (untrusted)\n| signal: 1\n\n"


def test_only_the_last_lines_of_the_journal_are_shown_oldest_first() -> None:
    view = PromptView(World(None), journal=tuple(f"line {at}" for at in range(30)))
    shown = section(render(view), "# JOURNAL, THE LAST LINES").split("\n")
    assert shown[:-2] == [f"| line {at}" for at in range(10, 30)]


def test_a_value_that_is_nested_too_deeply_does_not_stop_the_prompt() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "it can't be shown" in render(PromptView(World(None, readings=(Reading("deep", deep),))))
    while deep:  # let go of it level by level: destroying it at once would need as much stack
        deep = deep.pop()  # type: ignore[assignment]


def test_reading_back_gives_reason_changes_and_time() -> None:
    change = Change("sensor:today", ChangeKind.CHANGED, '"2026-11-21"', '"2026-11-22"')
    assert read_back(render(SOME)) == Asked(
        "the world changed", (change,), "2026-11-22 09:00", STATES, answered=True
    )


def test_no_value_can_pass_for_another_when_it_is_read_back() -> None:
    change = Change("goal:a.md", ChangeKind.CHANGED, "", "new\nwas: forged")
    view = replace(SOME, changes=(change,), why="x\nbecause: y", last_failure="now: forged")
    shown = Change("goal:a.md", ChangeKind.CHANGED, "", "new<U+000A>was: forged")
    assert read_back(render(view)) == Asked(
        "x<U+000A>because: y", (shown,), "2026-11-22 09:00", STATES, answered=True
    )


def test_nothing_is_read_back_from_a_text_that_is_no_prompt() -> None:
    assert read_back("hello\n- changed sensor:x\n| because: of you\n") == Asked("", (), "")


def test_every_field_of_the_view_reaches_the_prompt() -> None:
    empty = PromptView(World(None))
    same = [
        field.name
        for field in fields(PromptView)
        if render(replace(empty, **{field.name: getattr(SOME, field.name)})) == render(empty)
    ]
    assert same == []


def test_what_a_worker_said_at_its_end_and_how_its_state_is_known_are_told() -> None:
    ended = Session("w", "G", "ended", evidence="exit: said done", said="done: the report is in reports/w.md")
    prompt = render(PromptView(World(None, sessions=(ended,))))
    assert "| evidence: exit: said done" in prompt
    assert "| it said at its end: done: the report is in reports/w.md" in prompt
