"""The cache is emptied under a living loop, wholly or in part: nobody notices, and it is whole again."""

import json
import shutil

import pytest

from support import every
from support.frozen import Own, runs_from
from support.surviving import killed, leaderless, next_engine
from support.waiting import until

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]

LAST = ("kill", "prune", "restart", "resume")
UNPACKS = ("attach", "tick")  # they start a Python, or an agent that does


def relayed(it: Own) -> list[str]:
    """Name the verbs that the launcher has the engine run."""
    known = it.looop.json("help")["verbs"]
    names = {str(verb["name"]) for verb in known if verb["place"] != "local"} - set(UNPACKS)
    return sorted(names, key=lambda name: (name in LAST, name))


def lived_in(it: Own, agent: str = "true") -> None:
    """Have a loop with a session, whose agent is a few words of sh."""
    leaderless(it.looop)
    it.looop.profile.config.write_text(json.dumps({"runner": "mine", "runners": {"mine": {"tick": agent}}}))
    it.looop("up")
    it.looop("start-session", "review", "--command", "echo ok; cat")


def test_every_relayed_verb_works_without_the_cache(mine: Own) -> None:
    lived_in(mine)
    verbs = relayed(mine)
    assert len(verbs) > 40
    shutil.rmtree(mine.cache)
    engine = mine.looop.engine.pid
    for verb in verbs:
        assert every.problems(mine.looop, every.words(verb)) == ""
        assert not mine.cache.exists(), f"{verb} was not run by the engine"
    assert mine.looop.engine.pid == engine


def test_a_session_a_tick_and_an_answer_work_without_the_cache(mine: Own) -> None:
    looop = mine.looop
    lived_in(mine, '"$LOOOP_BIN" goals >&2; for it in goals/*.md; do echo "- noted" >>$it; done')
    looop("pause")
    engine = looop.engine.pid
    shutil.rmtree(mine.cache)
    asks = 'echo got:"$("$LOOOP_BIN" flag "which one?" --wait)"; read x'
    looop("start-session", "asking", "--command", asks)
    looop.becomes("asking", "flagged")
    looop("answer", "asking", "the red one")
    assert looop("expect", "asking", "got:.*", "--since", "0") == "got:the red one\n"
    looop("goal", "new", "tidy", "the desk is tidy")
    assert "landed" in looop("tick", "--force")
    assert looop.engine.pid == engine
    assert looop("shot", "review").startswith("ok")


def test_the_next_engine_is_started_from_the_outer_file(mine: Own) -> None:
    lived_in(mine)
    engine, keeper = mine.looop.engine, mine.looop.keeper.pid
    shutil.rmtree(mine.cache)
    killed(engine)
    following = next_engine(mine.looop, engine)
    assert runs_from(following) == mine.folder
    assert mine.folder.exists()
    assert mine.looop.keeper.pid == keeper
    mine.looop("send", "review", "hello")
    mine.looop("expect", "review", "hello")


@pytest.mark.parametrize("part", ["lib/modules", "lib/libc.so.6", "looop", "lib/msgspec", "bin"])
def test_what_was_removed_in_part_is_whole_again_after_the_next_verb(mine: Own, part: str) -> None:
    lived_in(mine)
    gone = mine.folder / part
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()
    assert mine.looop.call("doctor").stderr == ""
    assert gone.exists()
    assert mine.folders() == {mine.folder}
    engine = mine.looop.engine
    killed(engine)
    next_engine(mine.looop, engine)
    until(lambda: mine.looop("shot", "review").startswith("ok"), "the session's screen")
