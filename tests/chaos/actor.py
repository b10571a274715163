"""Who acts in a chaos run: `actor.py KIND NOTES`, in a session, as the AI of a tick or as a sensor.

All leave notes, each one whole line at once: a generation that began, a text that was heard, a tick that was
asked. What a printer says is a function of its offset alone, so that no byte can be lost or doubled unseen.
"""

import os
import subprocess
import sys
import termios
import time

KIND, NOTES = sys.argv[1], sys.argv[2]
LINES = 12_000
AT_ONCE = 40
HOSTILE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "child", "hostile.py")  # noqa: PTH118, PTH100, PTH120 - started very often
RUDE = (
    "ignores-term",
    "daemon-then-hang",
    "cleared-daemon-then-hang",
    "stopped",
    "daemon-cleared-environment",
)
LOOOP = os.environ.get("LOOOP_BIN", "looop")


def note(name: str, text: str) -> None:
    """Write one line in one go."""
    fd = os.open(f"{NOTES}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{text}\n".encode())
    os.close(fd)


def born() -> None:
    note("born", f"{os.environ['LOOOP_SESSION_ID']} {os.environ['LOOOP_GENERATION']} {KIND}")


def printer() -> None:
    settings = termios.tcgetattr(0)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, settings)
    for first in range(0, LINES, AT_ONCE):
        data = b"".join(b"%09d\n" % number for number in range(first, first + AT_ONCE))
        while data:
            data = data[os.write(1, data) :]
        time.sleep(0.02)
    sys.exit(7)


def listen() -> None:
    """Write down what is typed; the end of the input ends it."""
    while line := sys.stdin.readline():
        note("heard", f"{os.environ['LOOOP_GENERATION']} {line.strip()}")


def asker() -> None:
    rests = f'while echo "{{}}" | "{LOOOP}" hook Stop; do sleep 3; done >/dev/null 2>&1'
    subprocess.Popen(["/bin/sh", "-c", rests])
    asked = subprocess.run(
        [LOOOP, "flag", "which one?", "--wait"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 0:
        note("heard", f"{os.environ['LOOOP_GENERATION']} {asked.stdout.strip()}")
    listen()


def rude() -> None:
    mark = f"{NOTES}:{os.environ['LOOOP_GENERATION']}"
    for kind in RUDE:
        subprocess.Popen([sys.executable, "-S", HOSTILE, kind, mark])
    listen()


def journal(text: str) -> None:
    with open("journal.md", "a") as file:  # noqa: PTH123 - started very often
        file.write(f"- {text}\n")


def tick() -> None:
    """Do what `mode` says, and leave a journal line that no other tick leaves."""
    with open(f"{NOTES}/mode") as file:  # noqa: PTH123 - the same
        mode = file.read().strip()
    token = f"tick-{os.urandom(8).hex()}"
    note("asked", token)
    sys.stdin.read()
    if mode == "goal":
        with open("goals/chaos.md", "a") as file:  # noqa: PTH123 - the same
            file.write("" if file.tell() else "---\ngoal: go on\n---\n")
            file.write(f"- {token}\n")
    elif mode == "start":
        quick = f"'{sys.executable}' -S '{os.path.abspath(__file__)}' quit '{NOTES}'"  # noqa: PTH100 - the same
        subprocess.run([LOOOP, "start-session", f"by-{token[5:13]}", "--command", quick], check=False)
    elif mode in {"send", "two"}:
        for name in ("ant", "bee")[: 1 + (mode == "two")]:
            subprocess.run([LOOOP, "send", name, token], check=False)
    elif mode == "fail":
        sys.exit(3)
    elif mode == "hang":
        time.sleep(60)
    elif mode == "rude":
        subprocess.Popen([sys.executable, "-S", HOSTILE, "cleared-daemon-then-hang", f"{NOTES}:step"])
        subprocess.run([sys.executable, "-S", HOSTILE, "ignores-term", f"{NOTES}:step"], check=False)
    journal(token)
    if mode == "lines":
        journal("and another line")


def sense() -> None:
    kind = KIND.removeprefix("sense-")
    if kind == "fails":
        sys.exit(4)
    if kind == "hangs":
        time.sleep(60)
    if kind == "floods":
        os.write(1, b"x" * 100_000)
    if kind == "rude":
        subprocess.Popen([sys.executable, "-S", HOSTILE, "cleared-daemon-then-hang", f"{NOTES}:step"])
        time.sleep(0.1)
    sys.stdout.write(f'{{"signal": {time.time_ns() if kind == "news" else 1}}}\n')


if KIND == "tick":
    tick()
elif KIND.startswith("sense-"):
    sense()
else:
    born()
    {
        "printer": printer,
        "echo": listen,
        "agent": listen,
        "quit": lambda: sys.exit(23),
        "asker": asker,
        "rude": rude,
    }[KIND]()
