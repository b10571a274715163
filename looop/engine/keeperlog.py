"""Keeper's own log, which is its stderr: a line for whatever a person would want to know afterwards."""

import contextlib
import os
import time
import traceback


def log(text: str) -> None:
    """Write a line; nothing if the disk is full."""
    with contextlib.suppress(OSError):
        os.write(2, f"{time.strftime('%Y-%m-%d %H:%M:%S')} keeper: {text}\n".encode())


def log_error() -> None:
    """Write the error that is being handled, with its traceback."""
    log(traceback.format_exc())


def trim(limit: int) -> None:
    """Begin anew when there are more bytes than `limit`."""
    with contextlib.suppress(OSError):
        if os.fstat(2).st_size > limit:
            os.ftruncate(2, 0)
