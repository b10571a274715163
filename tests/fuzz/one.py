"""Fuzz one target with atheris: `one.py TARGET [libFuzzer's options and folders]`.

In: a target's name. Out: libFuzzer's own report; a crash stops it and leaves its input. Needs atheris.
"""

import importlib
import sys


def main() -> None:
    atheris = importlib.import_module("atheris")
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["looop", "pyte"]):
        targets = importlib.import_module("fuzz.targets")
    atheris.Setup(sys.argv, targets.TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
