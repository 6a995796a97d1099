"""Results of checks put and read.

What came last lies in the catalogue's table `result`, so that a round is one short transaction and no file. When there
are many of a country, they become a Parquet segment. The table and the segments never hold the same result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nightside.model.check import CheckResult
from nightside.store import result_segments
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.result_form import COLUMNS, KEY, PUBLIC, STORED_AS, Row, row_of, table_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LOOSE = 1 << 14
"""So many results of a country lie in the catalogue; then they become a segment."""

_MARKS = ", ".join("?" * len(COLUMNS))
_AT = COLUMNS.index("at_ms")


def rows_of(results: Sequence[CheckResult]) -> dict[str, list[Row]]:
    """By country; see `row_of` for what is refused."""
    found: dict[str, list[Row]] = defaultdict(list)
    for result in results:
        found[result.country].append(row_of(result))
    return found


def put(connection: Connection, files: Files, country: str, rows: Sequence[Row]) -> int:
    """Store rows of one country; how many were new. Within the caller's transaction."""
    stored = _stored_already(connection, files, country, rows)
    new = [row for row in rows if row[: len(KEY)] not in stored]
    if not new:
        return 0
    done = connection.executemany(
        f"INSERT INTO result ({', '.join(COLUMNS)}) VALUES ({_MARKS}) ON CONFLICT DO NOTHING", new
    )
    return done.rowcount


def _stored_already(connection: Connection, files: Files, country: str, rows: Sequence[Row]) -> set[Row]:
    """The keys that a segment has. Results come in the order of time, so as a rule no segment is looked into."""
    import pyarrow as pa

    times = [row[_AT] for row in rows]
    first, last = min(times), max(times)
    found: set[Row] = set()
    for number, *_rest in result_segments.within(connection, country, first, last):
        table = result_segments.read(files, number, first, last, KEY)
        table = table.filter(pa.compute.is_in(table["at_ms"], pa.array(sorted(set(times)))))
        found |= set(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return found


def crowded(connection: Connection, country: str) -> bool:
    """Whether so many lie loose that they are to become a segment."""
    (count,) = connection.execute("SELECT count(*) FROM result WHERE country = ?", (country,)).fetchone()
    return bool(count >= MOST_LOOSE)


def pack(connection: Connection, files: Files, country: str) -> None:
    """Make a segment of what lies loose; within the caller's transaction. Raises OSError where the place refuses."""
    result_segments.delete_unneeded(connection, files)
    rows = connection.execute(
        f"SELECT {', '.join(COLUMNS)} FROM result WHERE country = ?", (country,)
    ).fetchall()
    result_segments.put(connection, files, country, table_of(rows))
    connection.execute("DELETE FROM result WHERE country = ?", (country,))
    result_segments.merge_small(connection, files, country)


@dataclass(frozen=True, slots=True)
class Found:
    """Where the results of a question lie: some in hand, others in segments."""

    country: str
    first_ms: int
    last_ms: int
    columns: Sequence[str]
    loose: list[Row]
    segments: list[result_segments.Segment]

    @property
    def names(self) -> list[str]:
        """The stored columns that are needed."""
        return list(dict.fromkeys((*KEY, *(STORED_AS.get(name, name) for name in self.columns))))


def find(connection: Connection, country: str, begin: int, end: int, columns: Sequence[str]) -> Found:
    """Look up what `read` reads; within one transaction, so that the table and the segments are of one moment."""
    if unknown := set(columns) - set(PUBLIC):
        raise ValueError(f"no columns of results: {', '.join(sorted(unknown))}")
    first, last = begin * 1000, end * 1000 - 1
    found = Found(country, first, last, columns, [], result_segments.within(connection, country, first, last))
    found.loose.extend(
        connection.execute(
            f"SELECT {', '.join(found.names)} FROM result WHERE country = ? AND at_ms BETWEEN ? AND ?",
            (country, first, last),
        )
    )
    return found


def stands(connection: Connection, found: Found) -> bool:
    """Whether the segments are still those that were found."""
    return found.segments == result_segments.within(connection, found.country, found.first_ms, found.last_ms)


def read(files: Files, found: Found) -> pa.Table:
    """See `Store.results`. Raises FileNotFoundError where segments were merged meanwhile: look again."""
    import pyarrow as pa

    parts = [
        result_segments.read(files, number, found.first_ms, found.last_ms, found.names)
        for number, *_rest in found.segments
    ]
    if found.loose or not parts:
        parts.append(_as_read(table_of(found.loose, found.names)))
    return _public(_sorted(pa.concat_tables(parts).unify_dictionaries()), found.columns)


def _as_read(table: pa.Table) -> pa.Table:
    """With dictionaries, as a segment is read."""
    import pyarrow as pa

    return pa.table(
        {
            field.name: table[field.name].dictionary_encode()
            if field.type == pa.string() and field.name != "facts"
            else table[field.name]
            for field in table.schema
        }
    )


def _sorted(table: pa.Table) -> pa.Table:
    """By KEY. Times are nearly in order as they come, so that the one stable sort costs little."""
    import numpy as np

    ranks = [_ranks(table[name]) for name in KEY if name not in ("country", "at_ms")]
    at = table["at_ms"].to_numpy()
    order = np.arange(len(at))
    code = np.zeros(len(at), np.int64)
    for rank in ranks:
        # A product of few places, targets and parts; made dense again so that it never overflows.
        code = code * (int(rank.max(initial=0)) + 1) + rank
        if len(code) and code.max() > 1 << 31:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    if np.any((at[1:] < at[:-1]) | ((at[1:] == at[:-1]) & (code[1:] < code[:-1]))):
        order = np.lexsort((code, at))
        return table.take(order)
    return table


def _ranks(column: Any) -> Any:
    """The place of each value among all values in order."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.to_numpy().astype(np.int64)
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not len(whole):
        return np.zeros(0, np.int64)
    words = whole.dictionary.to_pylist()
    place = {word: rank for rank, word in enumerate(sorted(words))}
    return np.array([place[word] for word in words], np.int64)[whole.indices.to_numpy()]


def _public(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    found = {name: table[STORED_AS.get(name, name)] for name in columns}
    if "at" in found:
        found["at"] = found["at"].cast(pa.timestamp("ms", "UTC"))
    return pa.table(found)


def countries(connection: Connection) -> list[str]:
    """Those with results, canaries left out, in order."""
    rows = connection.execute(
        "SELECT DISTINCT country FROM result UNION SELECT DISTINCT country FROM result_segment ORDER BY 1"
    )
    return [country for (country,) in rows if country]
