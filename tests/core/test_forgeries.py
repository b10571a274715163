"""Text that forges every heading, fence, mark and id, in every place of a prompt and of a brief.

Each foreign text carries a mark of its own. A reader that knows nothing of how prompts are made must find the
sections that looop meant, and each mark where it belongs and nowhere else.
"""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core.prompt import PromptView, read_back, render
from support import forging
from support.forging import FIXED, HEADS, Marked
from support.reader import Line, headings, meant, read, unseen

HOSTILE = st.lists(
    st.sampled_from([*forging.FORGED, *forging.ENDS, *forging.ENDS, *forging.ODD]), max_size=6
).map("".join) | st.text(st.characters(exclude_categories=()), max_size=40)


class Drawn:
    """What hypothesis draws."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def text(self) -> str:
        return str(self._draw(HOSTILE))

    def number(self, most: int) -> int:
        return int(self._draw(st.integers(0, most)))


@st.composite
def views(draw: Any) -> tuple[PromptView, Marked]:
    return forging.view(Drawn(draw))


@st.composite
def briefs(draw: Any) -> tuple[str, list[str], Marked]:
    return forging.briefed(Drawn(draw))


def whole(lines: list[Line], section: str, part: int) -> str:
    """Give what stands quoted in one part, as it was meant."""
    quoted = [line.text for line in lines if line.quoted and (line.section, line.part) == (section, part)]
    return meant("\n".join(quoted))


@given(views())
@settings(max_examples=40, deadline=None)
def test_a_reader_finds_looops_sections_and_each_text_where_it_belongs(
    drawn: tuple[PromptView, Marked],
) -> None:
    view, marked = drawn
    prompt = render(view)
    lines = read(prompt)
    assert headings(lines) == HEADS
    assert unseen(prompt) == []
    marked.check(lines)


@given(views())
@settings(max_examples=30, deadline=None)
def test_whole_texts_can_be_read_back_from_their_fences(drawn: tuple[PromptView, Marked]) -> None:
    view, _ = drawn
    lines = read(render(view))
    texts = {("# PLAYBOOK", 0): view.world.playbook.text if view.world.playbook else ""}
    texts |= {("# GOALS", at): goal.text for at, goal in enumerate(view.world.goals, 1)}
    texts |= {("# LAST FAILURE", 0): view.last_failure or ""}
    texts |= {("# ANSWERED", 2 * at + 1): told.question for at, told in enumerate(view.answered)}
    texts |= {("# ANSWERED", 2 * at + 2): told.answer for at, told in enumerate(view.answered)}
    read_again = {place: whole(lines, *place) for place in texts}
    assert read_again == {place: meant(text.removesuffix("\n")) for place, text in texts.items()}


@given(views())
@settings(max_examples=30, deadline=None)
def test_each_fact_stands_on_a_line_of_its_own(drawn: tuple[PromptView, Marked]) -> None:
    view, _ = drawn
    quoted = Counter((line.section, line.part) for line in read(render(view)) if line.quoted)
    expected = {("# WHAT CHANGED", 0): 1, ("# NOW", 0): 2}
    expected |= {("# SESSIONS", at): 8 for at in range(1, len(view.world.sessions) + 1)}
    expected |= {("# READINGS", at): 2 for at in range(1, len(view.world.readings) + 1)}
    expected |= {("# WHAT CHANGED", at): 2 for at in range(1, len(view.changes) + 1)}
    expected |= {("# CLAIMS", 0): len(view.world.claims), ("# NOTICES", 0): len(view.notices)}
    expected |= {("# JOURNAL, THE LAST LINES", 0): len(view.journal)}
    assert {place: quoted[place] for place in expected} == expected


@given(views())
@settings(max_examples=20, deadline=None)
def test_the_rehearsal_reads_no_more_out_of_it_than_was_meant(drawn: tuple[PromptView, Marked]) -> None:
    view, _ = drawn
    asked = read_back(render(view))
    assert [change.kind for change in asked.changes] == [change.kind for change in view.changes]
    assert len(asked.sessions) == len(view.world.sessions)
    assert asked.answered == bool(view.answered)


@given(briefs())
@settings(max_examples=40, deadline=None)
def test_a_reader_finds_the_contract_and_each_text_where_it_belongs(
    drawn: tuple[str, list[str], Marked],
) -> None:
    text, heads, marked = drawn
    lines = read(text)
    assert headings(lines) == heads
    assert unseen(text) == []
    marked.check(lines)
    task = next(text for mark, text in marked.texts.items() if marked.places[mark][0] == "# YOUR TASK")
    assert whole(lines, "# YOUR TASK", 0) == meant(task.removesuffix("\n"))


def test_no_line_of_looops_own_reads_as_somebody_elses_or_as_a_heading() -> None:
    lines = read("\n".join(FIXED))
    assert headings(lines) == []
    assert [line for line in lines if line.quoted] == []
