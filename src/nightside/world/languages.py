"""The languages in which countries can be named: those of Unicode's CLDR, as the package `babel` carries them.

A tag is one of BCP 47 (`de`, `zh-Hant`, `pt-BR`); an underscore does for a hyphen.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache

from nightside.model.errors import UsageError

ENGLISH = "en"

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}", re.ASCII)
_SHOWN = 40
"""So much of a tag is quoted in an error."""
_LONGEST_HEADER = 1_000
_PREFERRED = 16
"""So many languages of one header are looked at."""
_READ_TOGETHER = 40
_SHORTEST_WORD = 4
"""Shorter words of ASCII are codes, not names."""


@lru_cache(maxsize=512)
def language_of(tag: str) -> str | None:
    """CLDR's own spelling of a language (`zh-Hant` of `zh_hant`); None where it has no such language."""
    if not _TAG.fullmatch(tag):
        return None
    if tag.lower() == ENGLISH:
        # Most ask for this one, and babel takes a while to come.
        return ENGLISH
    from babel import Locale, UnknownLocaleError

    scripts = [part.title() for part in re.split("[-_]", tag)[1:] if len(part) == len("Hant")]
    if any(script.isalpha() and script not in Locale(ENGLISH).scripts for script in scripts):
        # Babel passes over a script that it does not know.
        return None
    try:
        found = Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    # Countries are called the same wherever English is spoken.
    return ENGLISH if (found.language, found.script) == (ENGLISH, None) else str(found).replace("_", "-")


def require_language(tag: str) -> str:
    """The language that a tag names; UsageError with a near one where there is none such."""
    found = language_of(tag.strip())
    if found is not None:
        return found
    near = _near(tag.strip()[:_SHOWN])
    hint = f"Did you mean {near}? " if near else ""
    quoted = tag if len(tag) <= _SHOWN else tag[:_SHOWN] + "…"
    raise UsageError(
        f"no language has the tag {quoted!r}",
        advice=f"{hint}Give a tag of BCP 47 that CLDR knows, such as de, ko or zh-Hant.",
    )


def accepted_language(header: str | None) -> str:
    """The first language of an Accept-Language header that there is (RFC 9110 12.5.4; RFC 4647 3.4); else English."""
    wanted = []
    for place, part in enumerate((header or "")[:_LONGEST_HEADER].split(",")[:_PREFERRED]):
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        if quality > 0:
            wanted.append((-quality, place, tag.strip()))
    for _quality_of, _place, tag in sorted(wanted):
        while tag:
            found = language_of(tag)
            if found is not None:
                return found
            tag = tag.rpartition("-")[0]
    return ENGLISH


def _quality(parameter: str) -> float:
    named = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", parameter)
    if named:
        return min(float(named[1]), 1.0)
    return 0.0 if parameter.strip() else 1.0


@lru_cache(maxsize=64)
def territory_names(language: str) -> dict[str, str]:
    """CLDR's names of territories by code in a language as `language_of` gives it; some languages lack some."""
    names = _read(language)
    _let_go()
    return names


def _read(language: str) -> dict[str, str]:
    from babel import Locale

    found = Locale.parse(language, sep="-").territories
    return {str(code): str(name) for code, name in found.items() if len(code) == len("KP")}


def _let_go() -> None:
    """Babel keeps all of each language that it ever read, for these few names: with every language 180 MiB."""
    from babel import localedata

    localedata._cache.clear()


def folded(name: str) -> str:
    """A name as it is compared: without case, accents and outer blanks."""
    apart = unicodedata.normalize("NFKD", name.strip()).casefold()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def code_in_any_language(name: str) -> str | None:
    """The territory that is called so in some language of CLDR; None where none is, or as often another."""
    if name.isascii() and len(name.strip()) < _SHORTEST_WORD:
        return None
    return _by_name().get(folded(name))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    """All names of all languages, read once: about a second."""
    from babel import localedata

    called: defaultdict[str, Counter[str]] = defaultdict(Counter)
    # Regions of a language differ in a few names only.
    wanted = [i for i in localedata.locale_identifiers() if len(i.partition("_")[2]) in (0, len("Hant"))]
    for place, identifier in enumerate(sorted(wanted)):
        for code, name in _read(identifier.replace("_", "-")).items():
            called[folded(name)][code] += 1
        if place % _READ_TOGETHER == 0:
            _let_go()
    _let_go()
    names = {}
    for name, codes in called.items():
        ranked = codes.most_common(2)
        if len(ranked) == 1 or ranked[0][1] > ranked[1][1]:
            names[name] = ranked[0][0]
    return names


def _near(tag: str) -> str | None:
    from difflib import get_close_matches

    from babel import Locale, localedata

    tags = {
        each.lower().replace("_", "-"): each.replace("_", "-") for each in localedata.locale_identifiers()
    }
    by_name: dict[str, str] = {
        str(name).lower(): each
        for each, name in Locale(ENGLISH).languages.items()
        if each in localedata.locale_identifiers()
    }
    asked = tag.lower().replace("_", "-")
    base = asked.partition("-")[0]
    near = get_close_matches(asked, tags, n=1, cutoff=0.8)
    if asked in by_name:
        return by_name[asked]
    if near:
        return tags[near[0]]
    if base in tags:
        return tags[base]
    near = get_close_matches(asked, by_name, n=1, cutoff=0.7)
    return by_name[near[0]] if near else None
