"""One live session over a terminal in memory: output followed, questions answered, its state judged."""

from pathlib import Path

import pytest
import trio

from looop.core.hooks import Hook
from looop.core.problem import Problem
from looop.core.sessions import Evidence, State
from looop.core.states import Facts
from looop.session import minding
from looop.store import questions, sessions
from support.hosting import Hosting, eventually

ATTRIBUTES = b"\x1b[c"  # primary device attributes: "what are you?"
ANSWER = b"\x1b[?62;22c"


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_output_is_followed_to_its_end(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        at.say(b"hello")
        with trio.fail_after(30):
            await host.grown("a", 0)
        assert (await host.read("a", 0)).data == b"hello"
        at.say(b" world")
        assert (await at.finish()).offset == 11


async def test_what_a_worker_says_of_its_end_while_that_is_written_down_is_kept(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()

        async def late(_ended: object) -> None:
            await host.lives["a"].done("failed", "no network")

        host.around.on_end.append(late)
        view = await at.finish(0)
        assert (view.outcome, view.note) == ("failed", "no network")


async def test_waiting_for_growth_ends_with_the_session(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.grown, "a", 100)
            await at.finish()
        piece = await host.read("a", 0)
        assert (piece.data, piece.ended) == (b"", True)


async def test_what_a_program_asks_its_terminal_is_answered(at: Hosting) -> None:
    async with at.served():
        await at.start()
        key = at.key()
        at.say(ATTRIBUTES)
        await eventually(lambda: at.terminals.typed[key] == ANSWER, "the answer")


async def test_a_program_that_asks_on_without_an_answer_gets_none_for_what_it_left_behind(
    at: Hosting,
) -> None:
    async with at.served() as host:
        await at.start()
        key = at.key()
        at.say(ATTRIBUTES * 100_000 + b"text")
        await eventually(lambda: host.lives["a"].offset == 300_004, "all of it")
        at.say(ATTRIBUTES)
        await eventually(lambda: at.terminals.typed[key].endswith(ANSWER), "the answer to the last one")
        assert at.terminals.typed[key].count(ANSWER) <= 65


async def test_a_question_cut_between_two_pieces_is_answered(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        key = at.key()
        at.say(ATTRIBUTES[:2])
        await eventually(lambda: host.lives["a"].offset == 2, "the first half")
        at.say(ATTRIBUTES[2:])
        await eventually(lambda: at.terminals.typed[key] == ANSWER, "the answer")


async def test_nothing_is_answered_while_a_real_terminal_is_attached(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        life = host.lives["a"]
        life.attached = 1
        at.say(ATTRIBUTES)
        await eventually(lambda: life.offset == len(ATTRIBUTES), "the question to be read")
        life.attached = 0
        at.say(ATTRIBUTES)
        await eventually(lambda: at.terminals.typed[life.key], "an answer")
        assert at.terminals.typed[life.key] == ANSWER


async def test_a_new_engine_answers_what_is_open_and_nothing_twice(at: Hosting) -> None:
    async with at.served():
        view = await at.start()
        at.say(ATTRIBUTES)
        await eventually(lambda: at.terminals.typed[view.generation] == ANSWER, "the answer")
    at.terminals.say(view.generation, ATTRIBUTES)
    async with at.served() as host:
        await eventually(lambda: host.lives["a"].offset == 2 * len(ATTRIBUTES), "the log to be read")
        await eventually(lambda: at.terminals.typed[view.generation] == 2 * ANSWER, "the second answer")
    assert at.terminals.typed[view.generation] == 2 * ANSWER


async def test_modes_are_known_again_to_a_new_engine(at: Hosting) -> None:
    async with at.served():
        await at.start()
        at.say(b"\x1b[?2004h\x1b]2;at work\x07")
    async with at.served() as host:
        await eventually(lambda: host.lives["a"].modes.bracketed_paste, "the mode")
        assert host.get("a").title == "at work"


async def test_input_is_remembered_as_the_place_to_look_from(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        at.say(b"$ ready ")
        life = host.lives["a"]
        assert await life.type(b"ls") == 8
        at.say(b"ready")
        assert (await host.expect("a", "ready")).offset == 13
    assert sessions.listed(at.profile)[0].known.sent == 8


async def test_input_by_name_is_given_once_by_any_number_of_engines(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await host.lives["a"].type(b"yes", "answer-1")
    async with at.served() as host:
        await host.lives["a"].type(b"yes", "answer-1")
        assert at.terminals.typed[at.key()] == b"yes"


async def test_input_to_what_has_ended_is_a_problem(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        life = host.lives["a"]
        await at.finish()
        with pytest.raises(Problem, match="its program has ended"):
            await life.type(b"x")


async def test_a_raised_flag_shows_in_the_state_and_in_the_view(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        place = questions.place_of(at.profile, "a")
        assert place is not None
        questions.ask(at.profile, place, "May I?")
        host.lives["a"].look()
        await eventually(lambda: host.get("a").state is State.FLAGGED, "the state")
        flag = host.get("a").flag
        assert flag is not None
        assert flag.text == "May I?"
        assert [view.flag and view.flag.text for view in host.all()] == ["May I?"]


async def test_a_freeze_shows_at_once_and_is_no_news(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        before = host.get("a").news
        assert (await host.freeze("a")).state is State.FROZEN
        assert (await host.thaw("a")).state is not State.FROZEN
        assert host.get("a").news == before


async def test_a_freeze_is_remembered_by_the_next_engine(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await host.freeze("a")
    async with at.served() as host:
        assert host.get("a").state is State.FROZEN


async def test_news_wakes_the_loop_once(at: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    state, asked = [State.WORKING], list[float]()

    def judge(_: Facts, now: float) -> Evidence:
        asked.append(now)
        return Evidence(state[0], "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served() as host:
        await at.start()
        await eventually(lambda: host.get("a").state is State.WORKING, "the state")
        assert at.pokes == 0
        state[0] = State.IDLE
        host.lives["a"].look()
        await eventually(lambda: at.pokes, "the wake")
        asked.clear()
        host.lives["a"].look()
        await eventually(lambda: asked, "another judgement")
        assert (at.pokes, host.get("a").news) == (1, 1)
    async with at.served() as host:
        assert (at.pokes, host.get("a").news) == (1, 1)


async def test_an_answer_of_the_judge_is_asked_for_again_in_time(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def judge(_: Facts, now: float) -> Evidence:
        asked.append(now)
        return Evidence(State.WORKING, "test", "so", now + 0.1 if len(asked) < 3 else None)

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served():
        await at.start()
        await eventually(lambda: len(asked) >= 3, "the third question")


async def test_the_screen_is_given_to_the_judge_once_the_program_is_quiet(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens: list[tuple[str, ...]] = []

    def judge(facts: Facts, _: float) -> Evidence:
        screens.append(facts.screen)
        return Evidence(State.WORKING, "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served():
        await at.start()
        at.say(b"Do you want to?")
        await eventually(lambda: screens and any("Do you want" in row for row in screens[-1]), "the screen")


async def test_what_an_agent_reports_reaches_the_judge(at: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[str] = []

    def judge(facts: Facts, _: float) -> Evidence:
        hooks.extend([facts.hook.event] if facts.hook else [])
        return Evidence(State.WORKING, "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served() as host:
        await at.start()
        host.hook("a", Hook("Stop", 1.0))
        await eventually(lambda: hooks[-1:] == ["Stop"], "the hook")


async def test_a_screen_that_can_not_be_drawn_ends_no_session(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()

        async def broken() -> None:
            raise ValueError("no such mode")

        monkeypatch.setattr(host.lives["a"].display, "current", broken)
        at.say(b"x")
        await eventually(lambda: any("can't be drawn" in line for line in at.said), "the complaint")
        assert (await at.finish(5)).code == 5


async def test_a_crash_of_a_sessions_task_is_told_and_it_goes_on(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()
        broken = [True]
        feed = host.lives["a"]._scanner.feed

        def once(data: bytes) -> object:
            if broken.pop() if broken else False:
                raise RuntimeError("oh")
            return feed(data)

        monkeypatch.setattr(host.lives["a"]._scanner, "feed", once)
        at.say(b"x")
        await eventually(lambda: any("oh" in line for line in at.said), "the complaint")
        assert (await at.finish(5)).code == 5


async def test_a_status_that_can_not_be_written_keeps_nobody_alive(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with at.served() as host:
        await at.start()
        monkeypatch.setattr(sessions, "write_known", full)
        assert (await at.finish(6)).code == 6
        monkeypatch.undo()
        assert host.living == 0
    async with at.served() as host:
        assert host.get("a").code == 6


async def test_a_new_engine_does_not_take_for_news_what_was_news_before(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[State] = []

    def judge(facts: Facts, _: float) -> Evidence:
        judged.append(State.IDLE if any("$" in row for row in facts.screen) else State.WORKING)
        return Evidence(judged[-1], "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served() as host:
        await at.start()
        at.say(b"line\r\n" * 50_000 + b"$ ")
        await eventually(lambda: host.get("a").news == 1, "the news")
    at.later += 60
    judged.clear()
    async with at.served() as host:
        await eventually(lambda: judged, "a judgement")
        assert (set(judged), host.get("a").news, at.pokes) == ({State.IDLE}, 1, 1)


async def test_a_redraw_is_not_taken_for_work(at: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    screens: list[str] = []

    def judge(facts: Facts, _: float) -> Evidence:
        screens.append("\n".join(facts.screen))
        return Evidence(State.IDLE if "$" in screens[-1] else State.WORKING, "test", "so")

    monkeypatch.setattr(minding, "judge", judge)
    async with at.served() as host:
        await at.start()
        at.say(b"$ ")
        await eventually(lambda: host.get("a").news == 1, "the news")
        screens.clear()
        at.say(b"\x1b7\x1b[5;1Hfooter\x1b8")
        await eventually(lambda: screens and "footer" in screens[-1], "a look at it")
        assert all("$" in screen for screen in screens)
        assert host.get("a").news == 1
