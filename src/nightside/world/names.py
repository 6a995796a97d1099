"""Names that people use: of countries (Unicode CLDR, in the reader's language) and of ASes."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from nightside.model.errors import UsageError
from nightside.world.languages import ENGLISH, code_in_any_language, folded, territory_names

_DATA = files("nightside.world") / "data"

SHORTER = {
    "CD": "DR Congo",
    "CG": "Republic of the Congo",
    "CI": "Côte d'Ivoire",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
}
"""Where CLDR's usual name is not what people write in a sentence; for English alone."""

OTHER_CODES = {"UK": "GB", "EL": "GR"}
"""Codes that are in use for a country but are not its ISO 3166-1 code."""

NAMED_ON = "2026-06-17"
"""The day of the table of registered names that is shipped: they are those of that day for any input."""

LONGEST_NAME = 80
"""No country is called by more letters."""


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """The valid codes: ISO 3166-1 alpha-2 as tzdata lists it, and XK for Kosovo."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    return frozenset({line[:2] for line in table.splitlines() if line and line[0] != "#"} | {"XK"})


@lru_cache(maxsize=64)
def country_names(language: str = ENGLISH) -> dict[str, str]:
    """The name of each country by its code, in a language as `require_language` gives it.

    English where that language has no name for one.
    """
    if language.partition("-")[0] != ENGLISH:
        own = territory_names(language)
        return {code: own.get(code, name) for code, name in country_names().items()}
    own = territory_names(language)
    return {code: SHORTER.get(code) or own[code] for code in sorted(country_codes())}


def country_name(code: str, language: str = ENGLISH) -> str:
    """The name of a country's ISO code: `North Korea`, `Kosovo`; `Nordkorea` in `de`.

    KeyError where the code is none.
    """
    return country_names(language)[code]


def called_so(name: str, language: str = ENGLISH) -> str | None:
    """The code of the country that has this code, or this name in English or in the language; None where none has."""
    if name.strip().upper() in country_codes():
        return name.strip().upper()
    wanted = folded(name)
    for each in dict.fromkeys((language, ENGLISH)):
        for code, called in country_names(each).items():
            if folded(called) == wanted:
                return code
    return None


def require_country(code: str) -> str:
    """The code in upper case; UsageError with the nearest country where it is none."""
    asked = code.strip()
    if asked.upper() in country_codes():
        return asked.upper()
    meant = _meant(asked)
    hint = f"Did you mean {meant} ({country_name(meant)})? " if meant else ""
    raise UsageError(
        f"no country has the code {asked[:LONGEST_NAME]!r}",
        advice=f"{hint}Give the two letters of ISO 3166-1, such as KP for North Korea.",
    )


def _meant(asked: str) -> str | None:
    from difflib import get_close_matches

    if asked.upper() in OTHER_CODES:
        return OTHER_CODES[asked.upper()]
    by_name = {name.lower(): code for code, name in country_names().items()}
    if asked.lower() in by_name:
        return by_name[asked.lower()]
    elsewhere = code_in_any_language(asked)
    if elsewhere in country_codes():
        return elsewhere
    near = get_close_matches(asked[:LONGEST_NAME].lower(), by_name, n=1, cutoff=0.75)
    return by_name[near[0]] if near else None


@lru_cache(maxsize=1)
def _names_in_use() -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = json.loads((_DATA / "as_names.json").read_text(encoding="utf-8"))
    return names


@lru_cache(maxsize=1)
def _registered() -> tuple[dict[int, int], list[int], bytes]:
    """(position by ASN, where each name ends in the text, the text)."""
    import numpy as np

    with (_DATA / "as_registered.npz").open("rb") as file, np.load(file) as data:
        numbers, lengths = data["numbers"].tolist(), data["lengths"]
        ends = np.cumsum(lengths, dtype=np.int64).tolist()
        return dict(zip(numbers, range(len(numbers)), strict=True)), [0, *ends], data["text"].tobytes()


def registered_as_name(asn: int) -> str | None:
    """The name under which the AS is registered (as of the snapshot), None where it is not known."""
    positions, ends, text = _registered()
    at = positions.get(asn)
    return None if at is None else text[ends[at] : ends[at + 1]].decode()


def as_name(asn: int) -> str | None:
    """The name that people use for the AS (`China Unicom`), else the registered one, else None."""
    in_use = _names_in_use().get(str(asn))
    return in_use["name"] if in_use else registered_as_name(asn)
