"""What comes of a question, as others compare it."""

from looop.core.questions import Answered, Asked, Proposed
from looop.core.sessions import Question


def test_two_that_say_the_same_are_the_same() -> None:
    asked = Asked(Question(1, "which?", 5.0), new=True)
    assert Proposed(asked, "+a") == Proposed(Asked(Question(1, "which?", 5.0), new=True), "+a")
    assert asked != Asked(asked.question, new=False)
    assert Answered(1, "tea", "typed") != Answered(2, "tea", "typed")
