"""Fuzz one target with atheris: `one.py TARGET [libFuzzer's options and folders]`.

In: a target's name. Out: libFuzzer's own report; a crash stops it and leaves its input. Needs atheris.
"""

import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path


def kept(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Keep an input that fails: libFuzzer's own way of doing so does not always get that far."""

    def call(data: bytes) -> None:
        try:
            run(data)
        except BaseException:
            folder = Path(os.environ.get("FINDINGS", "."))
            (folder / f"crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            raise

    return call


def main() -> None:
    atheris = importlib.import_module("atheris")
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["looop", "pyte"]):
        targets = importlib.import_module("fuzz.targets")
    atheris.Setup(sys.argv, kept(targets.TARGETS[name].run))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
