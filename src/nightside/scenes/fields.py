"""Strict reading of JSON objects: every key is asked for by name and type, and none may be left over."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from nightside.model.errors import InputError, UsageError
from nightside.model.instants import parse

T = TypeVar("T")
_REQUIRED: Any = object()


class Fields:
    """One JSON object of a script; `where` names the file and the place in it, for the errors."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise InputError("an object {…} is needed here", where=where)
        self._left: dict[str, Any] = dict(value)
        self._names = sorted(value)
        self.where = where

    def fail(self, key: str, what: str) -> InputError:
        """The error for one key of this object."""
        return InputError(what, where=f"{self.where}, {key!r}", advice="docs/scenes.md describes the format.")

    def take(self, key: str, kind: type[T] | tuple[type[T], ...], default: T = _REQUIRED) -> T:
        """The value of `key`; InputError where it is missing or not of the type `kind`."""
        if key not in self._left:
            if default is _REQUIRED:
                raise self.fail(key, f"the key is missing; there are {', '.join(self._names) or 'none'}")
            return default
        value = self._left.pop(key)
        # JSON's true is an int to Python, but nobody who writes true means 1.
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(k.__name__ for k in kinds)
            raise self.fail(key, f"{value!r} is not of the type {names}")
        return value

    def text(self, key: str) -> str:
        """A string that is not empty."""
        value = self.take(key, str)
        if not value.strip():
            raise self.fail(key, "the text is empty")
        return value

    def integer(self, key: str, default: int = _REQUIRED, *, least: int = 0, most: int = 2**32 - 1) -> int:
        """A whole number from `least` to `most`."""
        value = self.take(key, int, default)
        if not least <= value <= most:
            raise self.fail(key, f"{value} is not from {least} to {most}")
        return value

    def share(self, key: str, default: float = _REQUIRED) -> float:
        """A number from 0 to 1."""
        value = float(self.take(key, (int, float), default))
        if not 0.0 <= value <= 1.0:
            raise self.fail(key, f"{value} is not from 0 to 1")
        return value

    def time(self, key: str) -> int:
        """An ISO 8601 instant as seconds since the epoch."""
        value = self.take(key, str)
        try:
            return parse(value)
        except UsageError as error:
            raise self.fail(key, error.what) from None

    def time_or_none(self, key: str) -> int | None:
        """As `time`, where null means never; the key must be there all the same."""
        if self._left.get(key, "") is None:
            del self._left[key]
            return None
        return self.time(key)

    def range(self, key: str) -> tuple[int, int]:
        """A list of two whole numbers, the smaller first."""
        value = self.take(key, list)
        if len(value) != 2 or not all(type(v) is int and v > 0 for v in value) or value[0] > value[1]:
            raise self.fail(key, f"{value!r} is not [least, most]")
        return value[0], value[1]

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        """`value` as a list of at least one string, each of them once."""
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            raise self.fail(key, "a list of at least one text is needed")
        if len(set(value)) != len(value):
            raise self.fail(key, "one of them stands twice")
        return tuple(value)

    def prefix(self, key: str, value: Any) -> str:
        """`value` as a prefix without host bits, of /8 to /24 (IPv6: /16 to /48)."""
        try:
            network = ip_network(value)
        except (ValueError, TypeError) as error:
            raise self.fail(key, f"not a prefix: {error}") from None
        least, most = (8, 24) if network.version == 4 else (16, 48)
        if not least <= network.prefixlen <= most or str(network) != value:
            raise self.fail(key, f"{value} is not in its plain form, or not of /{least} to /{most}")
        return str(value)

    def address(self, key: str, family: int | None = None) -> str:
        """An IP address (of the family, where one is given)."""
        value = self.take(key, str)
        try:
            address = ip_address(value)
        except ValueError as error:
            raise self.fail(key, f"not an address: {error}") from None
        if family is not None and address.version != family:
            raise self.fail(key, f"{value} is not IPv{family}")
        return value

    def objects(self, key: str, read: Callable[[Fields], T], *, may_miss: bool = False) -> tuple[T, ...]:
        """A list of objects, each read by `read`, with nothing left over."""
        found: list[T] = []
        for i, value in enumerate(self.take(key, list, [] if may_miss else _REQUIRED)):
            inner = Fields(value, f"{self.where}, {key}[{i}]")
            found.append(read(inner))
            inner.done()
        return tuple(found)

    def done(self) -> None:
        """InputError where a key was not asked for: a typing error must not pass as a default."""
        if self._left:
            raise self.fail(min(self._left), "unknown key")
