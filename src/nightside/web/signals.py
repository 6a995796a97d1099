"""The signal of one entity: reachable units over time, as change points or by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.instants import iso
from nightside.model.state import EntityState
from nightside.store.protocol import Store
from nightside.web.answers import Format, columns_of, format_of, json_body, send, table_body
from nightside.web.asked import Code, EntityType, From, To, normal_code, not_too_long, time_range
from nightside.web.documented import answers
from nightside.web.entities import known_state
from nightside.web.errors import TooLargeError
from nightside.web.house import House, InHouse

if TYPE_CHECKING:
    import pyarrow as pa

router = APIRouter()

DAY_S = 86_400
MOST_ROWS = 250_000
LONG_S = 40 * DAY_S
"""What is longer is read apart, so that it keeps nobody waiting."""

Resolution = Annotated[
    Literal["change", "hour"], Query(description="Every change, or the hour's lowest, mean and highest.")
]
InFormat = Annotated[Format | None, Query(alias="format", description="Goes before the Accept header.")]


def range_or_last_day(house: House, begin: str | None, end: str | None, last_s: int) -> tuple[int, int]:
    """The range asked for; what is not given is such that it is the last day up to `last_s`."""
    first, last = time_range(begin, end)
    if last is None:
        last = last_s if first is None else min(first + DAY_S, max(last_s, first + 1))
    if first is None:
        first = last - DAY_S
    not_too_long(first, last)
    return first, last


def read_signal(store: Store, type: str, code: str, begin: int, end: int, resolution: str) -> pa.Table:
    """The table of `Store.samples` or `Store.rollup`. Raises TooLargeError where it is long beyond measure."""
    ask = store.rollup if resolution == "hour" else store.samples
    table = ask(type, code, begin, end)
    if table.num_rows > MOST_ROWS:
        raise TooLargeError(
            f"the answer has {table.num_rows:,} rows, and may have {MOST_ROWS:,}",
            where="from, to",
            advice="Ask for a shorter range, or with resolution=hour.",
        )
    return table


def signal_json(state: EntityState, begin: int, end: int, resolution: str, table: pa.Table) -> dict[str, Any]:
    """A signal in the shape `nightside.signal/1`."""
    return {
        "schema": "nightside.signal/1",
        "entity": {"type": state.type, "code": state.code, "name": state.name},
        "from": iso(begin),
        "to": iso(end),
        "resolution": resolution,
        "columns": columns_of(table),
    }


@router.get("/signals/{type}/{code}", responses=answers("signal", missing=True, tables=True))
async def signal(
    request: Request,
    house: InHouse,
    type: EntityType,
    code: Code,
    begin: From = None,
    end: To = None,
    resolution: Resolution = "change",
    named: InFormat = None,
) -> Response:
    """Reachable units of one entity; the last day of what is stored unless a range is given."""
    state = known_state(house, type, normal_code(type, code))
    first, last = range_or_last_day(house, begin, end, state.last_s)
    form = format_of(request, named)
    long = form != "json" or (resolution == "change" and last - first > LONG_S)
    readers = house.slow if long else house.quick

    def ask(store: Store) -> Any:
        table = read_signal(store, state.type, state.code, first, last, resolution)
        if form == "json":
            return json_body(signal_json(state, first, last, resolution, table))
        return table_body(table, form)

    body = await readers.run(ask)
    name = None if form == "json" else f"{state.type}-{state.code}-{resolution}.{form}"
    return send(request, body, name=name)
