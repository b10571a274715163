"""Which state a session is in, each case with its evidence; and never idle without any."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.hooks import MEANINGS, Hook
from looop.core.sessions import Evidence, State
from looop.core.state_rules import RULES, agent, match
from looop.core.states import OUTLIVED, SETTLED, STALLED_AFTER, Facts, judge
from support.screens import AGENTS, CLAUDE, PI

T = 1_000_000.0
NEWS = (State.IDLE, State.ASKING, State.STALLED)


def facts(**known: Any) -> Facts:
    return Facts(**{"started": T - 100, "output": T, **known})


def told(now: float = T + SETTLED, **known: Any) -> tuple[State, str]:
    found = judge(facts(**known), now)
    return found.state, found.source


def claude(screen: str, **known: Any) -> Facts:
    return facts(agent="claude", screen=CLAUDE[screen], **known)


def test_a_frozen_session_is_frozen_whatever_else_is_known() -> None:
    hook = Hook("Stop", T)
    assert told(frozen=True, flagged=True, hook=hook) == (State.FROZEN, "freeze")


def test_a_session_with_an_open_flag_is_flagged_for_as_long_as_it_is_open() -> None:
    found = judge(facts(flagged=True, hook=Hook("Stop", T)), T + 1e6)
    assert (found.state, found.source, found.until) == (State.FLAGGED, "flag", None)


def test_a_plain_command_is_starting_for_two_seconds_without_output() -> None:
    silent = Facts(started=T)
    assert judge(silent, T).state is State.STARTING
    assert judge(silent, T).until == T + 2
    assert judge(silent, T + 2).state is State.WORKING


def test_an_agent_may_take_half_a_minute_to_show_itself() -> None:
    silent = Facts(started=T, agent="claude")
    assert judge(silent, T + 29).state is State.STARTING
    assert judge(silent, T + 30).state is State.UNKNOWN


def test_output_that_goes_on_is_work() -> None:
    assert told(T + 1) == (State.WORKING, "output")


def test_a_silent_plain_command_works_until_it_was_quiet_for_a_quarter_of_an_hour() -> None:
    found = judge(facts(), T + 60)
    assert (found.state, found.source, found.until) == (State.WORKING, "quiet", T + STALLED_AFTER)
    late = judge(facts(), T + STALLED_AFTER)
    assert (late.state, late.source, late.until) == (State.STALLED, "quiet", None)
    assert "quiet for 15 min" in late.said


def test_a_silent_agent_whose_screen_looks_like_nothing_is_unknown_and_then_stalled() -> None:
    known = {"agent": "pi", "screen": ("what is this",)}
    assert told(T + 31, **known) == (State.UNKNOWN, "quiet")
    assert told(T + STALLED_AFTER, **known) == (State.STALLED, "quiet")


def test_quiet_counts_from_the_end_of_a_freeze_or_a_flag() -> None:
    assert told(T + STALLED_AFTER, freed=T + 5)[0] is State.WORKING
    assert told(T + STALLED_AFTER + 5, freed=T + 5)[0] is State.STALLED


@pytest.mark.parametrize("word", MEANINGS)
def test_what_an_agent_reports_is_believed_at_once(word: str) -> None:
    found = judge(facts(agent="claude", hook=Hook(word, T, "the message")), T)
    meant = MEANINGS[word].state
    assert found.state is (meant or State.WORKING)
    assert found.source == ("hook" if meant else "output")
    assert ("the message" in found.said) is (meant is not None)


def test_a_report_says_its_words_and_its_event() -> None:
    found = judge(facts(hook=Hook("permission_prompt", T, "to use Bash")), T)
    assert found.said == "it asks for permission: to use Bash (permission_prompt)"


def test_a_report_of_an_unknown_event_says_nothing() -> None:
    assert told(hook=Hook("Compacted", T)) == (State.WORKING, "quiet")


def test_what_was_typed_after_a_finished_turn_is_work_until_there_is_news() -> None:
    known = {"agent": "claude", "hook": Hook("Stop", T), "typed": T + 5, "screen": CLAUDE["idle"]}
    assert told(T + 5, **known) == (State.WORKING, "input")
    assert told(T + 6, **known | {"hook": Hook("UserPromptSubmit", T + 6)}) == (State.WORKING, "hook")


def test_a_turn_that_escape_broke_off_is_idle_by_its_screen_though_no_hook_tells() -> None:
    stopped = claude("idle", hook=Hook("UserPromptSubmit", T - 9), typed=T - 1)
    assert judge(stopped, T + 1).state is State.WORKING
    assert judge(stopped, T + SETTLED) == Evidence(
        State.IDLE, "screen", "its screen shows an empty prompt", None
    )


def test_a_report_of_work_is_outlived_by_a_prompt_that_stands_still() -> None:
    broken = claude("idle", hook=Hook("UserPromptSubmit", T - 9))
    assert judge(broken, T + SETTLED).source == "hook"
    assert judge(broken, T + SETTLED).until == T + OUTLIVED
    assert judge(broken, T + OUTLIVED).state is State.IDLE


def test_a_report_of_a_question_is_never_outlived_by_a_prompt() -> None:
    assert judge(claude("idle", hook=Hook("PermissionRequest", T)), T + 1e6).state is State.ASKING


def test_a_finished_turn_whose_screen_shows_a_dialog_is_asking() -> None:
    assert judge(claude("trust", hook=Hook("Stop", T)), T + OUTLIVED).state is State.ASKING


@pytest.mark.parametrize("glyph", "⠂⠐◐◑")
def test_a_title_that_turns_is_work_even_after_a_finished_turn(glyph: str) -> None:
    title = f"{glyph} Claude Code"
    assert told(T, agent="claude", title=title, hook=Hook("Stop", T)) == (State.WORKING, "title")
    assert told(T, agent="", title=title) == (State.WORKING, "output")


def test_a_title_at_rest_says_nothing_since_idle_and_asking_share_it() -> None:
    assert told(T + 60, agent="claude", title="✳ Claude Code") == (State.UNKNOWN, "quiet")


def test_a_title_that_stayed_behind_is_outlived_by_the_screen() -> None:
    known = {"agent": "claude", "title": "⠂ Claude Code", "screen": CLAUDE["permission"]}
    assert told(T + SETTLED, **known) == (State.WORKING, "title")
    assert told(T + OUTLIVED, **known) == (State.ASKING, "screen")


@pytest.mark.parametrize(
    ("name", "screen"), [(name, screen) for name, screens in AGENTS.items() for screen in screens]
)
def test_each_agents_screens_are_told_apart(name: str, screen: str) -> None:
    state = {"working": State.WORKING, "idle": State.IDLE}.get(screen.rsplit(maxsplit=1)[-1], State.ASKING)
    assert told(agent=name, screen=AGENTS[name][screen]) == (state, "screen")


def test_a_screen_must_stand_still_before_it_is_believed_that_an_agent_waits() -> None:
    known = {"agent": "pi", "screen": PI["idle"]}
    assert told(T + SETTLED - 0.1, **known) == (State.WORKING, "output")
    assert told(T + SETTLED, **known) == (State.IDLE, "screen")


def test_a_redrawn_footer_of_an_idle_agent_is_no_news() -> None:
    assert told(T, agent="pi", screen=PI["idle"], before=State.IDLE) == (State.IDLE, "screen")


def test_an_idle_agent_that_was_typed_to_is_idle_again_once_its_echo_has_settled() -> None:
    typed = facts(agent="pi", screen=PI["idle"], before=State.IDLE, typed=T - 1)
    assert (judge(typed, T).state, judge(typed, T).until) == (State.WORKING, T - 1 + SETTLED)
    assert judge(typed, T - 1 + SETTLED).state is State.IDLE


def test_words_of_work_that_stand_still_on_a_screen_do_not_undo_a_finished_turn() -> None:
    assert judge(claude("working", hook=Hook("Stop", T)), T + 1e6).state is State.IDLE


def test_a_report_of_a_question_is_believed_before_a_title() -> None:
    known: dict[str, Any] = {"agent": "claude", "title": "◐ Claude Code"}
    assert told(T, **known, hook=Hook("AskUserQuestion", T)) == (State.ASKING, "hook")


def test_a_spinner_is_work_for_as_long_as_it_turns() -> None:
    for tick in range(3000):
        now = T + tick
        row = f"{'|/-'[tick % 3]} linking ({tick}s)"
        assert (
            judge(Facts(started=T, output=now, screen=(row,), before=State.WORKING), now).state
            is State.WORKING
        )


@pytest.mark.parametrize(
    "row",
    [
        "dev@desk:~/work$",
        "root@desk:/#",
        "bash-5.2$",
        "$",
        "#",
        "desk%",
        "~/work ❯",
        "(venv) dev@desk:~$",
        "[dev@desk work]$",
        ">>>",
        "(Pdb)",
        "In [12]:",
        "sqlite>",
        "work=#",
    ],
)
def test_a_prompt_under_the_cursor_is_idle(row: str) -> None:
    assert told(screen=("make", row), cursor=(len(row) + 1, 1)) == (State.IDLE, "screen")


@pytest.mark.parametrize(
    "row",
    [
        "dev@desk:~$ make",
        "Downloading 100%",
        "50 %",
        "[####    ] 40%",
        "Linking $(OBJ)",
        "it took 3 s",
        "a -> b",
        "<p>",
        "",
    ],
)
def test_what_only_resembles_a_prompt_is_not_idle(row: str) -> None:
    assert told(screen=("dev@desk:~$ make", row), cursor=(len(row) + 1, 1)) == (State.WORKING, "quiet")


def test_a_prompt_above_the_cursor_is_history() -> None:
    assert told(screen=("dev@desk:~$", ""), cursor=(0, 1)) == (State.WORKING, "quiet")


def test_a_prompt_is_nothing_while_another_program_has_the_terminal() -> None:
    known: dict[str, Any] = {"screen": ("dev@desk:~$",), "cursor": (12, 0)}
    assert told(**known, foreground="cc1") == (State.WORKING, "quiet")
    assert told(**known, foreground="bash") == (State.IDLE, "screen")


@pytest.mark.parametrize(
    "row",
    [
        "[sudo] password for dev:",
        "Enter passphrase for key '/home/dev/.ssh/id_ed25519':",
        "dev@desk's password:",
        "Username for 'https://example.org':",
        "Overwrite? [y/N]",
        "Do you want to continue? [Y/n]",
        "Are you sure you want to continue connecting (yes/no/[fingerprint])?",
        "Press Enter to continue",
        "Press any key to continue . . .",
        "Which branch?",
        "Continue? (default: yes)",
        ":",
        "(END)",
        "--More--(23%)",
        "lines 1-23/120",
        "Manual page ls(1) line 1 (press h for help or q to quit)",
    ],
)
def test_a_program_that_waits_for_a_person_is_asking(row: str) -> None:
    assert told(screen=("some output", row), cursor=(len(row) + 1, 1)) == (State.ASKING, "screen")
    assert told(screen=("some output", row), foreground="ssh") == (State.ASKING, "screen")


@pytest.mark.parametrize("row", [">", "Propose it? [yes], `back` to change an answer:", "Enter tries again:"])
def test_the_built_in_interview_is_asking_while_it_waits_for_an_answer(row: str) -> None:
    known: dict[str, Any] = {"agent": "rehearsal", "screen": ("1/12 What?", "[x]", row)}
    assert told(**known, cursor=(len(row) + 1, 2)) == (State.ASKING, "screen")
    assert told(T + 60, **known, cursor=(0, 0)) == (State.WORKING, "quiet")


def test_a_person_who_typed_a_question_into_a_log_is_no_dialog() -> None:
    assert told(agent="claude", screen=("Do you want to proceed?", *CLAUDE["idle"])) == (State.IDLE, "screen")


def test_a_silent_build_of_twenty_minutes_is_news_once() -> None:
    assert _news(Facts(started=T, output=T + 1, screen=("cc -O2 huge.c",)), T + 1200) == [State.STALLED]


def test_a_worker_that_finished_its_turn_is_news_once_however_long_it_waits() -> None:
    done = claude("idle", hook=Hook("Stop", T))
    assert _news(done, T + 86400) == [State.IDLE]
    assert _news(facts(agent="pi", screen=PI["idle"]), T + 86400) == [State.IDLE]


@pytest.mark.parametrize("screen", ["permission", "trust", "key", "bypass", "first", "login"])
def test_a_worker_at_a_dialog_is_news_once_however_long_it_waits(screen: str) -> None:
    assert _news(claude(screen), T + 86400) == [State.ASKING]


def test_an_agent_is_known_by_its_runner_or_its_command() -> None:
    assert agent("pi", "anything") == "pi"
    assert agent("careful", "cd x && FOO=1 /opt/bin/claude --model m") == "claude"
    assert agent("", "pip install x; echo claudette") == ""


def _news(known: Facts, end: float) -> list[State]:
    """Judge as a session's life does: now, and whenever the last answer said so."""
    found: list[State] = []
    now: float | None = known.output
    while now is not None and now <= end:
        evidence = judge(known, now)
        if evidence.state is not known.before and evidence.state in NEWS:
            found.append(evidence.state)
        known, now = replace(known, before=evidence.state), evidence.until
    return found


_times = st.one_of(st.none(), st.floats(T - 2000, T, allow_nan=False))
_rows = st.sampled_from(
    [*(row for screens in AGENTS.values() for rows in screens.values() for row in rows), "$", "x", "?", "50%"]
)
_facts = st.builds(
    Facts,
    started=st.floats(T - 2000, T - 1000),
    output=_times,
    typed=_times,
    title=st.sampled_from(["", "✳ Claude Code", "⠂ Claude Code", "π - desk"]),
    screen=st.lists(_rows, max_size=12).map(tuple),
    hook=st.one_of(st.none(), st.builds(Hook, st.sampled_from([*MEANINGS, "Other"]), st.floats(T - 2000, T))),
    agent=st.sampled_from(["", *RULES]),
    frozen=st.booleans(),
    flagged=st.booleans(),
    cursor=st.one_of(st.none(), st.tuples(st.integers(0, 130), st.integers(0, 50))),
    foreground=st.sampled_from([None, "bash", "make"]),
    freed=_times,
    before=st.sampled_from([None, *State]),
)


@given(_facts, st.floats(T, T + 3000))
def test_idle_always_has_evidence(known: Facts, now: float) -> None:
    found = judge(known, now)
    if found.state is not State.IDLE:
        return
    rule = match(known.agent, known.screen, known.cursor, known.foreground)
    meaning = MEANINGS.get(known.hook.event) if known.hook else None
    if found.source == "hook":
        assert meaning is not None
        assert meaning.state is State.IDLE
    else:
        assert found.source == "screen"
        assert rule is not None
        assert rule.state is State.IDLE


@given(_facts, st.floats(T, T + 3000), st.floats(0, 1))
def test_the_answer_holds_until_the_moment_that_it_names_and_not_longer(
    known: Facts, now: float, part: float
) -> None:
    found = judge(known, now)
    end = T + 10_000 if found.until is None else found.until
    between = judge(known, min(now + part * (end - now), end - 0.001 if end - now > 0.001 else now))
    assert (between.state, between.source, between.said) == (found.state, found.source, found.said)
    if found.until is not None:
        later = judge(known, found.until)
        assert (later.state, later.source, later.said) != (found.state, found.source, found.said)


@given(st.lists(st.text(max_size=400), max_size=30), st.sampled_from(["", *RULES]))
def test_any_screen_is_judged(rows: list[str], name: str) -> None:
    judge(facts(agent=name, screen=tuple(rows)), T + SETTLED)


def test_a_session_that_the_money_ran_out_for_is_frozen_and_says_how_it_goes_on() -> None:
    found = judge(facts(unpaid=True, hook=Hook("Stop", T)), T + 1e6)
    assert (found.state, found.source) == (State.FROZEN, "money")
    assert "looop unpark" in found.said
