"""Entities in IODA's shape: {code, name, type, subnames, attrs}. All countries of the world, and the watched ASes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nightside.publish.headlines import as_name as named_as
from nightside.web.memory import Latest
from nightside.world.names import as_name, country_codes, country_name
from nightside.world.snapshot import load

MOST_ASN = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Meta:
    """A country or an AS."""

    type: str
    code: str
    name: str
    watched: bool

    @property
    def fqid(self) -> str:
        """Its name in IODA's tree, whose third part is a continent there; we count by registry and know none."""
        return f"asn.{self.code}" if self.type == "asn" else f"geo.registry.{self.code}"

    def json(self) -> dict[str, Any]:
        """In IODA's shape; what IODA has and we do not (addresses of an AS) is left out."""
        attrs = {"fqid": self.fqid}
        if self.type == "asn":
            name = as_name(int(self.code))
            attrs |= {"name": name, "org": name} if name else {}
        return {
            "code": self.code,
            "name": self.name,
            "type": self.type,
            "subnames": [],
            "attrs": attrs,
            "nightside": {"watched": self.watched},
        }


def meta_of(entity: dict[str, Any]) -> Meta:
    """Of the entity of a stored incident."""
    code, name = entity["code"], entity["name"]
    return Meta(entity["type"], code, named_as(code, name) if entity["type"] == "asn" else name, True)


def found(
    latest: Latest,
    kind: str | None,
    codes: Sequence[str] = (),
    related: tuple[str, str] | None = None,
    search: str = "",
) -> list[Meta]:
    """Who is meant, in the order of type and code, with `search` the best matches first; none of a type we do not have.

    An AS that is named by its number is there though nobody watches it, as with IODA.
    """
    metas = [m for m in _all(latest, codes) if (kind is None or m.type == kind)]
    if codes:
        wanted = set(codes)
        metas = [m for m in metas if m.code in wanted]
    if related is not None:
        metas = list(_related(metas, latest, *related))
    if search:
        sought = search.casefold()
        metas = [m for m in metas if sought in m.name.casefold() or m.code.casefold() == sought]
        metas.sort(
            key=lambda m: (
                m.code.casefold() != sought,
                m.name.casefold() != sought,
                m.type != "country",
                m.name,
            )
        )
    return metas


def _all(latest: Latest, codes: Iterable[str]) -> Iterator[Meta]:
    watched = {code: state.name for (kind, code), state in latest.entities.items() if kind == "asn"}
    named = {code for code in codes if code.isdecimal() and code.isascii() and int(code) <= MOST_ASN}
    for code in sorted(named | set(watched), key=int):
        name = watched.get(code) or as_name(int(code)) or ""
        yield Meta("asn", code, named_as(code, name), code in watched)
    for code in sorted(country_codes()):
        yield Meta("country", code, country_name(code), ("country", code) in latest.entities)


def _related(metas: Sequence[Meta], latest: Latest, kind: str, code: str) -> Iterator[Meta]:
    """ASes of a country and countries of an AS, by the registries; other relations there are not."""
    snapshot = load()
    if kind == "country":
        for meta in metas:
            if meta.type == "asn":
                country = snapshot.country_of_asn(int(meta.code))
                if country is not None and code in ("", country):
                    yield meta
    elif kind == "asn":
        asns = [code] if code else [c for (k, c) in latest.entities if k == "asn"]
        countries = {snapshot.country_of_asn(int(a)) for a in asns if a.isdecimal() and len(a) <= 10}
        yield from (m for m in metas if m.type == "country" and m.code in countries)
