"""Digests: by which looop tells that something is not what it was.

In: a JSON value, or bytes. Out: SHA-256 in hex. Python's own takes OpenSSL with it, which only a verb that
finds something to digest loads.
"""

from typing import Any

import msgspec


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form: keys sorted, no spaces."""
    import hashlib  # noqa: PLC0415 - see above

    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def digest_bytes(data: bytes) -> str:
    """SHA-256 of a file's bytes."""
    import hashlib  # noqa: PLC0415 - see above

    return hashlib.sha256(data).hexdigest()
