"""A job done where a worker is: what it gives, or its error as one that can be sent and told to people."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any

from nightside.model.errors import (
    DownloadError,
    InputError,
    LeaseLostError,
    NightsideError,
    UnreadableError,
    UsageError,
)


class Value:
    """What a job gave; apart from errors by its type."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def do(name: str, work: Callable[..., Any], given: tuple[Any, ...]) -> Value | NightsideError:
    """Do it here; only an interrupt is raised. What is no NightsideError is printed here, with its traceback."""
    try:
        return Value(work(*given))
    except (Exception, SystemExit) as error:
        return told(error, name)


def told(error: BaseException, name: str) -> NightsideError:
    """An error as it is raised where it is heard of."""
    if isinstance(error, NightsideError):
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return NightsideError(error.what, where=error.where, advice=error.advice)
        return error.with_traceback(None)
    traceback.print_exception(error)
    return NightsideError(f"{type(error).__name__}: {error}", where=name)


def may_succeed_elsewhere(error: Exception) -> bool:
    """Whether the same job could end otherwise on another worker, or at another time."""
    if isinstance(error, UnreadableError | DownloadError):
        return True
    return not isinstance(error, InputError | UsageError | LeaseLostError)
