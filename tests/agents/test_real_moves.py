"""Ticks in which a real agent does its work: what lands, what is refused, and the one line each leaves."""

from support.agents import GOALS, Bench, before
from support.fake_model import Bash, Say, Tool, playing

NOTE = "- a first draft is in the drawer\n"
ADD_NOTE = f"printf -- '{NOTE[:-1]}\\n' >> goals/plan.md"
ADD_LINE = "echo '- noted the draft' >> journal.md"


def test_an_edited_goal_lands_with_the_agents_own_line(bench: Bench) -> None:
    with playing(Bash(f"{ADD_NOTE}; {ADD_LINE}"), Say("Done.")) as model:
        done = bench.tick(model)
    assert done.code == 0, str(done)
    assert bench.policy() == {**before(), "goals/plan.md": GOALS["plan.md"] + NOTE}
    (line,) = bench.journal()
    assert line.endswith(" noted the draft")
    record = bench.record()
    assert (record["outcome"], record["subject"]) == ("landed", "goal:plan.md")
    assert (record["runner"], record["line"]) == (bench.agent.name, "noted the draft")


def test_the_prompt_reaches_the_agent_on_stdin_with_goals_and_readings(bench: Bench) -> None:
    with playing(Say("Nothing to do.")) as model:
        bench.tick(model)
    text = model.requests[0].text
    assert [
        word for word in ("a plan is written down", "a quiet day", "WHAT CHANGED") if word not in text
    ] == []


def test_the_costs_that_the_agent_reports_are_recorded(bench: Bench) -> None:
    with playing(Bash(ADD_NOTE), Say("Done.")) as model:
        bench.tick(model)
    cost = bench.record()["cost"]
    assert cost["usd"] > 0
    assert (cost["input_tokens"], cost["output_tokens"]) == (2000, 100)


def test_what_the_agent_called_is_recorded_from_its_stream(bench: Bench) -> None:
    with playing(Bash(f"{ADD_NOTE}; : by hand"), Say("Done.")) as model:
        bench.tick(model)
    assert any(": by hand" in act for act in bench.record()["acts"])


def test_two_moves_land_neither_and_the_reason_is_told_to_the_next_tick(bench: Bench) -> None:
    with playing(Bash(f"{ADD_NOTE}; echo '- swept' >> goals/tidy.md; {ADD_LINE}"), Say("Both.")) as model:
        done = bench.tick(model)
    assert done.code == 1, str(done)
    assert bench.policy() == before()
    (line,) = bench.journal()
    assert "tick failed: two moves in one tick: goal:plan.md and goal:tidy.md" in line
    assert bench.record()["outcome"] == "rejected"
    rejected = bench.runs()[-1] / "rejected"
    assert (rejected / "goals/plan.md").read_text() == GOALS["plan.md"] + NOTE
    assert (rejected / "goals/tidy.md").read_text() == GOALS["tidy.md"] + "- swept\n"
    with playing(Say("I see.")) as model:
        bench.tick(model, "--force")
    assert "two moves in one tick" in model.requests[0].text
    assert len(bench.journal()) == 2


def test_a_move_without_a_journal_line_gets_one_from_the_evidence(bench: Bench) -> None:
    with playing(Bash(ADD_NOTE), Say("I wrote the draft down.")) as model:
        bench.tick(model)
    (line,) = bench.journal()
    assert "goal:plan.md" in line
    assert "I wrote the draft down." in line
    assert bench.record()["outcome"] == "landed"


def test_doing_nothing_counts_and_leaves_a_line(bench: Bench) -> None:
    with playing(Say("All is well.")) as model:
        done = bench.tick(model)
    assert done.code == 0, str(done)
    assert bench.policy() == before()
    assert len(bench.journal()) == 1
    assert bench.record()["outcome"] == "nothing"


def test_a_goal_written_with_the_agents_own_file_tool_lands(bench: Bench) -> None:
    text = "---\ngoal: the plants are watered\n---\n- every Friday\n"
    where = bench.agent.file_arguments(bench.data / "tick/goals/plants.md", text)
    with playing(Tool(bench.agent.writes, where), Say("A new goal.")) as model:
        bench.tick(model)
    assert bench.policy() == {**before(), "goals/plants.md": text}
    record = bench.record()
    assert (record["move"], record["subject"]) == ("created a goal", "goal:plants.md")


def test_an_edit_by_absolute_path_is_held_by_the_walls(bench: Bench) -> None:
    plan = bench.data / "goals/plan.md"
    with playing(Bash(f"echo '- outside' >> {plan} || echo held; {ADD_LINE}"), Say("Done.")) as model:
        bench.tick(model)
    assert "held" in model.requests[-1].text
    assert plan.read_text() == GOALS["plan.md"]


def test_an_unconfined_edit_by_absolute_path_stays_as_a_persons_and_is_named_to_the_next_tick(
    bench: Bench,
) -> None:
    plan = bench.data / "goals/plan.md"
    bench.configure(confine="off")
    with playing(Bash(f"printf -- '{NOTE[:-1]}\\n' >> {plan}; {ADD_LINE}"), Say("Done.")) as model:
        bench.tick(model)
    assert plan.read_text() == GOALS["plan.md"] + NOTE
    assert len(bench.journal()) == 1
    run = bench.runs()[-1]
    kept = [path.read_text() for path in run.rglob("plan.md")]
    assert GOALS["plan.md"] in kept
    with playing(Say("I see.")) as model:
        bench.tick(model, "--force")
    assert "goals/plan.md was changed in place" in model.requests[0].text


def test_an_unconfined_edit_by_absolute_path_against_its_own_copy_fails_the_tick(bench: Bench) -> None:
    plan = bench.data / "goals/plan.md"
    bench.configure(confine="off")
    with playing(Bash(f"echo '- outside' >> {plan}; {ADD_NOTE}"), Say("Done.")) as model:
        bench.tick(model)
    assert plan.read_text() == GOALS["plan.md"] + "- outside\n"
    assert bench.record()["outcome"] == "rejected"
    (line,) = bench.journal()
    assert "goals/plan.md was changed in place" in line


def test_a_verb_called_in_a_tick_happens_when_the_tick_lands(bench: Bench) -> None:
    call = "looop goal new water 'the plants are watered'"
    with playing(
        Bash(f"{call}; test ! -e {bench.data}/goals/water.md && echo not-yet"), Say("Done.")
    ) as model:
        done = bench.tick(model)
    assert done.code == 0, str(done)
    assert "not-yet" in model.requests[-1].text
    assert "the plants are watered" in bench.policy()["goals/water.md"]
    assert len(bench.journal()) == 1


def test_a_second_verb_in_the_same_tick_is_refused(bench: Bench) -> None:
    calls = "looop goal new water 'one'; looop goal new garden 'two' || echo refused=$?"
    with playing(Bash(calls), Say("Done.")) as model:
        bench.tick(model)
    assert "refused=5" in model.requests[-1].text
    assert "goals/garden.md" not in bench.policy()
    assert "goals/water.md" in bench.policy()
