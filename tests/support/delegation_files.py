"""Delegation files for tests, in the registries' format; counts as they should be unless said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

KINDS = ("asn", "ipv4", "ipv6")


def delegation_text(
    registry: str, day: str, rows: Sequence[str], *, extended: bool = False, records: int | None = None
) -> str:
    """`rows` are records without their first field: `KP|ipv4|175.45.176.0|1024|20091221|allocated`."""
    counts = {kind: sum(row.split("|")[1] == kind for row in rows) for kind in KINDS}
    version = "2.3" if extended else "2"
    head = [f"{version}|{registry}|{day}|{len(rows) if records is None else records}|19830101|{day}|+0000"]
    head += [f"{registry}|*|{kind}|*|{counts[kind]}|summary" for kind in KINDS]
    return "\n".join([*head, *(f"{registry}|{row}" for row in rows)]) + "\n"


WORLD = {
    "afrinic": ["EG|asn|8452|1|19970101|allocated", "EG|ipv4|41.32.0.0|65536|20050101|allocated"],
    "apnic": [
        "KP|asn|131279|1|20091221|allocated",
        "KP|ipv4|175.45.176.0|1024|20091221|allocated",
        "JP|ipv6|2001:200::|35|19990813|allocated",
    ],
    "arin": ["US|asn|701|2|19900803|assigned", "US|ipv4|8.0.0.0|16777216|19921201|allocated"],
    "lacnic": ["BR|asn|1916|1|19991116|allocated", "BR|ipv4|200.17.0.0|4096|20000116|assigned"],
    "ripencc": ["SY|asn|29386|1|20030814|allocated", "SY|ipv4|5.0.0.0|65536|20100101|allocated"],
}
"""A small world: one or two records of each registry."""


def write_world(folder: Path, day: str = "20141008", **changed: Sequence[str]) -> list[Path]:
    """The five files of a small world; `changed` are the records of some registry."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for registry, rows in (WORLD | changed).items():
        paths.append(folder / f"delegated-{registry}-extended-latest")
        paths[-1].write_text(delegation_text(registry, day, rows))
    return paths
