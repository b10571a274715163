"""A command is shown whole and unmistakably, and two readings of it are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core import command
from looop.core.command import Command, Moment, Pin
from looop.core.problem import Problem

PUSH = Command(("git", "push"), "/src", "/usr/bin/git", pins=(Pin("file x", "a"), Pin("folder", "b")))


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["git", "push", "a b", ""], "git push 'a b' ''"),
        (["echo", "it's"], """echo 'it'"'"'s'"""),
        (["a", "\x1b[2J", "b\nc"], r"a $'\x1b[2J' $'b\nc'"),
        (["a", "x\u202eexe.sh", "\u200b"], r"a $'x\u202eexe.sh' $'\u200b'"),
        (["\u3164", "\U000e0041"], r"$'\u3164' $'\U000e0041'"),
        (["a", "\x07it's\\"], r"a $'\x07it\'s\\'"),
        (["a", "größe.tgz"], "a größe.tgz"),
    ],
)  # fmt: skip
def test_what_can_not_be_seen_is_spelled_out(argv: list[str], shown: str) -> None:
    assert command.shown(argv).replace("'größe.tgz'", "größe.tgz") == shown


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=3))
def test_no_two_commands_look_alike_and_none_moves_a_cursor(argv: list[str]) -> None:
    said = command.shown(argv)
    assert said.isprintable()
    assert said != command.shown([*argv[:-1], argv[-1] + "\u202e"])
    assert said != command.shown([*argv, ""])


def test_the_text_shows_command_folder_pins_and_what_is_not_pinned_line_by_line() -> None:
    asked = Command(
        ("git", "push"),
        "/src",
        "/usr/bin/git",
        notes=("GIT_SSH is not passed\nNOT a line",),
        pins=(Pin("file x", "sha256 " + "a" * 64),),
        loose=("the network",),
    )
    assert command.text(asked, ["x was a and is \x1bb"]).splitlines() == [
        "may this run? git push",
        "in /src",
        r"changed since it was approved: x was a and is \x1bb",
        r"note: GIT_SSH is not passed\nNOT a line",
        "pinned: file x: sha256 aaaaaaaaaaaaaaaa…",
        "NOT pinned: the network",
    ]


def test_what_is_too_long_to_be_shown_is_refused_and_never_cut() -> None:
    command.checked(["x" * command.LONGEST_ARGV])
    with pytest.raises(Problem) as refused:
        command.checked(["x" * (command.LONGEST_ARGV + 1)])
    assert refused.value.kind == "too-long"
    pins = tuple(Pin(f"file {number}", "a" * 90) for number in range(300))
    with pytest.raises(Problem) as refused:
        command.text(Command(("a",), "/", "/a", pins=pins))
    assert refused.value.kind == "too-long"


@pytest.mark.parametrize(
    ("argv", "kind"), [([], "no-command"), (["a", "\udcff"], "bad-argument"), (["a\0"], "bad-argument")]
)
def test_what_is_no_command_is_refused(argv: list[str], kind: str) -> None:
    with pytest.raises(Problem) as refused:
        command.checked(argv)
    assert refused.value.kind == kind


def test_differences_are_named() -> None:
    after = Command(
        ("git", "push"), "/src", "/opt/git", pins=(Pin("file x", "c"), Pin("file y", "d")), loose=("z",)
    )
    assert command.differences(PUSH, PUSH) == ()
    assert command.differences(PUSH, after) == (
        "file x was a and is c",
        "file y is new",
        "folder is gone",
        "its program was /usr/bin/git and is /opt/git",
        "not pinned any more: z",
    )


def test_only_variables_that_say_what_it_is_about_are_passed() -> None:
    theirs = {"GIT_DIR": "/x", "KUBECONFIG": "/k", "AWS_PROFILE": "same", "PATH": "/evil", "LD_PRELOAD": "x"}
    theirs |= dict.fromkeys(
        ["GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "NPM_CONFIG_SCRIPT_SHELL", "GH_TOKEN"], "evil"
    )
    ours = {"AWS_PROFILE": "same", "PATH": "/bin"}
    assert command.passed(theirs, ours) == {"GIT_DIR": "/x", "KUBECONFIG": "/k"}
    kept = ("GH_TOKEN", "GIT_CONFIG_COUNT", "GIT_SSH_COMMAND", "NPM_CONFIG_SCRIPT_SHELL")
    assert command.kept_back(theirs, ours) == kept


def test_time_counts_by_the_clock_that_says_more() -> None:
    then = Moment(1000.0, "a", 50.0)
    assert then.until(Moment(1010.0, "a", 80.0)) == 30  # slept, or the wall clock was set back
    assert then.until(Moment(900.0, "a", 80.0)) == 30
    assert then.until(Moment(1010.0, "b", 5.0)) == 10  # another boot: only the wall clock knows


def test_a_request_is_the_same_whatever_its_world_and_the_approval_is_not() -> None:
    other = Command(PUSH.argv, PUSH.cwd, PUSH.program, pins=(Pin("file x", "other"),))
    assert PUSH.asked == other.asked
    assert command.digest(PUSH) != command.digest(other)
    assert PUSH.asked != Command(PUSH.argv, "/else", PUSH.program).asked


def test_only_variables_that_such_commands_heed_are_worth_a_look() -> None:
    env = {"LANG": "C", "GIT_DIR": "/x", "AWS_PROFILE": "prod", "COLUMNS": "80"}
    assert list(command.of_ours(env)) == ["AWS_PROFILE", "GIT_DIR"]
