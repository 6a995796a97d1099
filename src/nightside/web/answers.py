"""Answers: bytes with an ETag, compressed once; tables as JSON, CSV, Arrow or Parquet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import orjson
import pyarrow as pa
from fastapi import Request
from fastapi.responses import Response
from isal import igzip
from pyarrow import csv, parquet

Format = Literal["json", "csv", "arrow", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}

COMPRESS_FROM_BYTES = 1000
"""Shorter ones fit one packet as they are."""

NEVER_CHANGES = "public, max-age=31536000, immutable"
VARY = "Accept, Accept-Encoding"
"""The headers of a request on which an answer depends."""
ASK_AGAIN = "no-cache"
"""Keep it, and ask with its ETag whether it still holds."""


@dataclass(frozen=True, slots=True)
class Body:
    """What an answer says, ready to be sent often."""

    plain: bytes
    zipped: bytes | None
    etag: str
    media_type: str

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return len(self.plain) + len(self.zipped or b"")


def body_of(plain: bytes, media_type: str = MEDIA_TYPES["json"], *, compress: bool = True) -> Body:
    """The bytes with their tag, and compressed where that helps."""
    zipped = igzip.compress(plain, 2, mtime=0) if compress and len(plain) >= COMPRESS_FROM_BYTES else None
    tag = hashlib.blake2b(plain, digest_size=12, person=media_type.encode()[:16]).hexdigest()
    # Weak, since one tag stands for the plain and the compressed bytes.
    return Body(plain, zipped, f'W/"{tag}"', media_type)


def json_body(item: Any) -> Body:
    """An object as JSON."""
    return body_of(orjson.dumps(item))


def send(
    request: Request, body: Body, *, cache: str = ASK_AGAIN, name: str | None = None, vary: str = VARY
) -> Response:
    """The body, or 304 where the client has it; `name` is the file to save it as."""
    headers = {"ETag": body.etag, "Cache-Control": cache, "Vary": vary}
    if knows(request.headers.get("if-none-match"), body.etag):
        return Response(status_code=304, headers=headers)
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    content = body.plain
    if body.zipped is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        content = body.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=body.media_type, headers=headers)


def knows(asked: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this tag (RFC 9110 13.1.2, weak comparison)."""
    if asked is None:
        return False
    own = etag.removeprefix("W/")
    return any(tag.strip() == "*" or tag.strip().removeprefix("W/") == own for tag in asked.split(","))


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def format_of(request: Request, asked: Format | None) -> Format:
    """The format that `format=` names, else the first known one of the Accept header, else JSON."""
    if asked is not None:
        return asked
    for part in request.headers.get("accept", "").split(","):
        media = part.partition(";")[0].strip().lower()
        for name, own in MEDIA_TYPES.items():
            if media == own.partition(";")[0]:
                return name
    return "json"


def table_body(table: pa.Table, form: Format) -> Body:
    """A table in one of the formats that are not JSON."""
    sink = pa.BufferOutputStream()
    if form == "csv":
        csv.write_csv(_with_iso_times(table), sink)
    elif form == "arrow":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        parquet.write_table(table, sink, compression="zstd")
    return body_of(sink.getvalue().to_pybytes(), MEDIA_TYPES[form], compress=form != "parquet")


def columns_of(table: pa.Table) -> dict[str, list[Any]]:
    """A table as lists by column, instants as ISO 8601 with Z."""
    return {name: column.to_pylist() for name, column in _iso_columns(table).items()}


def _with_iso_times(table: pa.Table) -> pa.Table:
    return pa.table(_iso_columns(table))


def _iso_columns(table: pa.Table) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            seconds = column.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
            column = pa.array(np.datetime_as_string(seconds.astype("datetime64[s]"), timezone="UTC"))
        columns[name] = column
    return columns
