"""Results of checks as the store keeps them: their columns, and what is not taken.

What a target or a place wrote is data: text is bounded here and brought into UTF-8, and nothing of it is ever part of
a statement or of a file's name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from nightside.model.check import CheckResult, Kind, Outcome, Phase
from nightside.model.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[Any, ...]
"""Of the table `result`: one value for each of COLUMNS."""

KEY = ("country", "at_ms", "place", "target", "kind", "part", "family")
"""What two results must not have in common."""
PHASES = ("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")
COLUMNS = (
    *KEY,
    "group_name",
    "address",
    "outcome",
    "failed_in",
    "detail",
    *PHASES,
    "facts",
    "reconstruction",
)

PUBLIC = (
    *("at", "place", "country", "target", "group", "kind", "part", "family"),
    *("address", "outcome", "failed_in", "detail", *PHASES, "facts", "reconstruction"),
)
"""The columns that `Store.results` gives, in its order."""
STORED_AS = {"at": "at_ms", "group": "group_name"}

NAME_CHARS = 253
"""So long may a place, a target, a group, a part or an address be: as long as a name of the DNS."""
DETAIL_CHARS = 200
FACTS_BYTES = 4096
LATEST_MS = 1 << 43
"""The year 2248: what is later is no time of a check."""

_COUNTRY = re.compile(r"[A-Z]{2}")
_KINDS, _OUTCOMES, _PHASES = (frozenset(get_args(words)) for words in (Kind, Outcome, Phase))


def row_of(result: CheckResult) -> Row:
    """A result as it is stored. A detail that is too long is cut; facts of more than 4 KiB are left out.

    Raises UsageError for what is no result: a name that is too long, a word outside of the closed lists, a time or a
    duration that is none.
    """
    if not math.isfinite(result.at) or not 0 <= result.at * 1000 < LATEST_MS:
        raise _refused("at", result.at)
    for word, said, known in (
        ("kind", result.kind, _KINDS),
        ("outcome", result.outcome, _OUTCOMES),
        ("family", result.family, {4, 6}),
        ("failed_in", result.failed_in, {*_PHASES, None}),
    ):
        if said not in known:
            raise _refused(word, said)
    if result.country and not _COUNTRY.fullmatch(result.country):
        raise _refused("country", result.country)
    if not result.place or not result.target:
        raise _refused("place" if not result.place else "target", "")
    return (
        result.country,
        round(result.at * 1000),
        _name("place", result.place),
        _name("target", result.target),
        result.kind,
        _name("part", result.part),
        int(result.family),
        _name("group", result.group),
        None if result.address is None else _name("address", result.address),
        result.outcome,
        result.failed_in,
        None if result.detail is None else _utf8(result.detail[:DETAIL_CHARS]),
        *(_duration(phase, getattr(result, phase)) for phase in PHASES),
        _facts(result),
        int(result.reconstruction),
    )


def _utf8(text: str) -> str:
    # Without zeros too: PostgreSQL's text has none.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _name(word: str, text: str) -> str:
    if len(text) > NAME_CHARS:
        raise _refused(word, text[:40] + "…")
    return _utf8(text)


def _duration(word: str, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise _refused(word, value)
    return None if value is None else float(value)


def _facts(result: CheckResult) -> str:
    try:
        text = _utf8(
            json.dumps(dict(result.facts), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        )
    except (TypeError, ValueError, RecursionError):
        raise _refused("facts", "no plain JSON") from None
    size = len(text.encode())
    return text if size <= FACTS_BYTES else json.dumps({"left_out_bytes": size})


def _refused(word: str, said: object) -> UsageError:
    return UsageError(
        f"no result of a check: {word} is {said!r}", advice="Nothing of these results was stored."
    )


def schema(names: Sequence[str] = COLUMNS) -> pa.Schema:
    """Of these columns as they are stored."""
    import pyarrow as pa

    kinds = {
        "at_ms": pa.int64(),
        "family": pa.uint8(),
        "reconstruction": pa.bool_(),
        **dict.fromkeys(PHASES, pa.float64()),
    }
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def table_of(rows: Sequence[Row], names: Sequence[str] = COLUMNS) -> pa.Table:
    """Rows as a table of these columns."""
    import pyarrow as pa

    columns: list[Row] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    fields = schema(names)
    if "reconstruction" in names:
        # As it is stored: 0 and 1.
        at = list(names).index("reconstruction")
        columns[at] = tuple(map(bool, columns[at]))
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, fields, strict=True)], schema=fields)
