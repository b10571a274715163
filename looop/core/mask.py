"""Secrets out of texts: the value of a variable that looks like a secret becomes `[secret NAME]`.

In: an environment, then any text or value that is about to be written or sent. Out: the same without those
values, plain, as JSON, as part of an address, or in base64. Linear: one search, the longest values first.
`core.secret` says which names count; who writes what to whom applies it once, before anything is cut.
"""

import base64
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec

from looop.core.secret import looks_secret

SHORTEST = 8
"""Characters of a value that is masked: what is shorter stands in too many texts by chance."""

_LINE = 20
"""Characters of a line that is masked by itself, where a value has several: a key's, not its headline."""

_HARMLESS = re.compile(
    r"(?:changeme|database|default|development|disabled|localhost|optional|password|postgres|production"
    r"|required|undefined|username)\d?"
    r"|(.)\1*"  # one character again and again
    r"|(?:~|\.{1,2}|/(?:Users|Library|Applications|System|private|home|root|usr|etc|tmp|var|run|opt|mnt"
    r"|srv|nix|dev|proc|bin|lib|snap|media))(?:/.*)?"  # a place
    r"|[a-z][a-z0-9+.-]*://(?:localhost|127\.0\.0\.1|[a-z-]+)(?::\d+)?(?:/\w*)?",  # an address of nobody
    re.DOTALL,
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]*?:([^/?#\s]+)@")
_DEEPEST = 150  # levels: readings have at most a hundred, and stand a few below a view
_ODD = re.compile(r"[^A-Za-z0-9_]")

T = TypeVar("T")


class Mask:
    """The secrets of one environment. It is made anew from that and never written anywhere."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take values and what stands for each."""
        self._for = dict(secrets)
        longest = sorted(self._for, key=lambda value: (-len(value), value))
        self._any = re.compile("|".join(map(re.escape, longest))) if longest else None
        # Bytes are searched as they are: the end of a secret that is no UTF-8 may begin a character.
        self._for_bytes = {_raw(value): shown.encode() for value, shown in self._for.items()}
        raw = sorted(self._for_bytes, key=lambda value: (-len(value), value))
        self._any_bytes = re.compile(b"|".join(map(re.escape, raw))) if raw else None

    @classmethod
    def of(cls, *environments: Mapping[str, str]) -> "Mask":
        """Make the mask of everything secret in these environments."""
        return _made(tuple(sorted({pair for env in environments for pair in _secrets(env)})))

    def text(self, text: str) -> str:
        """Give the text without them; itself where it has none."""
        return text if self._any is None else self._any.sub(lambda found: self._for[found[0]], text)

    def data(self, data: bytes) -> bytes:
        """Give bytes without them; what is no UTF-8 stays as it is."""
        if self._any_bytes is None:
            return data
        return self._any_bytes.sub(lambda found: self._for_bytes[found[0]], data)

    def value(self, value: T) -> T:
        """Give a value with every text in it masked: JSON's, or ours of dataclasses and structs."""
        return value if self._any is None else self._masked(value, _DEEPEST)

    def _masked(self, value: Any, deep: int) -> Any:
        if not deep or isinstance(value, str):
            return self.text(value) if deep else "(nested too deep to be shown)"
        if value is None or isinstance(value, bool | bytes):
            return value
        if isinstance(value, int | float):
            shown = str(value)
            return value if (masked := self.text(shown)) == shown else masked
        if isinstance(value, Mapping):
            return {self._masked(key, deep - 1): self._masked(one, deep - 1) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)([self._masked(one, deep - 1) for one in value])
        return self._of_fields(value, deep - 1)

    def _of_fields(self, value: Any, deep: int) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [it.name for it in dataclasses.fields(value) if it.init]
            fields = {name: self._masked(getattr(value, name), deep) for name in names}
            return dataclasses.replace(value, **fields)
        if isinstance(value, msgspec.Struct):
            fields = {name: self._masked(getattr(value, name), deep) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
        return value  # an Enum, say


NOTHING = Mask({})
"""The mask of no secrets."""


@lru_cache(maxsize=4)
def _made(secrets: tuple[tuple[str, str], ...]) -> Mask:
    """Make it once for the beats of one environment."""
    forms = dict[str, str]()
    for name, value in secrets:
        shown = f"[secret {_ODD.sub('_', name)[:64]}]"
        for form in _forms(value):
            forms.setdefault(form, shown)
    return Mask(forms)


def _secrets(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find names with values that are to be masked, each as it stands there."""
    for name, value in env.items():
        if found := _ADDRESS.match(value):
            yield name, found[1]
            yield name, unquote(found[1])
        if looks_secret(name):
            yield name, value.strip()


def _raw(text: str) -> bytes:
    """Give the bytes that a text was in the environment; half a character is what it is in JSON alone."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _forms(value: str) -> Iterator[str]:
    """Give a value as it may stand in a text."""
    if len(value) < SHORTEST or _HARMLESS.fullmatch(value):
        return
    raw = _raw(value)
    yield value
    yield raw.decode(errors="replace")  # as texts show it, where it is no UTF-8
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(raw, safe="")
    yield quote(raw)
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    lines = (line.strip() for line in value.splitlines()) if "\n" in value else ()
    yield from (line for line in lines if len(line) >= _LINE and not line.startswith("-----"))
