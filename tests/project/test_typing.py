"""The type checker sees Trio's own types, not the stale stubs that trio-typing brings along."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from support.source import ROOT

pytestmark = pytest.mark.process

SAFE_CHANNEL = """
from collections.abc import AsyncGenerator
import outcome
import trio

@trio.as_safe_channel
async def numbers() -> AsyncGenerator[int, None]:
    yield 1

async def main() -> None:
    async with numbers() as channel:
        async for number in channel:
            reveal_type(number)
    reveal_type(outcome.capture(int, "1"))
"""


def test_mypy_knows_what_a_safe_channel_yields(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SAFE_CHANNEL)
    cache = str(ROOT / ".mypy_cache")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", cache, str(snippet)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert said.returncode == 0, said.stdout
    assert 'Revealed type is "int"' in said.stdout.replace("builtins.", "")


def test_trio_typing_is_installed_for_checking_without_its_trio_stubs() -> None:
    files = metadata.files("trio-typing") or []
    assert [file for file in files if "trio-stubs" in str(file) and Path(str(file.locate())).exists()] == []
