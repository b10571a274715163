"""The pulse's voice: what it says is text, to its log and to whoever follows a tick on a terminal."""

from pathlib import Path

import trio

from looop.loop.clock import Clock
from looop.loop.voice import Voice
from support.profiles import made_in


async def test_what_an_agent_said_moves_no_terminal(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    voice = Voice(profile, Clock())
    with voice.followed() as lines:
        voice.say("agent: \x1b]52;c;QQ\x07\x9b2J\u202ea\nb\r\u2028")
        with trio.fail_after(5):
            heard = await lines.receive()
    assert heard == "agent: <U+001B>]52;c;QQ<U+0007><U+009B>2J<U+202E>a b<U+000D><U+2028>"
    assert profile.pulse_log.read_text().endswith(f" {heard}\n")
