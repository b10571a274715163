"""What an agent's screen looks like while it works, asks and waits: the rules of `core.states`, as data.

In: the agent's name and the rows of its screen. Out: the first rule that holds, or None. Every expression is
searched in one row of at most `_WIDTH` characters and repeats nothing within a repeat, so it stays linear.
claude 2.1.197 and 2.1.330 and pi 0.87.1 were looked at; the other agents' rules are guesses, never tried.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from looop.core.sessions import State

_WIDTH = 300
_TALLEST = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """All of `has` are found, each in one of the last `rows` rows that are not blank, and `lacks` in none.

    `typing`: of `has` only the row counts that the cursor is in (the last one when nobody knows the cursor).
    `interactive`: says nothing when another program than a shell or an interpreter is in the foreground.
    """

    state: State
    said: str
    has: tuple[re.Pattern[str], ...]
    rows: int = 12
    lacks: re.Pattern[str] | None = None
    typing: bool = False
    interactive: bool = False


def _all(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_CHOICE = r"^[\s│┃]{0,8}[❯›→●>] ?\(?\d{0,2}[.)]? ?\S"
_RULE = r"^[─━]{8}"

CLAUDE = (
    Rule(
        State.ASKING,
        "it asks whether to trust the folder",
        _all(r"Quick safety check|Do you trust the files|Is this a project you created", r"^ ?❯ \d\."),
        16,
    ),
    Rule(
        State.ASKING,
        "it asks whether to use the API key",
        _all(r"Detected a custom API key|Do you want to use this API key", _CHOICE),
        16,
    ),
    Rule(State.ASKING, "it asks whether to skip permissions", _all(r"Bypass Permissions mode", _CHOICE), 16),
    Rule(
        State.ASKING,
        "it wants a login or its first set-up",
        _all(
            r"Select login method|Paste code here if prompted|Choose the text style|Browser didn't open"
            r"|^[●⎿ ]{0,8}Invalid API key|· Please run /login|^ {0,4}Press Enter to continue"
        ),
        24,
        re.compile(r"esc to interrupt"),
    ),
    Rule(State.ASKING, "it asks for permission", _all(r"Do you want to|Would you like to", r"Esc to cancel")),
    Rule(
        State.ASKING,
        "it shows a choice",
        _all(r"Enter to (select|confirm)|Esc to cancel", r"^ {0,4}❯ \d\. "),
        16,
    ),
    Rule(State.WORKING, "its screen says that it can be interrupted", _all(r"\besc to interrupt\b"), 4),
    Rule(State.IDLE, "its screen shows an empty prompt", _all(_RULE, r"^❯( (?!\d\.)|$)"), 6),
)

PI = (
    Rule(State.ASKING, "it asks whether to trust the folder", _all(r"Trust project folder\?", r"^ ?→ "), 16),
    Rule(State.WORKING, "its screen shows its spinner", _all(r"^ ?(── )?[\u2801-\u28ff]( |$)"), 10),
    Rule(
        State.ASKING,
        "it has no API key, or its login has expired",
        _all(r"^ ?Error: (No API key found|401 )|^ ?Use /login to log", r"\d%/\d"),
        14,
    ),
    Rule(State.ASKING, "it shows a choice", _all(r"enter (select|confirm|submit).{0,40}escape"), 3),
    Rule(
        State.IDLE,
        "its screen shows an empty prompt",
        _all(_RULE, r"\d%/\d"),
        8,
        re.compile(r"Working|Compacting|Retrying|compacting"),
    ),
)

CODEX = (
    Rule(
        State.ASKING,
        "it wants a login",
        _all(r"Sign in with ChatGPT|Provide your own API key|Paste or type your API key"),
        20,
    ),
    Rule(
        State.ASKING,
        "it asks whether to trust the folder",
        _all(r"Do you trust the contents|allow Codex to (work|edit)", _CHOICE),
        16,
    ),
    Rule(
        State.ASKING,
        "it asks for permission",
        _all(r"Would you like to|Allow command|Press enter to confirm", _CHOICE),
    ),
    Rule(State.WORKING, "its screen says that it can be interrupted", _all(r"\besc to interrupt\b"), 8),
    Rule(
        State.IDLE,
        "its screen shows an empty prompt",
        _all(r"^› ?", r"\? for shortcuts|context left|% left"),
        6,
    ),
)

GEMINI = (
    Rule(
        State.ASKING,
        "it wants a login",
        _all(r"How would you like to authenticate|Waiting for auth|Enter Gemini API Key"),
        20,
    ),
    Rule(
        State.ASKING, "it asks whether to trust the folder", _all(r"Do you trust (this folder|the files)"), 20
    ),
    Rule(
        State.ASKING,
        "it asks for permission",
        _all(r"Allow execution|Apply this change|Waiting for user confirmation|Action Required"),
    ),
    Rule(State.WORKING, "its screen says that it can be cancelled", _all(r"\(esc to cancel"), 14),
    Rule(State.IDLE, "its screen shows an empty prompt", _all(r"Type your message or @"), 8),
)

OPENCODE = (
    Rule(
        State.ASKING,
        "it asks for permission",
        _all(r"Permission required", r"Allow once|Allow always|Reject"),
    ),
    Rule(
        State.ASKING,
        "it wants a login",
        _all(r"Connect a provider|Enter your API key|Paste your API key"),
        30,
    ),
    Rule(
        State.WORKING, "its screen says that it can be interrupted", _all(r"\besc (again to )?interrupt\b"), 6
    ),
    Rule(State.IDLE, "its screen shows an empty prompt", _all(r"Ask anything"), 30),
)

_BLIND = r"(?i)\b(password|passphrase|passcode|pin|verification code|one-time code|otp)\b.{0,100}: ?$"
_YES_NO = r"(?i)[\[(]y(es)?/no?\b.{0,30}[\])] ?[:?>]? ?$"

PLAIN = (
    Rule(State.ASKING, "it asks for a password", _all(_BLIND), typing=True),
    Rule(
        State.ASKING,
        "it asks who logs in",
        _all(r"(?i)\b(user ?name|login|e-?mail)\b.{0,100}: ?$"),
        typing=True,
    ),
    Rule(State.ASKING, "it asks yes or no", _all(_YES_NO), typing=True),
    Rule(
        State.ASKING,
        "it waits for a key",
        _all(r"(?i)\b(press|hit) (\[?enter\]?|\[?return\]?|any key|a key|space)\b"),
        3,
    ),
    Rule(
        State.ASKING,
        "it shows a page and waits for a key",
        _all(
            r"^(:|\(END\)|--More--.{0,20}|lines \d{1,9}-\d{1,9}\b.{0,40}"
            r"|.{0,80}\bline \d{1,9}.{0,40}\(press h for help.{0,40})$"
        ),
        typing=True,
    ),
    Rule(
        State.ASKING,
        "its last line is a question",
        _all(r"\w[\w'\")\]]? ?\?( ?[\[(][^\])]{0,60}[\])])?:?$"),
        typing=True,
    ),
    Rule(
        State.IDLE,
        "a shell waits for a command",
        _all(
            r"^(\S{0,80}[@:~/\])]\S{0,200}|[\w.-]{1,40}|\([^)]{1,60}\) .{0,160}|\[[^\]]{1,80}\])?"
            r" ?([$#❯➜]|(?<!\d)(?<!\d )%)$"
        ),
        typing=True,
        interactive=True,
    ),
    Rule(
        State.IDLE,
        "an interpreter waits for a line",
        _all(r"^(>>>|\([A-Za-z]{0,3}[Pp]db\)|In \[\d{1,6}\]:|(sqlite|mysql|irb|psql|ghci)?>|\w{1,40}=[#>])$"),
        typing=True,
        interactive=True,
    ),
)

_INTERVIEW = Rule(
    State.ASKING,
    "its interview waits for an answer",
    _all(r"^>$|`back` to change an answer: ?$|^Enter tries again: ?$"),
    typing=True,
)

RULES: dict[str, tuple[Rule, ...]] = {
    "rehearsal": (_INTERVIEW, *PLAIN),
    "claude": CLAUDE,
    "pi": PI,
    "codex": CODEX,
    "gemini": GEMINI,
    "opencode": OPENCODE,
}
"""The rules of each agent; whatever else runs is judged by `PLAIN`."""

AGENTS = frozenset(RULES) - {"rehearsal"}
"""Those of which a screen that stands still should look like something known."""

BUSY_TITLES: dict[str, re.Pattern[str]] = {"claude": re.compile(r"^[◐-◓\u2801-\u28ff] ")}
"""What stands at the start of an agent's title only while it works."""

INTERACTIVE = frozenset(
    (
        *("sh", "bash", "zsh", "fish", "dash", "ash", "ksh", "tcsh", "csh", "pwsh", "nu", "xonsh"),
        *("python", "python3", "ipython", "node", "irb", "sqlite3", "psql", "mysql", "gdb"),
    )
)
"""Programs that wait for a line when they are in the foreground and show their prompt."""

_PROGRAM = re.compile(r"(?:^|[\s/;&|\"'(])(claude|pi|codex|gemini|opencode)(?=[\s\"';]|$)")


def agent(runner: str, command: str) -> str:
    """Name the agent that a command runs: its runner's name, or the first agent's name in it; "" for none."""
    if runner in RULES:
        return runner
    found = _PROGRAM.search(command[:4096])
    return found[1] if found else ""


def match(
    agent: str, screen: Sequence[str], cursor: tuple[int, int] | None = None, foreground: str | None = None
) -> Rule | None:
    """Find the first rule that holds. `cursor` is column and line; `foreground` a program's name, if known.

    At most 200 rows of 300 characters are looked at, which takes a few milliseconds at the worst.
    """
    rows = [row[:_WIDTH].rstrip() for row in screen[:_TALLEST]]
    full = [row for row in rows if row]
    typed = _typed(rows, full, cursor)
    for rule in RULES.get(agent, PLAIN):
        if rule.interactive and foreground is not None and foreground not in INTERACTIVE:
            continue
        if _holds(rule, [typed] if rule.typing else full[-rule.rows :]):
            return rule
    return None


def _typed(rows: list[str], full: list[str], cursor: tuple[int, int] | None) -> str:
    if cursor is None:
        return full[-1] if full else ""
    column, line = cursor
    row = rows[line] if line < len(rows) else ""
    # A cursor that is not behind the text is not where the program waits for more of it.
    return row if column >= len(row) else ""


def _holds(rule: Rule, rows: Sequence[str]) -> bool:
    if rule.lacks is not None and any(map(rule.lacks.search, rows)):
        return False
    return all(any(map(pattern.search, rows)) for pattern in rule.has)
