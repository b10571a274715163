"""Before the first beat: `init`, `config`.

In: a person's agreement, a shell's name. Out: a profile with an agent, completions. Neighbour: `version`.
"""

from enum import Enum
from typing import Annotated

from cyclopts import Parameter

from looop import __version__
from looop.cli.consent import agree
from looop.cli.inject import FLAG, ACall, AProfile, ATerminal, Json
from looop.cli.show import news
from looop.cli.tab import RunnerName
from looop.cli.verbs import load
from looop.core.problem import Exit
from looop.store.profile import prepare


class Shell(Enum):
    """The shells that can complete looop's verbs."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


async def init(
    *,
    call: ATerminal,
    profile: AProfile,
    runner: Annotated[
        RunnerName | None, Parameter(help="The agent; by default the first one that is found.")
    ] = None,
    yes: Annotated[bool, FLAG, Parameter(help="Agree to its commands without being asked.")] = False,
    json: Json = False,
) -> int:
    """Make the profile, and ask you to agree to an agent, its commands and limits."""
    if prepare(profile, call.env):
        await news(call, f"A new profile: {profile.data}")
    return await agree(call, profile, runner, yes=yes, json=json)


async def config(shell: Shell, /, *, call: ACall) -> int:
    """Print completions for a shell, such as: source <(looop config bash)."""
    from looop.cli import completion  # noqa: PLC0415 - app imports its verbs lazily, and so this module

    write = load(f"looop.cli.completion_{shell.value}:script")
    await call.out(write(completion.grammar(), __version__))
    return int(Exit.DONE)
