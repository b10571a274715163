"""The one door to the disk: every file that looop writes is written here, and every read has a limit.

Each function is atomic and bounded, and lets OSError through: its caller knows whether to park, idle or
refuse. They are synchronous; from Trio call what may wait for a disk with `await aside(function, ...)`.
"""

import functools
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from looop.store.files.folders import (
    durable_remove_tree,
    empty_dir,
    free_bytes,
    private_dir,
    remove_temps,
    remove_tree,
    scratch_dir,
)
from looop.store.files.locks import Held, Lock, lock
from looop.store.files.logs import append, append_durable, mend_tail, previous, rotate, settle, tail_lines
from looop.store.files.reading import (
    NotRegular,
    TooLarge,
    fingerprint,
    present,
    read_head,
    read_regular,
    tail,
)
from looop.store.files.writing import (
    copy_regular,
    durable,
    durable_remove,
    durable_rename,
    durable_set,
    exclusive,
    scratch,
    sync_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import trio

__all__ = [
    "Held",
    "Lock",
    "NotRegular",
    "TooLarge",
    "append",
    "append_durable",
    "aside",
    "copy_regular",
    "durable",
    "durable_remove",
    "durable_remove_tree",
    "durable_rename",
    "durable_set",
    "empty_dir",
    "exclusive",
    "fingerprint",
    "free_bytes",
    "lock",
    "mend_tail",
    "present",
    "previous",
    "private_dir",
    "read_head",
    "read_regular",
    "remove_temps",
    "remove_tree",
    "rotate",
    "scratch",
    "scratch_dir",
    "settle",
    "sync_folder",
    "tail",
    "tail_lines",
]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_THREADS = 4


async def aside(function: "Callable[[*Ts], T]", *args: *Ts) -> T:
    """Call `function(*args)` in a thread; at most four at a time, all callers together.

    A cancel waits for the thread's end: a thread that outlives its call would write behind our back.
    """
    import trio  # noqa: PLC0415 - a relayed verb must not pay for it

    return await trio.to_thread.run_sync(function, *args, limiter=_limiter(), abandon_on_cancel=False)


@functools.cache
def _limiter() -> "trio.CapacityLimiter":
    import trio  # noqa: PLC0415 - as above

    return trio.CapacityLimiter(_THREADS)
