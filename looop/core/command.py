"""A command that a worker may not run by itself: what exactly would run, shown so that nothing can hide.

In: what was asked, and what `guard.approval` read of it. Out: a `Command`, its digest, its text for a person,
what differs between two readings of it. Nothing here looks at the world.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from looop.core import quote
from looop.core.digest import digest as digest_of
from looop.core.problem import Exit, Problem
from looop.core.secret import looks_secret

LONGEST_ARGV = 4000
"""Characters of a command as it is shown. A longer one is refused: half of it could not be approved."""

LONGEST_TEXT = 24_000
"""The same, of all that is shown of it."""

_PASSED = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES"),
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"),
        *("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"),
        *("GH_HOST", "GH_REPO", "DOCKER_HOST", "DOCKER_CONTEXT", "TF_WORKSPACE"),
        *("KUBECONFIG", "HELM_NAMESPACE", "HELM_KUBECONTEXT"),
        *("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"),
        *("NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_TAG", "npm_config_tag"),
        *("TWINE_REPOSITORY", "TWINE_REPOSITORY_URL", "CARGO_REGISTRY_DEFAULT"),
    }
)
"""Variables that say what a command is about. None names a program to run or a file to write."""

_FAMILIES = (
    "GIT_",
    "GH_",
    "GITHUB_",
    "KUBE",
    "HELM_",
    "AWS_",
    "NPM_CONFIG_",
    "TWINE_",
    "CARGO_",
    "DOCKER_",
    "TF_",
)
_UNSEEN = re.compile(r"[^\x20-\x7e]")
_SHORT = {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LONG = ((0x80, "\\x{:02x}"), (0x10000, "\\u{:04x}"), (0x110000, "\\U{:08x}"))
_LONG_DIGEST = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker asked to have run. `pid` is the call's process, whose variables and folder count.

    `stdin` is what it was given; `endless`: it was still open when looop stopped to wait for its end.
    """

    argv: tuple[str, ...]
    cwd: str
    pid: int
    stdin: bytes = b""
    endless: bool = False


class Pin(msgspec.Struct, frozen=True):
    """One thing that has to be the same when the command runs: what it is, and its state."""

    what: str
    state: str


class Command(msgspec.Struct, frozen=True):
    """A command as it was read. `env` are the worker's variables that it is given, `stdin` a digest.

    `loose` are the things that nobody could hold still, as clauses, `notes` what else a person has to know of
    the request. `program` is the file that is started.
    """

    argv: tuple[str, ...]
    cwd: str
    program: str
    env: dict[str, str] = {}
    stdin: str | None = None
    notes: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    loose: tuple[str, ...] = ()

    @property
    def asked(self) -> str:
        """Tell this request from any other, whatever the world is like."""
        return digest_of([self.argv, self.cwd, self.env, self.stdin])


class Moment(msgspec.Struct, frozen=True):
    """A moment by two clocks: the wall's, and one that goes on in sleep and begins anew with each boot."""

    wall: float
    boot: str
    awake: float

    def until(self, later: "Moment") -> float:
        """Give the seconds up to another, the more of what both clocks say: one set back gains nothing."""
        awake = later.awake - self.awake if later.boot == self.boot else 0.0
        return max(later.wall - self.wall, awake)


class Ran(msgspec.Struct, frozen=True):
    """What became of an approved command: a clause, and the exit code that the call ends with that asked.

    `whole`: it ended by itself, so its output and its code say all.
    """

    said: str
    code: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person is asked to approve: what the flag is bound to, and its text."""

    token: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call that asked is told: its exit code, the command's output, a sentence unless that is all."""

    code: int
    out: bytes = b""
    err: bytes = b""
    said: str = ""


def digest(command: Command) -> str:
    """Give what an approval is bound to."""
    return digest_of(command)


def passed(theirs: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """Choose the worker's variables that its command is given, where looop's own has them otherwise."""
    return {
        name: value
        for name, value in sorted(theirs.items())
        if name in _PASSED and not looks_secret(name) and ours.get(name) != value
    }


def kept_back(theirs: Mapping[str, str], ours: Mapping[str, str]) -> tuple[str, ...]:
    """Name the worker's variables that such commands heed, and that this one is not given."""
    differ = (name for name, value in theirs.items() if ours.get(name) != value)
    return tuple(sorted(name for name in differ if _heeded(name) and name not in _PASSED))


def of_ours(env: Mapping[str, str]) -> dict[str, str]:
    """Choose the variables of the run that are worth a look: whatever such commands heed."""
    return {name: value for name, value in sorted(env.items()) if _heeded(name)}


def differences(before: Command, after: Command) -> tuple[str, ...]:
    """Say what of two readings of one command is not the same, each as a clause."""
    old, new = ({pin.what: pin.state for pin in it.pins} for it in (before, after))
    found = [
        f"{what} was {old[what]} and is {state}"
        for what, state in new.items()
        if old.get(what, state) != state
    ]
    found += [f"{what} is new" for what in new if what not in old]
    found += [f"{what} is gone" for what in old if what not in new]
    if before.program != after.program:
        found.append(f"its program was {before.program} and is {after.program}")
    found += [f"not pinned any more: {it}" for it in after.loose if it not in before.loose]
    return tuple(found)


def checked(argv: Sequence[str]) -> None:
    """Refuse, as Problem USAGE or REFUSED, what could not be shown whole or not be started."""
    if not argv or not argv[0]:
        raise Problem(Exit.USAGE, "no-command", "Which command? `looop guard ask -- COMMAND ARGUMENT…`.")
    if any("\0" in word or _torn(word) for word in argv):
        raise Problem(
            Exit.USAGE, "bad-argument", "An argument is no text (UTF-8): a person could not read it."
        )
    if len(shown(argv)) > LONGEST_ARGV:
        raise Problem(
            Exit.REFUSED,
            "too-long",
            f"The command is longer than the {LONGEST_ARGV} characters that a person can be shown: put it "
            "into a script, and ask for that.",
        )


def text(command: Command, changed: Sequence[str] = ()) -> str:
    """Show it to a person, the command itself in the first line. Problem REFUSED `too-long`."""
    said = _LONG_DIGEST.sub(r"\1…", "\n".join(_lines(command, changed)))
    if len(said) > LONGEST_TEXT:
        raise Problem(
            Exit.REFUSED,
            "too-long",
            f"A person would have to read more than {LONGEST_TEXT} characters of this command: ask for fewer "
            "files at once.",
        )
    return said


def shown(argv: Sequence[str]) -> str:
    """Give a command as a shell would take it. What can't be seen is spelled out, and never ambiguous."""
    return " ".join(map(_word, argv))


def visible(value: str) -> str:
    """Give one line in which every character that is not printable ASCII or a letter is spelled out."""
    return "".join(char if _plain(char) else _escape(char) for char in value)


def _lines(command: Command, changed: Sequence[str]) -> Iterator[str]:
    yield f"may this run? {shown(command.argv)}"
    yield f"in {visible(command.cwd)}"
    for change in changed:
        yield f"changed since it was approved: {visible(change)}"
    for note in command.notes:
        yield f"note: {visible(note)}"
    for pin in command.pins:
        yield f"pinned: {visible(pin.what)}: {visible(pin.state)}"
    for loose in command.loose:
        yield f"NOT pinned: {visible(loose)}"


def _word(word: str) -> str:
    if all(map(_plain, word)):
        return shlex.quote(word)
    return "$'" + "".join(_escape(char) if not _plain(char) or char in "'\\" else char for char in word) + "'"


def _plain(char: str) -> bool:
    # Letters of any script are as they look; marks, joiners, fillers and format characters are not.
    return _UNSEEN.match(char) is None or (char.isalnum() and quote.visible(char) == char)


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    return next(form.format(code) for most, form in _LONG if code < most)


def _torn(word: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in word)


def _heeded(name: str) -> bool:
    return name.upper().startswith(_FAMILIES)
