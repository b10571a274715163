"""The modes that a program switches on its terminal, apart from the grid: the scanner follows them too.

In: the parameters of the sequences that switch something. Out: whether it is on. Modes that only change what
a terminal draws or reports are remembered and answered for; the grid asks for those that change how it works.
"""

from collections.abc import Sequence

from looop.session.screen import Modes

ARROWS, ORIGIN, WRAP, CURSOR = 1, 6, 7, 25
FOCUS, SGR_MOUSE, PASTE = 1004, 1006, 2004
INSERT, NEW_LINE = 4, 20
ALTERNATE = frozenset({47, 1047, 1049})
SAVE_CURSOR, SAVE_AND_CLEAR = 1048, 1049
_FIRST = frozenset({WRAP, CURSOR})
WITH_CURSOR = frozenset({WRAP})
"""What of `ORIGIN` and `WRAP`, which DECSC saves and DECRC restores, is on where nothing was saved."""
_MICE = (1003, 1002, 1000, 9)  # one at a time is on
KNOWN = frozenset(
    {1, 3, 5, 6, 7, 12, 25, 1004, 1005, 1006, 1007, SAVE_CURSOR, 2004, 2026, *ALTERNATE, *_MICE}
)
_DEEP = 16  # kitty's stack of flags: a program that only ever pushes loses its oldest entries


class Switches:
    """All modes of one terminal."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Put all back to how a terminal begins (RIS)."""
        self.on: set[int] = set(_FIRST)
        self.ansi: set[int] = set()
        self.saved: dict[int, bool] = {}
        self.alternate = False
        self.keypad = False
        self.with_cursor = {False: WITH_CURSOR, True: WITH_CURSOR}  # each screen's, by `alternate`
        self._kitty: dict[bool, list[int]] = {False: [0], True: [0]}

    def soften(self) -> None:
        """Put back what a soft reset does (DECSTR)."""
        self.on = (self.on - {ARROWS, ORIGIN}) | _FIRST
        self.with_cursor[self.alternate] = WITH_CURSOR
        self.ansi.clear()
        self.keypad = False

    def private(self, numbers: Sequence[int], *, on: bool) -> None:
        """Switch DEC's private modes (DECSET, DECRST); unknown numbers change nothing."""
        for number in numbers:
            if number in ALTERNATE:
                self._show(number, alternate=on)
            elif number in _MICE and on:
                self.on = (self.on - {*_MICE}) | {number}
            elif number in KNOWN:
                (self.on.add if on else self.on.discard)(number)
                if number == SAVE_CURSOR:
                    (self.save_with_cursor if on else self.restore_with_cursor)()

    def save_with_cursor(self) -> None:
        """Save the modes that DECSC saves; twice is as good as once."""
        self.with_cursor[self.alternate] = frozenset(self.on & {ORIGIN, WRAP})

    def restore_with_cursor(self) -> None:
        """Put back the modes that DECRC restores."""
        self.on = (self.on - {ORIGIN, WRAP}) | self.with_cursor[self.alternate]

    def _show(self, number: int, *, alternate: bool) -> None:
        """Show a screen; 1049 saves the main one's cursor on the way out, and restores it on the way back."""
        if alternate == self.alternate:
            return
        if alternate and number == SAVE_AND_CLEAR:
            self.save_with_cursor()
        self.alternate = alternate
        if not alternate and number == SAVE_AND_CLEAR:
            self.restore_with_cursor()

    def standard(self, numbers: Sequence[int], *, on: bool) -> None:
        """Switch ANSI's modes (SM, RM)."""
        for number in numbers:
            if number in (INSERT, NEW_LINE):
                (self.ansi.add if on else self.ansi.discard)(number)

    def is_on(self, number: int) -> bool:
        """Tell whether a private mode is on."""
        return self.alternate if number in ALTERNATE else number in self.on

    def save(self, numbers: Sequence[int]) -> None:
        """Remember private modes (XTSAVE)."""
        self.saved |= {number: self.is_on(number) for number in numbers if number in KNOWN}

    def restore(self, numbers: Sequence[int]) -> None:
        """Put back private modes that were remembered (XTRESTORE)."""
        for number in numbers:
            if number in self.saved:
                self.private([number], on=self.saved[number])

    def kitty(self, prefix: str, numbers: Sequence[int]) -> None:
        """Push (`>`), pop (`<`) or set (`=`) the keyboard's flags; each screen has its own stack.

        https://sw.kovidgoyal.net/kitty/keyboard-protocol/, "Progressive enhancement".
        """
        stack, first = self._kitty[self.alternate], numbers[0] if numbers else 0
        if prefix == ">":
            stack.append(first & 31)
            del stack[:-_DEEP]
        elif prefix == "<":
            del stack[-min(max(1, first), len(stack)) :]
            stack += [] if stack else [0]
        elif prefix == "=":
            how, flags = (numbers[1] if len(numbers) > 1 else 1), first & 31
            stack[-1] = {2: stack[-1] | flags, 3: stack[-1] & ~flags}.get(how, flags)

    @property
    def keyboard(self) -> int:
        """The keyboard's flags."""
        return self._kitty[self.alternate][-1]

    @property
    def stacks(self) -> tuple[list[int], list[int]]:
        """The keyboard's flags of the main and the alternate screen, for a dump."""
        return self._kitty[False], self._kitty[True]

    @stacks.setter
    def stacks(self, both: tuple[list[int], list[int]]) -> None:
        self._kitty = {
            other: [flags & 31 for flags in stack[-_DEEP:]] or [0]
            for other, stack in zip((False, True), both, strict=True)
        }

    @property
    def modes(self) -> Modes:
        """All that others may want to know."""
        return Modes(
            alternate=self.alternate,
            application_cursor=ARROWS in self.on,
            application_keypad=self.keypad,
            bracketed_paste=PASTE in self.on,
            focus=FOCUS in self.on,
            mouse=next((mode for mode in _MICE if mode in self.on), 0),
            sgr_mouse=SGR_MOUSE in self.on,
            kitty=self.keyboard,
            wrap=WRAP in self.on,
        )
