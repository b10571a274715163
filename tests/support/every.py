"""Every verb, as the manual for machines lists them and as their examples spell them, run and looked at.

In: somebody who types. Out: what is wrong with how a verb went: nothing, where it did something or said in a
sentence why not.
"""

import shlex
import subprocess

from looop.cli.examples import EXAMPLES
from looop.core.problem import Exit
from support.person import Person

ENDLESS = 3.0  # seconds after which a verb that follows something is interrupted
INTERRUPTED = 130
SENTENCE = ("looop: ", '{"v":1,"kind":')
EXPECTED = {*map(int, Exit), INTERRUPTED, 125}  # the last one is `wait`'s own
OUTSIDE = ("uninstall",)  # takes the program away


def verbs(looop: Person) -> list[str]:
    """Give all of them, as the file itself lists them; "" is the bare `looop`."""
    found = [str(verb["name"]) for verb in looop.json("help")["verbs"]]
    assert len(found) > 50
    assert set(found) - set(EXAMPLES) - {""} == set()
    return [verb for verb in found if verb not in OUTSIDE]


def words(verb: str) -> list[str]:
    """Give the verb's example as arguments, without what it is piped into."""
    found = shlex.split(EXAMPLES.get(verb, "looop"))
    end = next((at for at, word in enumerate(found) if word in {"|", ">"}), len(found))
    return found[1:end]


def problems(looop: Person, argv: list[str]) -> str:
    """Run a verb; what is wrong with how it went, "" if nothing."""
    with looop.start(*argv) as process:
        try:
            out, err = process.communicate(timeout=ENDLESS if {"-f", "watch"} & set(argv) else 60)
        except subprocess.TimeoutExpired:
            process.send_signal(2)
            out, err = process.communicate(timeout=60)
    code = process.returncode
    wrong = (
        ("a traceback", "Traceback" in out + err or "No module named" in out + err),
        (f"exit code {code}", code not in EXPECTED),
        ("no sentence", code not in {0, INTERRUPTED} and not (out or err.startswith(SENTENCE))),
        ("several sentences", code not in {0, INTERRUPTED} and err.count("\n") > 4),
    )
    return "".join(f"looop {shlex.join(argv)}: {what}: {err[-2000:]}\n" for what, is_so in wrong if is_so)
