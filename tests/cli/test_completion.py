"""What the completions know is what the parser knows: verbs, flags, and which argument names what."""

import re

import pytest

from looop.cli import app, places
from looop.cli.completion import NOTHING, grammar
from looop.cli.tab import Thing
from support.verbs import Looop

SHOWN = [name for name, info in places.VERBS.items() if name not in places.GROUPS and not info.hidden]
SHELLS = ("bash", "zsh", "fish")

NAMED = {
    "goal show": ("goals",),
    "goal edit": ("goals",),
    "goal archive": ("goals",),
    "goal new": (NOTHING, NOTHING),
    "sensor run": ("sensors",),
    "sensor show": ("sensors",),
    "sensor off": ("sensors-on",),
    "sensor on": ("sensors-off",),
    "start-session": ("goals", NOTHING, "runners"),
    "answer": ("flags",),
    "approve": ("proposals",),
    "deny": ("proposals",),
    "unflag": ("all-flags",),
    "runs": ("runs",),
    "why": ("stories",),
    "history": ("versioned",),
    "diff": ("edited",),
    "undo": ("edits",),
    "unclaim": ("claims",),
    "claim": (NOTHING,),
    "log": ("logs",),
    "watch": ("logs",),
    "expect": ("sessions", NOTHING),
    "resize": ("living", NOTHING),
    "config": ("=bash,zsh,fish",),
    "licenses": (NOTHING,),
    "spent": (NOTHING,),
    **dict.fromkeys(
        ("shot", "explain", "wait", "wait-idle", "restart", "resume", "prune", "sandbox"), ("sessions",)
    ),
    **dict.fromkeys(("send", "key", "kill", "freeze", "thaw", "attach", "detach"), ("living",)),
}
"""Every argument with a place of its own; a new verb has to say here what Tab offers for it."""


def test_every_argument_of_every_verb_says_what_tab_offers_for_it() -> None:
    assert {verb.name: verb.places for verb in grammar().verbs if verb.places} == NAMED


def test_every_kind_of_thing_is_wanted_by_some_verb() -> None:
    wanted = {token for verb in grammar().verbs for token in (*verb.places, *dict(verb.valued).values())}
    assert wanted & set(Thing) == set(Thing)


def test_values_of_flags_are_offered_too() -> None:
    valued = {verb.name: dict(verb.valued) for verb in grammar().verbs}
    assert valued["start-session"] == {"--goal": "goals", "--command": NOTHING, "--verify": NOTHING}
    assert valued["init"] == {"--runner": "runners"}
    assert valued["done"] == {"--message": NOTHING, "-m": NOTHING, "--cost": NOTHING, "--session": "living"}
    assert valued["log"] == {"--tail": NOTHING, "--grep": NOTHING, "--since": NOTHING}


def test_the_verbs_are_those_of_the_table_and_their_flags_those_of_the_parser() -> None:
    found = grammar()
    assert [verb.name for verb in found.verbs] == SHOWN
    for verb in found.verbs:
        parsed = app.find(verb.name).assemble_argument_collection()
        named = {name for it in parsed if it.parse and it.show for name in it.names if name[0] == "-"}
        assert {name for flag in verb.flags for name in flag.names} - {"--version", "-V"} == named | {
            "--help",
            "-h",
        }


def test_the_words_that_are_typed_first_and_second_make_every_verb() -> None:
    found = grammar()
    first = {word for word, _ in found.first}
    both = {f"{group} {word}" for group, words in found.groups.items() for word, _ in words}
    assert (first - set(places.GROUPS)) | both == set(SHOWN) - {""}
    assert all(said for words in (found.first, *found.groups.values()) for _, said in words)


def test_no_fixed_word_needs_quotes_in_any_shell() -> None:
    tokens = [
        token for verb in grammar().verbs for token in (*verb.places, verb.more, *dict(verb.valued).values())
    ]
    assert [token for token in tokens if not re.fullmatch(r"[A-Za-z0-9,=/-]*", token)] == []


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_script_names_every_verb_and_flag_and_nothing_hidden(looop: Looop, shell: str) -> None:
    text = (await looop("config", shell)).out
    known = text.partition("_looop_offer")[0]
    words = {flag.name for verb in grammar().verbs for flag in verb.flags}
    assert [name for name in SHOWN if f"'{name}'" not in known] == []
    assert [word for word in words if word not in known] == []
    for hidden in ("waiting", "hook", "'complete'", "--profile", "--deadline", "--taken"):
        assert hidden not in text
    assert re.findall(r"@[A-Z]+@", text) == []


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_script_is_the_same_wherever_it_is_made(looop: Looop, shell: str) -> None:
    text = (await looop("config", shell)).out
    assert str(looop.profile.data) not in text
    assert "/home" not in text
