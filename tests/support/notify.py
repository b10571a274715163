"""The kernel's side of a supervised program: a filter that asks, and the questions.

In: a process that is about to start a program. Out: a descriptor on which each state-changing system call
of it, and of all that it starts, waits for an answer before it is done. That is seccomp's user notification,
seccomp_unotify(2); the numbers come from linux/seccomp.h, linux/bpf_common.h and asm/unistd_64.h.

Why not `strace --inject`: its `when=N` counts for each thread and each call by itself, so that the N-th
change of a program with threads, or of a whole family of processes, can't be named with it.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from support.machine_calls import BY_FLAGS, NUMBERS, PLAIN

_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000  # SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF
_LOAD, _EQUAL, _SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, JMP|JEQ, JMP|JSET, RET
_NUMBER_AT, _FIRST_ARGUMENT = 0, 16  # offsets in struct seccomp_data
_FILTER, _LISTENER, _KILLABLE = 1, 1 << 3, 1 << 5  # SECCOMP_SET_MODE_FILTER and its flags
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
_CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_SECCOMP, _GETFD = 317, 438  # seccomp(2), pidfd_getfd(2)
_SENDMSG = 46
_WAY_OUT = 1000
"""The descriptor on which `listen` hands the listener over: nobody could answer that `sendmsg` yet."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@dataclass(frozen=True, slots=True)
class Asked:
    """A system call that waits: `token` names it to the kernel, `thread` is who made it."""

    token: int
    thread: int
    name: str
    args: tuple[int, ...]

    @property
    def pid(self) -> int:
        """The process of that thread; 0 when it has just ended."""
        try:
            text = Path(f"/proc/{self.thread}/status").read_text()
        except OSError:
            return 0
        return int(text.partition("\nTgid:\t")[2].partition("\n")[0])

    def memory(self, address: int, length: int) -> bytes:
        """Read from its memory; nothing when it can't be read."""
        try:
            with Path(f"/proc/{self.thread}/mem").open("rb", buffering=0) as memory:
                memory.seek(address)
                return memory.read(length)
        except (OSError, ValueError, OverflowError):
            return b""


def listen(line: socket.socket) -> None:
    """Have all changes by this process, from now on, ask on a descriptor that is sent along `line`.

    For a child between fork and exec. Raises OSError where the kernel has no such thing (Linux before 5.19).
    """
    os.dup2(line.fileno(), _WAY_OUT, inheritable=False)
    code = _filter()
    buffer = ctypes.create_string_buffer(code)
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    found = _libc.syscall(_SECCOMP, _FILTER, _LISTENER | _KILLABLE, ctypes.byref(program))
    if found < 0:
        raise OSError(ctypes.get_errno(), "no seccomp user notification here")
    with socket.socket(fileno=_WAY_OUT) as way_out:
        socket.send_fds(way_out, [b"."], [found])
    os.close(found)


def receive(listener: int) -> Asked | None:
    """Take the next question; None when who asked has ended meanwhile."""
    raw = bytearray(80)
    try:
        fcntl.ioctl(listener, _RECEIVE, raw)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINTR}:
            return None
        raise
    token, thread, _flags, number, _arch, _at = struct.unpack_from("=QIIiIQ", raw)
    return Asked(token, thread, NUMBERS[number], struct.unpack_from("=6Q", raw, 32))


def proceed(listener: int, asked: Asked) -> None:
    """Let it happen."""
    _send(listener, struct.pack("=QqiI", asked.token, 0, 0, _CONTINUE))


def refuse(listener: int, asked: Asked, number: int) -> None:
    """Have it fail with this errno, undone."""
    _send(listener, struct.pack("=QqiI", asked.token, 0, -number, 0))


def pretend(listener: int, asked: Asked, value: int) -> None:
    """Have it return this value, undone."""
    _send(listener, struct.pack("=QqiI", asked.token, value, 0, 0))


def descriptor(pid: int, number: int) -> int:
    """Get a descriptor of another process: the same open file, at the same offset. The caller closes it."""
    process = os.pidfd_open(pid)
    try:
        found = _libc.syscall(_GETFD, process, number, 0)
    finally:
        os.close(process)
    if found < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return int(found)


def _send(listener: int, answer: bytes) -> None:
    try:
        fcntl.ioctl(listener, _SEND, bytearray(answer))
    except OSError as error:
        if error.errno != errno.ENOENT:  # who asked was killed meanwhile
            raise


def _filter() -> bytes:
    """Compile the filter: ask for plain changes, for opens that create, for processes but not threads."""
    code = _step(_LOAD, _NUMBER_AT)
    code += _step(_EQUAL, _SENDMSG, 0, 4) + _step(_LOAD, _FIRST_ARGUMENT)
    code += _step(_EQUAL, _WAY_OUT, 0, 1) + _step(_RETURN, _ALLOW) + _step(_RETURN, _ASK)
    for number in PLAIN:
        code += _step(_EQUAL, number, 0, 1) + _step(_RETURN, _ASK)
    for number, (place, bits, asks) in BY_FLAGS.items():
        code += _step(_EQUAL, number, 0, 4) + _step(_LOAD, _FIRST_ARGUMENT + 8 * place)
        code += _step(_SET, bits, 0, 1)
        code += _step(_RETURN, _ASK if asks else _ALLOW) + _step(_RETURN, _ALLOW if asks else _ASK)
    return code + _step(_RETURN, _ALLOW)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
