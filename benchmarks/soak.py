"""A real hour of a busy profile, or of an idle one, and how keeper and engine look meanwhile: `make soak`.

In: `--for 1h`, how long; `--every 30s`; `--idle`, 100 idle sessions and no pulse instead of 50 busy ones and
noisy sensors; `--json FILE`, which gets each sample as a line as soon as it is taken. Out: a line for each
sample and a table with slopes at the end. It reports and never fails. Nothing is left of it, however it ends.
"""

import argparse
import itertools
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from benchmarks.crowd import IDLERS, Crowd
from benchmarks.samples import Sample, Sampler, line, table
from looop.child import tree
from looop.core import duration
from support.person import Person, person

WARM = 300.0  # seconds that the slopes leave out, but never more than a quarter of the run
RENEWED = 120.0  # seconds between two looks for sessions that have ended
SETTLING = 15.0  # an idle worker thread of Trio ends after 10

# Whoever holds this one's stdin may be killed: at its end the profile ends, and its folder goes.
GUARDIAN = 'trap "" INT TERM HUP; read -r _; [ -d "$1" ] || exit 0; {looop} down --all --now; rm -rf "$1"'


def main() -> None:
    """Live for so long, and tell what was seen, even if that is less than was wished for."""
    wish, samples = _wish(), list[Sample]()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` wants it
            signal.signal(number, _leave)
    tree.become_subreaper()  # what an end leaves over falls to this process, where `person` sees it
    try:
        with profile() as looop:
            for sample in lived(looop, wish):
                samples.append(sample)
                print(line(sample), flush=True)
                if wish.json:
                    with wish.json.open("a") as file:
                        file.write(f"{sample.json()}\n")
    except (KeyboardInterrupt, AssertionError, subprocess.TimeoutExpired) as error:
        print(f"ended early: {type(error).__name__}: {error}")
    finally:
        if samples:
            warm = min(WARM, wish.duration / 4)
            print(f"\nsince {warm:g} s, on {os.cpu_count()} cores:\n{table(samples, warm)}", flush=True)


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--for", dest="duration", type=_seconds, default=3600.0, help="how long: 1h, 2m")
    parser.add_argument("--every", type=_seconds, default=30.0, help="between two samples")
    parser.add_argument("--idle", action="store_true", help=f"{IDLERS} idle sessions and no pulse")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add each sample to it")
    return parser.parse_args()


def _seconds(text: str) -> float:
    found = duration.parse(text)
    if not found:
        raise argparse.ArgumentTypeError(f"no duration: {text}")
    return found


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    for again in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(again, signal.SIG_IGN)  # ending takes a while, and must not be ended
    raise SystemExit(128 + number)


@contextmanager
def profile() -> Iterator[Person]:
    """Give a profile in a folder of its own; both end with this block, and with this process."""
    with (
        tempfile.TemporaryDirectory(prefix="looop-soak-") as folder,
        person(Path(folder)) as looop,
        guarded(looop, folder),
    ):
        yield looop


@contextmanager
def guarded(looop: Person, folder: str) -> Iterator[None]:
    """Have a small shell wait for this process, and clean up should it be killed."""
    script = GUARDIAN.format(looop=" ".join(looop.program))
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "guardian", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=looop.env,
        start_new_session=True,
    ) as shell:
        try:
            yield
        finally:
            shell.kill()


def lived(looop: Person, wish: argparse.Namespace) -> Iterator[Sample]:
    """Fill the profile, and look at it until its time is over."""
    crowd, sampler = Crowd(looop), Sampler(looop, asks=not wish.idle, among=IDLERS if wish.idle else 0)
    if wish.idle:
        crowd.first()
        time.sleep(SETTLING)
        sampler.take()  # what there is without them
        crowd.idle()
    else:
        crowd.busy()
    time.sleep(SETTLING)
    sampler.begin()
    began, renewed = time.monotonic(), time.monotonic()
    for number in itertools.count(1):
        time.sleep(max(0.0, began + number * wish.every - time.monotonic()))
        yield sampler.take()
        if not wish.idle:
            crowd.look(number)
            if time.monotonic() - renewed >= RENEWED:
                renewed = time.monotonic()
                crowd.renew()
        if time.monotonic() - began >= wish.duration:
            return


if __name__ == "__main__":
    main()
