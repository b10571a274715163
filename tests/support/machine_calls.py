"""Which system calls change something, by their numbers on x86_64 (asm/unistd_64.h).

In: nothing. Out: tables. Threads aren't processes and reading opens change nothing, so both are left out by
their arguments; `clone3` has its flags in memory and is judged by who reads it.
"""

import os

_CALLS = {
    "write": 1,
    "pwrite64": 18,
    "writev": 20,
    "pwritev": 296,
    "pwritev2": 328,
    "sendfile": 40,
    "sendto": 44,
    "sendmsg": 46,
    "sendmmsg": 307,
    "splice": 275,
    "copy_file_range": 326,
    "bind": 49,
    "listen": 50,
    "fsync": 74,
    "fdatasync": 75,
    "truncate": 76,
    "ftruncate": 77,
    "fallocate": 285,
    "rename": 82,
    "renameat": 264,
    "renameat2": 316,
    "mkdir": 83,
    "mkdirat": 258,
    "rmdir": 84,
    "creat": 85,
    "link": 86,
    "linkat": 265,
    "unlink": 87,
    "unlinkat": 263,
    "symlink": 88,
    "symlinkat": 266,
    "mknod": 133,
    "mknodat": 259,
    "chmod": 90,
    "fchmod": 91,
    "fchmodat": 268,
    "utimensat": 280,
    "setxattr": 188,
    "openat2": 437,
    "kill": 62,
    "tgkill": 234,
    "pidfd_send_signal": 424,
    "fork": 57,
    "vfork": 58,
    "clone3": 435,
    "execve": 59,
    "execveat": 322,
}
_NEW = os.O_CREAT | os.O_TRUNC | 0o20000000  # the last is O_TMPFILE without O_DIRECTORY
_THREAD = 0x10000  # CLONE_THREAD

PLAIN = tuple(_CALLS.values())
"""Numbers of calls that always change something."""

BY_FLAGS = {2: (1, _NEW, True), 257: (2, _NEW, True), 56: (0, _THREAD, False)}
"""`open`, `openat`, `clone`: which argument has the flags, and whether their bits make a change or none."""

NUMBERS = {number: name for name, number in _CALLS.items()} | {2: "open", 257: "openat", 56: "clone"}
"""The name of every number that may be asked about."""

BY_DESCRIPTOR = frozenset(
    {
        "write",
        "pwrite64",
        "writev",
        "pwritev",
        "pwritev2",
        "fsync",
        "fdatasync",
        "ftruncate",
        "fallocate",
        "fchmod",
    }
    | {"sendto", "sendmsg", "sendmmsg", "bind", "listen"}
)
"""Calls whose first argument is the descriptor of what they change."""

BY_PATH = {
    "open": 0,
    "creat": 0,
    "rename": 1,
    "mkdir": 0,
    "rmdir": 0,
    "link": 1,
    "unlink": 0,
    "symlink": 1,
    "mknod": 0,
    "chmod": 0,
    "truncate": 0,
    "setxattr": 0,
    "execve": 0,
}
"""Calls that name what they change by a path: which argument it is."""

BY_FOLDER = {
    "openat": 0,
    "openat2": 0,
    "renameat": 2,
    "renameat2": 2,
    "mkdirat": 0,
    "unlinkat": 0,
    "linkat": 2,
    "symlinkat": 1,
    "mknodat": 0,
    "fchmodat": 0,
    "utimensat": 0,
    "execveat": 0,
}
"""Calls with a folder's descriptor, and the path in the argument after it: which argument the folder is."""
