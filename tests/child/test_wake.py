"""Hints that files changed: real folders, real events, each watcher by the same tests."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from looop.child import wake
from looop.child.inotify import Inotify
from looop.child.poll import Poll
from looop.child.wake import Hints

PATIENCE = 60.0
LOOK = 0.01


class Heard:
    """Counts the hints; `after` does something and waits for the hint that it must cause."""

    def __init__(self, *, polls: bool = False) -> None:
        self.hints = 0
        self._polls = polls
        self._hinted = trio.Event()

    def notify(self) -> None:
        self.hints += 1
        self._hinted.set()

    async def after(self, act: Callable[[], object]) -> None:
        self._hinted = trio.Event()
        act()
        with trio.fail_after(PATIENCE):
            await self._hinted.wait()

    async def quiet(self) -> int:
        """Let everything that has happened be heard; give the number of hints."""
        if self._polls:
            await trio.sleep(10 * LOOK)
        else:
            await trio.testing.wait_all_tasks_blocked(0.05)
        return self.hints


@pytest.fixture(params=["inotify", "poll"])
def polls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "inotify":
        return False
    monkeypatch.setattr("looop.child.wake.Native", Poll)
    monkeypatch.setattr("looop.child.poll._LOOK", LOOK)
    return True


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "goals").mkdir(parents=True)
    (folder / "goals" / "x.md").write_text("goal: x\n")
    return folder


@pytest.fixture
async def heard(polls: bool, data: Path) -> AsyncIterator[Heard]:
    heard = Heard(polls=polls)
    async with trio.open_nursery() as nursery:

        async def watch(*, task_status: trio.TaskStatus[None]) -> None:
            folders = [data, data / "goals", data / "sensors"]
            await wake.serve(folders, heard.notify, wanted=counts, task_status=task_status)

        await nursery.start(watch)
        yield heard
        nursery.cancel_scope.cancel()


def counts(folder: Path, name: str) -> bool:
    return name.endswith((".md", ".sh"))


def saved(path: Path, text: str) -> Callable[[], object]:
    """Save as most editors do: a new file, renamed over the old one."""

    def save() -> None:
        other = path.with_name(f"{path.name}~")
        other.write_text(text)
        other.replace(path)

    return save


async def test_a_file_written_in_place_is_a_hint(heard: Heard, data: Path) -> None:
    await heard.after(lambda: (data / "goals" / "x.md").write_text("goal: y\n"))  # of the same size


async def test_a_file_saved_by_rename_is_a_hint(heard: Heard, data: Path) -> None:
    await heard.after(saved(data / "goals" / "x.md", "goal: renamed\n"))


async def test_a_file_appended_to_is_a_hint(heard: Heard, data: Path) -> None:
    def append() -> None:
        with (data / "goals" / "x.md").open("a") as file:
            file.write("more\n")

    await heard.after(append)


async def test_a_new_file_is_a_hint(heard: Heard, data: Path) -> None:
    await heard.after(lambda: (data / "PLAYBOOK.md").write_text("be kind\n"))


async def test_a_deleted_file_is_a_hint(heard: Heard, data: Path) -> None:
    await heard.after((data / "goals" / "x.md").unlink)


async def test_a_file_made_executable_is_a_hint(heard: Heard, data: Path) -> None:
    await heard.after(lambda: (data / "goals" / "x.md").chmod(0o700))


async def test_a_name_that_does_not_count_is_none(heard: Heard, data: Path) -> None:
    (data / "goals" / ".x.md.swp").write_text("scratch")
    (data / "events.jsonl").write_text("{}\n")
    await heard.quiet()
    await heard.after(lambda: (data / "goals" / "x.md").write_text("counts"))
    assert await heard.quiet() <= 3  # a create, a write: what counts; nothing for the others


async def test_only_scratch_is_no_hint_at_all(heard: Heard, data: Path) -> None:
    for number in range(20):
        saved(data / ".loop.json", str(number))()
    assert await heard.quiet() == 0


async def test_what_is_below_a_folder_does_not_count(heard: Heard, data: Path) -> None:
    (data / "goals" / "archive").mkdir()
    (data / "goals" / "archive" / "old.md").write_text("old")
    assert await heard.quiet() == 0


async def test_a_folder_that_appears_later_is_watched(heard: Heard, data: Path) -> None:
    sensors = data / "sensors"
    sensors.mkdir()
    await heard.quiet()
    await heard.after(lambda: (sensors / "today.sh").write_text("#!/bin/sh\n"))


async def test_a_folder_that_appears_with_files_in_it_is_a_hint(heard: Heard, data: Path) -> None:
    ready = data / "elsewhere"
    ready.mkdir()
    (ready / "today.sh").write_text("#!/bin/sh\n")
    await heard.after(lambda: ready.rename(data / "sensors"))


async def test_a_folder_deleted_and_made_again_is_watched(heard: Heard, data: Path) -> None:
    await heard.after(lambda: shutil.rmtree(data / "goals"))
    (data / "goals").mkdir()
    await heard.quiet()
    await heard.after(lambda: (data / "goals" / "y.md").write_text("goal: y\n"))


async def test_a_folder_replaced_by_another_is_watched_and_the_old_one_is_not(
    heard: Heard, data: Path
) -> None:
    old, new = data.parent / "old", data.parent / "new"
    new.mkdir()
    (new / "x.md").write_text("goal: other\n")

    def replace() -> None:
        (data / "goals").rename(old)
        new.rename(data / "goals")

    await heard.after(replace)
    before = await heard.quiet()
    (old / "x.md").write_text("nobody looks here any more")
    assert await heard.quiet() == before
    await heard.after(lambda: (data / "goals" / "x.md").write_text("goal: this counts\n"))


async def test_everything_deleted_and_made_again_is_watched(
    heard: Heard, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.child.inotify._RETRY", 1e9)  # the parent's event must do, no second look
    await heard.after(lambda: shutil.rmtree(data))
    (data / "goals").mkdir(parents=True)
    await heard.quiet()
    await heard.after(lambda: (data / "goals" / "x.md").write_text("goal: again\n"))


async def test_even_the_parent_may_go_and_come_back(
    heard: Heard, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.child.inotify._RETRY", 0.01)
    away = data.parent.with_name("away")
    await heard.after(lambda: shutil.rmtree(data.parent))
    away.mkdir()
    (away / "data" / "goals").mkdir(parents=True)
    (away / "data" / "goals" / "z.md").write_text("goal: z\n")
    await heard.after(lambda: away.rename(data.parent))
    await heard.after(lambda: (data / "goals" / "z.md").write_text("goal: zz\n"))


async def test_an_event_that_a_storm_made_the_kernel_drop_is_a_hint_all_the_same(
    data: Path, heard: Heard
) -> None:
    for name in ("one", "two"):
        (data / "goals" / name).touch()
    await heard.quiet()
    queue = Path("/proc/sys/fs/inotify/max_queued_events")
    for number in range(int(queue.read_text()) + 10):
        os.utime(data / "goals" / ("one" if number % 2 else "two"))
    await heard.after(lambda: (data / "goals" / "x.md").write_text("goal: lost in the storm\n"))


async def test_a_folder_replaced_again_and_again_leaves_no_watch_behind(data: Path) -> None:
    inotify = Inotify([data, data / "goals"], counts)
    for number in range(5):
        (data / "goals").rename(data / f"old{number}")
        (data / "goals").mkdir()
        await inotify.changed()
    watches = Path(f"/proc/self/fdinfo/{inotify._descriptor}").read_text().count("inotify wd")
    inotify.close()
    assert watches == 3


class Steps(trio.abc.Instrument):
    """Counts the steps of all tasks."""

    def __init__(self) -> None:
        self.taken = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 - Trio's signature
        self.taken += 1


async def test_nothing_wakes_up_while_nothing_changes(data: Path) -> None:
    async with trio.open_nursery() as nursery:

        async def watch(*, task_status: trio.TaskStatus[None]) -> None:
            await wake.serve([data, data / "goals"], lambda: None, task_status=task_status)

        await nursery.start(watch)
        await trio.testing.wait_all_tasks_blocked()
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        await trio.sleep(1)
        trio.lowlevel.remove_instrument(steps)
        nursery.cancel_scope.cancel()
    assert steps.taken <= 1  # ours


async def test_without_inotify_the_folders_are_looked_at(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> int:
        raise OSError(28, "no watches left")

    monkeypatch.setattr(Inotify, "_call", none)
    assert isinstance(wake._watcher([data], counts), Poll)


async def test_when_watches_run_out_later_the_hints_go_on(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.child.poll._LOOK", LOOK)

    async def fail(_: Inotify) -> None:
        await trio.lowlevel.checkpoint()
        raise OSError(28, "no watches left")

    monkeypatch.setattr(Inotify, "changed", fail)
    heard = Heard()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wake.serve, [data], heard.notify)
        await heard.after(lambda: None)
        await heard.after(lambda: (data / "PLAYBOOK.md").write_text("x"))
        nursery.cancel_scope.cancel()


async def test_no_descriptor_is_left(data: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names, not paths
    with trio.move_on_after(0.01):
        await wake.serve([data, data / "goals"], lambda: None)
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - names, not paths


async def gone_by(hints: Hints, act: Callable[[], Awaitable[None]]) -> float:
    """Give the virtual seconds from now to the return of `wait`, while `act` runs."""
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(act)
        await hints.wait()
        nursery.cancel_scope.cancel()
        return trio.current_time() - start


async def test_a_wait_ends_after_a_moment_of_quiet(autojump_clock: trio.testing.MockClock) -> None:
    hints = Hints(quiet=0.05, most=0.5)

    async def act() -> None:
        for _ in range(3):
            hints.notify()
            await trio.sleep(0.04)
        await trio.sleep_forever()

    assert await gone_by(hints, act) == pytest.approx(0.13)


async def test_hints_without_end_are_heard_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    hints = Hints(quiet=0.05, most=0.5)

    async def act() -> None:
        while True:
            hints.notify()
            await trio.sleep(0.01)

    assert await gone_by(hints, act) == pytest.approx(0.5)


async def test_hints_given_before_the_wait_count_once(autojump_clock: trio.testing.MockClock) -> None:
    hints = Hints()
    hints.notify()
    hints.notify()
    await hints.wait()
    with trio.move_on_after(100) as scope:
        await hints.wait()
    assert scope.cancelled_caught


async def test_a_wait_that_is_cancelled_loses_no_hint(autojump_clock: trio.testing.MockClock) -> None:
    hints = Hints(quiet=0.05, most=0.5)
    hints.notify()
    with trio.move_on_after(0.02):
        await hints.wait()
    with trio.fail_after(1):
        await hints.wait()
