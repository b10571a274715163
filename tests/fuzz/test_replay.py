"""The fuzzer's targets without the fuzzer: its corpus, what once was found, and seeded changes of both."""

import random
import time
from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 0.6
"""Of CPU for each target's changed inputs; a fast target has had its `MOST` long before."""

MOST = 400


def corpus(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_corpus_and_what_was_once_found_are_borne(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_borne(name: str) -> None:
    began, chance, known = time.process_time(), random.Random(name), [b"", *corpus(name)]
    for _ in range(MOST):
        data = changed(chance, known, TARGETS[name].words)
        try:
            TARGETS[name].run(data)
        except BaseException as error:
            error.add_note(f"the input: {data!r}")
            raise
        if time.process_time() - began > SECONDS:
            break


def changed(chance: random.Random, known: list[bytes], words: tuple[bytes, ...]) -> bytes:
    """Change one input, or two in one, in the ways of a fuzzer."""
    data = bytearray(chance.choice(known))
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((0, 1, 4, 50)))
        other = chance.choice(known)
        start = chance.randrange(len(other) + 1)
        data[at:end] = chance.choice(
            (
                b"",
                chance.choice(words or (b"",)),
                chance.choice(words or (b"",)),
                chance.randbytes(chance.choice((1, 1, 2, 8))),
                other[start : start + 60],
                bytes(data[at:end]) * chance.choice((2, 3, 100)),
            )
        )
        del data[8192:]
    return bytes(data)


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(corpus(name) for name in TARGETS)
