"""Telling of flags: a person outside the terminal, once, and `events.jsonl`.

In: a flag that is up, or an answer. Out: one notification, however many engines die over it; an event. Used
by `flags` alone.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from looop.core.sessions import Question
from looop.session.owing import DISK
from looop.store import events, files, questions
from looop.store.paths import Profile
from looop.store.questions import Place


class Telling:
    """What a person was and is still to be told. `notify` reaches one; `masked` takes secrets out."""

    def __init__(
        self,
        profile: Profile,
        notify: Callable[[str], Awaitable[object]],
        now: Callable[[], float],
        masked: Callable[[str], str],
    ) -> None:
        self.masked = masked
        self._profile = profile
        self._notify = notify
        self._now = now
        self.news: list[tuple[Place, Question]] = []

    async def remind(self) -> None:
        """Tell of flags of which an engine before us may have told nobody: once more, however that ends."""
        with suppress(*DISK):
            for place, question in await files.aside(questions.unnotified, self._profile):
                await files.aside(questions.notified, self._profile, place, question.number)
                self.news.append((place, question))

    async def tell(self, place: Place, question: Question) -> None:
        """Tell a person of one flag. Of a command only the first two lines: what it is, and where."""
        text = "\n".join(question.text.split("\n")[:2]) if question.command else question.text
        await self._notify(f"{place.session}: {text}")
        with suppress(*DISK):
            await files.aside(questions.notified, self._profile, place, question.number)

    def note(self, kind: str, place: Place, number: int, text: str) -> None:
        """Add an event. It only informs: a full disk keeps nobody from asking or answering."""
        with suppress(OSError):
            shown = self.masked(text)
            events.emit(self._profile, kind, session=place.session, number=number, text=shown, at=self._now())
