"""A terminal's files: offsets that survive rotation and crashes, records, and a disk that is full."""

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.engine.ptylog import Log
from looop.session import records
from support.keeping import keeping, until

ROUND = [b"%09d\n" % number for number in range(2000)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    it = Log.create(str(tmp_path), 0)
    yield it
    it.close()


def segments(folder: Path) -> list[tuple[int, bytes]]:
    """Give each file with the offset that can be told from the files alone, oldest first."""
    older = sorted((int(path.stem.partition("-")[2]), path) for path in folder.glob("output-*.log"))
    found = [(base, path.read_bytes()) for base, path in older]
    base = found[-1][0] + len(found[-1][1]) if found else 0
    current = folder / "output.log"
    return [*found, (base, current.read_bytes())] if current.exists() else found


def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        log = Log.create(str(tmp_path), 0)
        log.note(size=(80, 24))
    finally:
        os.umask(before)
    log.close()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"output.log": 0o600, "pty.jsonl": 0o600}


def test_without_a_limit_nothing_is_cut(log: Log, tmp_path: Path) -> None:
    for line in ROUND:
        log.append(line)
    assert segments(tmp_path) == [(0, b"".join(ROUND))]
    assert log.offset == 20_000


@pytest.mark.parametrize("limit", [1, 64, 1000, 4096])
def test_offsets_can_be_told_from_the_files_after_every_write(tmp_path: Path, limit: int) -> None:
    log = Log.create(str(tmp_path), limit)
    for number, line in enumerate(ROUND[:500]):
        log.append(line)
        whole = b"".join(ROUND[: number + 1])
        found = segments(tmp_path)
        assert len(found) <= 2
        assert sum(len(data) for _, data in found) <= max(limit, 20)
        for base, data in found:
            assert whole[base : base + len(data)] == data
        assert found[-1][0] + len(found[-1][1]) == log.offset == len(whole)
    log.close()


def test_a_crash_right_after_the_rename_leaves_the_offsets_right(tmp_path: Path) -> None:
    log = Log.create(str(tmp_path), 100)
    log.append(b"x" * 45)
    log.append(b"y" * 45)
    (tmp_path / "output.log").rename(tmp_path / "output-45.log")
    assert segments(tmp_path) == [(0, b"x" * 45), (45, b"y" * 45)]
    log.close()


def test_a_renamed_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    log = Log.create(str(tmp_path / "a"), 8)
    (tmp_path / "a").rename(tmp_path / "a@1")
    for piece in (b"one", b"two", b"three"):
        log.append(piece)
    log.note(end=0)
    log.close()
    assert segments(tmp_path / "a@1") == [(3, b"two"), (6, b"three")]
    assert records.load(tmp_path / "a@1").end is not None


def test_records_are_read_back_as_they_were_written(log: Log, tmp_path: Path) -> None:
    log.note(pid=7, start=8, boot="b", size=(80, 24))
    log.append(b"hello")
    log.note(size=(100, 30))
    log.note(did="answer-1", at=3)
    log.note(end=256, killed=True)
    found = records.load(tmp_path)
    assert (found.pid, found.start, found.boot) == (7, 8, "b")
    assert found.sizes == ((0, 80, 24), (5, 100, 30))
    assert found.done == {"answer-1": 3}
    assert found.end is not None
    assert (found.end.status, found.end.at, found.end.killed) == (256, 5, True)


def test_what_the_disk_does_not_take_is_written_later_in_order(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    room = 5

    def full(fd: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        taken = write(fd, data[:room])
        room -= taken
        return taken

    monkeypatch.setattr(os, "write", full)
    log.append(b"0123456789")
    log.note(size=(1, 1))
    assert (log.stuck, log.offset, (tmp_path / "output.log").read_bytes()) == (True, 10, b"01234")
    log.append(b"more")
    room = 20  # the rest, and the beginning of a record
    assert not log.flush()
    room = 1000
    assert log.flush()
    log.note(end=0)
    assert (tmp_path / "output.log").read_bytes() == b"0123456789more"
    found = records.load(tmp_path)
    assert (found.sizes, found.end is not None) == (((10, 1, 1),), True)


def test_what_is_given_up_is_counted_and_the_end_recorded(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if data[:1] == b"{":  # a small file has room left in its last block
            return write(fd, data)
        raise OSError(28, "No space left on device")

    log.append(b"0123")
    monkeypatch.setattr(os, "write", full)
    log.append(b"456789")
    log.give_up()
    log.note(end=9)
    log.give_up()
    assert (log.stuck, (tmp_path / "output.log").read_bytes()) == (False, b"0123")
    assert (tmp_path / "pty.jsonl").read_text().count('"unwritten":6') == 1
    found = records.load(tmp_path).end
    assert found is not None
    assert (found.status, found.at) == (9, 4)


@pytest.mark.process
async def test_a_disk_that_takes_nothing_makes_the_program_wait_and_drops_nothing(tmp_path: Path) -> None:
    async with keeping(tmp_path) as keeper:
        limit = resource.prlimit(keeper.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(keeper.process.pid, resource.RLIMIT_FSIZE, (30_001, limit[1]))
        await keeper.spawn("a", "seq -w 20000; exit 3")
        await keeper.spawn("b", "read x; echo $x")
        await until(lambda: len(keeper.log("a")) == 30_001, "a disk that takes no more")
        await keeper.leash.write("b", b"works\n")
        await keeper.end_of("b")
        assert [one.key for one in await keeper.leash.alive()] == ["a"]
        resource.prlimit(keeper.process.pid, resource.RLIMIT_FSIZE, limit)
        end = await keeper.end_of("a")
        assert keeper.log("a") == b"".join(b"%05d\r\n" % number for number in range(1, 20_001))
        assert (os.waitstatus_to_exitcode(end.status), end.at) == (3, 140_000)


@pytest.mark.process
async def test_a_flood_is_cut_while_it_runs_and_its_offsets_stay_right(tmp_path: Path) -> None:
    async with keeping(tmp_path) as keeper:
        await keeper.spawn("a", "seq -w 100000 299999", log_max=100_000)
        end = await keeper.end_of("a")
        found = segments(keeper.folder("a"))
        assert end.at == 1_600_000
        # Half the limit each, but for a segment that takes all that came in one turn, 64 KiB at most.
        assert sum(len(data) for _, data in found) > 50_000
        assert max(len(data) for _, data in found) <= 65_536
        whole = b"".join(b"%06d\r\n" % number for number in range(100_000, 300_000))
        assert [whole[base : base + len(data)] == data for base, data in found] == [True, True]
        assert found[-1][0] + len(found[-1][1]) == end.at
