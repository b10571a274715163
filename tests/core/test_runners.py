"""Which runner a beat uses, and the commands of the built-in ones."""

import shlex

import msgspec
import pytest

from looop.core.problem import Exit, Problem
from looop.core.runners import BUILT_IN, PROGRAMS, Choice, Runner, choose, fill
from looop.core.streams import FORMATS

OWN = {"mine": Runner(tick="my-agent --do")}
ALL = frozenset(name for name, program in PROGRAMS.items() if program)


def problem(wanted: str, configured: dict[str, Runner], *, found: frozenset[str]) -> Problem:
    with pytest.raises(Problem) as caught:
        choose(wanted, configured, found=found)
    return caught.value


def test_auto_rehearses_and_names_the_first_agent_found_and_how_to_agree() -> None:
    choice = choose("auto", {}, found={"gemini", "codex"})
    assert choice.rehearses
    assert "`looop init` shows what codex would be run with" in choice.reason
    assert "install one" in choose("auto", {}, found=frozenset()).reason


def test_a_named_one_that_is_missing_is_a_problem_and_nothing_rehearses() -> None:
    trouble = problem("pi", {}, found=frozenset({"claude"}))
    assert trouble.kind == "missing-runner"
    assert "pi" in trouble.text


def test_a_missing_one_is_missing_even_with_an_environment_of_its_own() -> None:
    configured = {"pi": msgspec.structs.replace(BUILT_IN["pi"], env={"X": "1"})}
    assert problem("pi", configured, found=frozenset()).kind == "missing-runner"


def test_a_named_one_is_consent_by_itself() -> None:
    assert choose("pi", {}, found=ALL) == Choice("pi", BUILT_IN["pi"])


def test_a_persons_own_runner_is_used_whatever_is_installed() -> None:
    assert choose("mine", OWN, found=frozenset()) == Choice("mine", OWN["mine"])


def test_a_persons_own_command_goes_before_the_built_in_one() -> None:
    own = {"claude": Runner(tick="/opt/claude -p")}
    assert choose("claude", own, found=frozenset()).runner.tick == "/opt/claude -p"


def test_rehearsal_can_be_named() -> None:
    assert choose("rehearsal", {}, found=frozenset()).rehearses


def test_an_unknown_one_is_a_problem_that_names_the_nearest() -> None:
    trouble = problem("cluade", OWN, found=ALL)
    assert (trouble.kind, trouble.exit_code) == ("unknown-runner", Exit.USAGE)
    assert "claude" in trouble.text


def test_only_claude_as_root_is_told_that_it_is_in_a_sandbox() -> None:
    assert choose("claude", {}, found=ALL, root=True).runner.env["IS_SANDBOX"] == "1"
    assert "IS_SANDBOX" not in choose("claude", {}, found=ALL).runner.env
    assert "IS_SANDBOX" not in choose("pi", {}, found=ALL, root=True).runner.env


def test_a_persons_own_word_on_the_sandbox_counts() -> None:
    own = {"claude": msgspec.structs.replace(BUILT_IN["claude"], env={"IS_SANDBOX": "0"})}
    assert choose("claude", own, found=ALL, root=True).runner.env["IS_SANDBOX"] == "0"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_runner_speaks_a_format_that_is_understood(name: str) -> None:
    assert BUILT_IN[name].output in FORMATS


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_tick_asks_for_no_permission_on_a_terminal_and_reads_stdin(name: str) -> None:
    assert "{{" not in BUILT_IN[name].tick
    assert PROGRAMS[name] in BUILT_IN[name].tick.split()


@pytest.mark.parametrize("name", sorted(ALL))
def test_an_interactive_command_reads_its_brief_and_can_be_resumed(name: str) -> None:
    assert "{{prompt_file}}" in BUILT_IN[name].interactive
    assert PROGRAMS[name] in BUILT_IN[name].resume.split()


def test_what_is_put_into_a_command_is_quoted_for_the_shell() -> None:
    path = "/tmp/it's $HOME/{{conversation}}"
    filled = fill('agent "$(cat {{prompt_file}})" {{conversation}} {{other}}', path, "id")
    assert filled == f'agent "$(cat {shlex.quote(path)})" id {{{{other}}}}'


def test_two_calls_do_not_share_a_runners_environment() -> None:
    first = choose("claude", {}, found=ALL, root=True)
    assert "IS_SANDBOX" not in BUILT_IN["claude"].env
    assert first.runner.env is not BUILT_IN["claude"].env
