"""Rules about the source that no linter knows: where Trio may be imported, who writes files, who prints."""

import ast
import sys
from collections.abc import Iterator

import pytest

from support.source import Import, Source, sources

# What every relayed verb and the keeper import: each must start in a few milliseconds.
STANDARD_LIBRARY_ONLY = (
    "looop.child.tree",
    "looop.cli.places",
    "looop.core.problem",
    "looop.core.wire",
    "looop.engine.attaching",
    "looop.engine.client",
    "looop.store.files",
    "looop.store.paths",
)
# The one door for opening files to write, and the keeper, which must not import it.
WRITERS = ("looop.store.files", "looop.engine.keeper", "looop.engine.pty")
# Inside the engine these belong to the engine, not to the person who typed the verb.
ENGINES_OWN = {
    "print",
    "input",
    "sys.stdout",
    "sys.stderr",
    "sys.stdin",
    "os.environ",
    "os.getcwd",
    "os.getenv",
    "Path.cwd",
}
CONSOLE = "looop.cli.console"
# All others show what they have to say through `cli.show`, which spells out what would move a terminal.
SPEAKERS = {
    "looop.cli.app": "problems, which it cleans, and rich's help of our own texts",
    "looop.cli.candidates": "plain names alone",
    "looop.cli.console": "the call itself",
    "looop.cli.guard_ask": "what an approved command wrote, as it is, to the program that called it",
    "looop.cli.follow": "lines that it cleans, or raw ones where that is asked for",
    "looop.cli.manual": "the manual page, which is ours",
    "looop.cli.session_log": "text that it cleans, or raw bytes where they are asked for",
    "looop.cli.setup": "completion scripts, which are ours",
    "looop.cli.setting_up": "what a sandbox's setup says, in pieces that it cleans",
    "looop.cli.show": "the door",
    "looop.cli.watching": "pictures, made of cleaned rows",
}


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ONLY)
def test_a_light_module_pulls_in_nothing_but_the_standard_library(name: str) -> None:
    assert [it for it in sorted(_pulled_in(name)) if it not in sys.stdlib_module_names] == []


def test_keeper_pulls_in_one_package_beside_the_standard_library() -> None:
    found = _pulled_in("looop.engine.keeper")
    assert [it for it in sorted(found) if it not in sys.stdlib_module_names] == ["ptyprocess"]


@pytest.mark.parametrize("room", ["core", "store"])
def test_trio_is_never_imported_at_the_top_below_child(room: str) -> None:
    found = [f"{file.name}:{it.line}" for file in sources(f"looop/{room}") for it in _trio(file, top=True)]
    assert found == []


def test_in_core_and_store_only_aside_imports_trio() -> None:
    found = {
        (file.name, it.inside)
        for file in sources("looop/core", "looop/store")
        for it in _trio(file, top=False)
    }
    assert {inside for name, inside in found if name.startswith("looop.store.files")} <= {"aside", "_limiter"}
    assert [name for name, _ in found if not name.startswith("looop.store.files")] == []


def test_nothing_imports_asyncio_threads_or_subprocess() -> None:
    """Trio owns concurrency, `child` owns processes; the keeper has no Trio, an editor gets the terminal."""
    banned = {"asyncio", "threading", "concurrent", "multiprocessing", "subprocess"}
    allowed = ("looop.engine.keeper", "looop.child.", CONSOLE)
    found = [
        f"{file.name}:{it.line} {it.name}"
        for file in sources("looop")
        if not file.name.startswith(allowed)
        for it in file.imports()
        if it.name.partition(".")[0] in banned
    ]
    assert found == []


def test_only_the_store_opens_files_for_writing() -> None:
    found = [
        f"{file.name}:{line}"
        for file in sources("looop")
        if not file.name.startswith(WRITERS)
        for line in _writes(file)
    ]
    assert found == []


def test_a_verb_touches_no_stream_environment_or_folder_of_its_process() -> None:
    found = [
        f"{file.name}:{node.lineno} {_dotted(node)}"
        for file in sources("looop/cli")
        if file.name != CONSOLE
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Name | ast.Attribute) and _dotted(node) in ENGINES_OWN
    ]
    assert found == []


def test_a_verb_speaks_through_one_door() -> None:
    found = {
        file.name
        for file in sources("looop/cli")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and _dotted(node.func).endswith(("call.out", "call.err", "call.hand_over"))
    }
    assert found - SPEAKERS.keys() == set()


def test_no_option_of_a_verb_reads_the_environment() -> None:
    found = [
        f"{file.name}:{node.value.lineno}"
        for file in sources("looop/cli")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.keyword) and node.arg == "env_var"
    ]
    assert found == []


def _pulled_in(name: str) -> set[str]:
    """Name the outside packages that importing one of our modules imports, through all others of ours."""
    ours = {file.name: file for file in sources("looop")}
    outside, todo, seen = set[str](), [name], set[str]()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        assert module in ours, f"{module} is not there"
        for it in (it for it in ours[module].imports() if it.inside is None):
            if it.name.partition(".")[0] == "looop":
                todo += [known for known in ours if it.name == known or it.name.startswith(f"{known}.")]
            else:
                outside.add(it.name.partition(".")[0])
    return outside


def _trio(file: Source, *, top: bool) -> Iterator[Import]:
    for it in file.imports():
        if it.name.partition(".")[0] == "trio" and (it.inside is None) == top:
            yield it


def _writes(file: Source) -> Iterator[int]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and _opens_to_write(node):
            yield node.lineno


def _opens_to_write(call: ast.Call) -> bool:
    name = _dotted(call.func)
    if name.endswith((".write_text", ".write_bytes", ".touch")):
        return True
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    arguments = " ".join(ast.unparse(value) for value in values)
    if name == "os.open":
        return any(flag in arguments for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND"))
    if name == "open" or name.endswith(".open"):
        return any(f"'{mode}" in arguments for mode in "wax")
    return False


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
