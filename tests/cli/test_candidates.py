"""What Tab is told: the names there are, one a line, and never a word when something is wrong."""

import pytest

from looop.cli.candidates import complete
from looop.cli.tab import Thing
from looop.core.ids import is_name
from looop.core.sessions import State
from looop.store.paths import Profile
from support.lived import FAILED, RUN
from support.things import HOSTILE, things_in
from support.verbs import FakeEngine, Looop

FIRST_SEEN = "edit-20260101-115040-000000"
EXPECTED = {
    Thing.SESSIONS: ["asks", "drafts", "over", "review"],
    Thing.LIVING: ["asks", "drafts", "review"],
    Thing.LOGS: ["asks", "drafts", "over", "pulse", "review"],
    Thing.GOALS: ["odd", "playbook-daily", "setup", "tea"],
    Thing.SENSORS: ["broken", "quiet", "tea", "today"],
    Thing.SENSORS_ON: ["broken", "tea", "today"],
    Thing.SENSORS_OFF: ["quiet"],
    Thing.FLAGS: ["2", "3", "asks", "drafts"],
    Thing.ALL_FLAGS: ["1", "2", "3", "asks", "drafts"],
    Thing.PROPOSALS: ["3", "drafts"],
    Thing.RUNS: [FAILED, RUN],
    Thing.EDITS: [FIRST_SEEN, RUN],
    Thing.VERSIONED: ["goals/tea.md"],
    Thing.EDITED: [FIRST_SEEN, "goals/tea.md", RUN],
    Thing.CLAIMS: ["inbox"],
    Thing.RUNNERS: ["claude", "codex", "gemini", "opencode", "pi", "rehearsal"],
}


@pytest.fixture
def things(looop: Looop) -> Looop:
    things_in(looop.profile)
    return looop


@pytest.mark.parametrize("kind", EXPECTED)
async def test_every_kind_lists_its_names_from_the_files_alone(things: Looop, kind: Thing) -> None:
    said = await things("complete", kind)
    assert (said.code, said.err) == (0, "")
    assert sorted(said.out.splitlines()) == EXPECTED[kind]


async def test_a_story_is_told_of_runs_goals_and_sessions(things: Looop) -> None:
    names = (await things("complete", "stories")).out.splitlines()
    assert names[:2] == [RUN, FAILED]
    assert {"goals/tea.md", "sessions/over"} < set(names)


def test_every_kind_is_tried_here() -> None:
    assert {*EXPECTED, Thing.STORIES} == set(Thing)


async def test_an_engine_lists_the_sessions_that_it_has(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("fresh")
    engine.sessions.add("gone", State.LOST)
    assert (await relayed("complete", "sessions")).out.split() == ["fresh", "gone"]
    assert (await relayed("complete", "living")).out.split() == ["fresh"]
    assert (await relayed("complete", "goals")).out.split() == ["playbook-daily", "setup"]


@pytest.mark.parametrize("kind", Thing)
async def test_no_name_that_a_shell_reads_something_into_is_told(things: Looop, kind: Thing) -> None:
    told = (await things("complete", kind)).out.splitlines()
    assert told
    for name in told:
        assert is_name(name.removeprefix("goals/").removeprefix("sessions/"))
        assert name not in HOSTILE


async def test_a_runner_of_ones_own_is_offered_unless_its_name_is_odd(things: Looop) -> None:
    things.profile.config.write_text('{"runners": {"mine": {"tick": "x"}, "a b": {"tick": "x"}}}')
    names = (await things("complete", "runners")).out.splitlines()
    assert "mine" in names
    assert "a b" not in names


@pytest.mark.parametrize("argv", [("complete",), ("complete", "nonsense"), ("complete", "$(x)")])
async def test_what_is_no_kind_has_no_names(looop: Looop, argv: tuple[str, ...]) -> None:
    said = await looop(*argv)
    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize("kind", Thing)
async def test_without_a_profile_there_is_nothing_and_no_error(no_profile: Profile, kind: Thing) -> None:
    said = await Looop(no_profile)("complete", kind)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert not no_profile.data.exists()


async def test_a_profile_that_others_may_write_in_is_not_read(things: Looop) -> None:
    things.profile.data.chmod(0o777)
    said = await things("complete", "goals")
    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize(
    ("kind", "broken"), [("goals", "goals"), ("claims", "claims"), ("runners", "../looop.json")]
)
async def test_what_can_not_be_read_is_nothing_and_no_error(looop: Looop, kind: str, broken: str) -> None:
    place = looop.profile.data / broken
    if place.is_dir():
        place.rename(place.with_name("away"))
    place.write_text("{")
    said = await looop("complete", kind)
    assert (said.code, said.out, said.err) == (0, "", "")


def test_the_verb_is_hidden_and_says_what_it_is_for() -> None:
    assert "completions" in (complete.__doc__ or "")
