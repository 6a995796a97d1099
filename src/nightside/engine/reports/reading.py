"""Reports as people and programs write them: JSON or TOML, one report or many, checked key by key.

A document is one report, or {"reports": [...]}. All errors are InputErrors that name the report and the key.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from nightside.model.errors import InputError, UsageError
from nightside.model.report import (
    FIGURE_NAMES,
    KINDS,
    RULES,
    SCHEMA,
    STEP_S,
    WITHOUT_FIGURES,
    About,
    Figure,
    Precision,
    Range,
    Report,
)
from nightside.world.said_times import SaidTime, require_said_zone, said_time

MOST_BYTES = 256 << 10
MOST_REPORTS = 100
MOST_FIGURES = 8
TEXTS: dict[str, int] = {"says": 1000, "by": 100, "source": 200}
"""Of each text the most characters."""
URL_CHARS = 500
LONGEST_S = 10 * 366 * 86_400
MOST_OUTAGES = 100_000

_KEYS = ("schema", "kind", "says", "by", "source", "url", "said_on", "about", "figures")
_NEEDED = ("kind", "says", "by", "source", "said_on", "about")
_ABOUT_KEYS = ("at", "from", "to", "zone", "precision")
_FIGURE_KEYS = ("what", "value", "rule", "precision")
_T = TypeVar("_T")


def read_document(body: bytes, *, toml: bool = False, most: int = MOST_REPORTS) -> list[Report]:
    """The reports of a document of at most `most`, in its order."""
    if len(body) > MOST_BYTES:
        raise InputError(
            f"more than {MOST_BYTES} bytes", where="document", advice="Give the reports in several."
        )
    try:
        text = body.decode("utf-8-sig")
        found = tomllib.loads(text) if toml else json.loads(text)
    except RecursionError:
        raise InputError("nested too deeply", where="document", advice="A report is flat.") from None
    except ValueError as error:
        kind = "TOML" if toml else "JSON"
        raise InputError(f"no {kind}: {str(error)[:200]}", where="document") from None
    if not isinstance(found, dict) or "reports" not in found:
        return [read_report(found, "report")]
    if set(found) != {"reports"} or not isinstance(found["reports"], list):
        raise InputError(
            "`reports` stands beside other keys, or is no list",
            where="document",
            advice="Give one report, or `reports` alone with a list of them.",
        )
    if not 1 <= len(found["reports"]) <= most:
        raise InputError(
            f"{len(found['reports'])} reports; at once there may be 1 to {most}",
            where="reports",
            advice="Give them in several documents.",
        )
    return [read_report(each, f"reports[{number}]") for number, each in enumerate(found["reports"])]


def read_report(item: Any, where: str = "report") -> Report:
    """One report. What it lacks, and what is not known of it, is refused; nothing is filled in."""
    said = _object(item, where, _KEYS)
    for key in _NEEDED:
        if said.get(key) is None:
            raise InputError(f"`{key}` is missing", where=where, advice=_WHY_NEEDED.get(key, ""))
    if said.get("schema", SCHEMA) != SCHEMA:
        raise InputError(f"`schema` is not {SCHEMA}", where=where)
    kind = _one_of(said, "kind", KINDS, where)
    texts = {key: text_of(said, key, most, where) for key, most in TEXTS.items()}
    about = _about(said["about"], f"{where}.about")
    listed = said.get("figures") or []
    if not isinstance(listed, list) or len(listed) > MOST_FIGURES:
        raise InputError(f"no list of at most {MOST_FIGURES}", where=f"{where}.figures")
    if listed and kind in WITHOUT_FIGURES:
        raise InputError(
            f"a {kind} has no figures" if kind != "context" else "context has no figures",
            where=f"{where}.figures",
            advice="What was said to be so is a claim; give that as a report of its own.",
        )
    figures = [_figure(each, about, f"{where}.figures[{number}]") for number, each in enumerate(listed)]
    return Report(
        kind=kind,
        **texts,
        url=None if said.get("url") is None else _url(said["url"], f"{where}.url"),
        said_on=_date(said["said_on"], f"{where}.said_on"),
        about=about,
        figures=tuple(figures),
    )


_WHY_NEEDED = {
    "source": "Name where it stands: the title of the article, the post, the log.",
    "by": "Name who said it.",
    "said_on": "Give the date of the source: 2014-12-27.",
    "about": "Give the time that it is about: `at`, or `from` and `to`, with its `zone`.",
}


def _object(item: Any, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise InputError("not an object", where=where, advice=f"Its keys are {', '.join(known)}.")
    for key in item:
        if key not in known:
            raise InputError(
                f"the key {str(key)[:40]!r} is not known",
                where=where,
                advice=f"Its keys are {', '.join(known)}.",
            )
    return item


def _one_of(item: Mapping[str, Any], key: str, known: tuple[_T, ...], where: str) -> _T:
    for each in known:
        if item[key] == each:
            return each
    raise InputError(f"`{key}` is none of {', '.join(map(str, known))}", where=where)


def text_of(item: Mapping[str, Any], key: str, most: int, where: str) -> str:
    """The text under this key, on one line. Raises InputError: none, too long, or with control characters."""
    value = item[key]
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise InputError(f"`{key}` is no text of 1 to {most} characters", where=where)
    for sign in value:
        if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t":
            raise InputError(
                f"`{key}` has a control character (U+{ord(sign):04X})", where=where, advice="Leave it out."
            )
    return " ".join(value.split())


def _url(value: Any, where: str) -> str:
    advice = "Give an address that begins with https:// or http://, in ASCII; or none."
    if not isinstance(value, str) or not 1 <= len(value) <= URL_CHARS:
        raise InputError(f"no address of at most {URL_CHARS} characters", where=where, advice=advice)
    if not value.isascii() or any(not "!" <= sign <= "~" or sign in '<>"\\^`{|}' for sign in value):
        raise InputError("no address: it has a character that none has", where=where, advice=advice)
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or "@" in parts.netloc:
        raise InputError("no address of the web", where=where, advice=advice)
    return value


def _date(value: Any, where: str) -> str:
    text = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
    try:
        found = date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise InputError("no date", where=where, advice="Write the date of the source as 2014-12-27.")
    return found.isoformat()


def _written(value: Any) -> str | None:
    """A time as text; TOML has times of its own."""
    if isinstance(value, datetime):
        text = value.isoformat(timespec="minutes" if not value.second else "seconds")
        return text.replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value if isinstance(value, str) else None


def _about(item: Any, where: str) -> About:
    about = _object(item, where, _ABOUT_KEYS)
    at, begin, end = (_written(about.get(key)) for key in ("at", "from", "to"))
    for key, text in (("at", at), ("from", begin), ("to", end)):
        if text is None and about.get(key) is not None:
            raise InputError(f"`{key}` is no text", where=where, advice="Write a time as 2014-12-27T19:30.")
    if (at is None) == (begin is None) or (begin is None) != (end is None):
        raise InputError("neither `at` alone nor `from` and `to`", where=where, advice="Give one of the two.")
    precision = _precision(about, where)
    named = about.get("zone")
    if named is not None and not isinstance(named, str):
        raise InputError("`zone` is no text", where=where)
    zone = None if named is None else _explained(lambda: require_said_zone(named), f"{where}.zone")

    def said(text: str, key: str) -> SaidTime:
        return _explained(lambda: said_time(text, zone, precision), f"{where}.{key}")

    if at is not None:
        found = said(at, "at")
        return About(found.text, None, None, zone or _offset_of(found.text), found.precision, found.covers)
    assert begin is not None
    assert end is not None
    first, last = said(begin, "from"), said(end, "to")
    if last.covers[0] < first.covers[0]:
        raise InputError("`to` lies before `from`", where=where, advice="Exchange the two.")
    if last.covers[1] - first.covers[0] > LONGEST_S:
        raise InputError("it is about more than ten years", where=where, advice="Narrow it.")
    coarser = max(first.precision, last.precision, key=lambda p: STEP_S[p])
    covers = (first.covers[0], last.covers[1])
    return About(None, first.text, last.text, zone or _offset_of(first.text), coarser, covers)


def _offset_of(text: str) -> str:
    """The offset that a time was given with."""
    return "UTC" if text.endswith("Z") else text[-6:]


def _precision(item: Mapping[str, Any], where: str) -> Precision | None:
    if item.get("precision") is None:
        return None
    return _one_of(item, "precision", tuple(STEP_S), where)


def _explained(ask: Callable[[], _T], where: str) -> _T:
    try:
        return ask()
    except UsageError as error:
        raise InputError(error.what, where=where, advice=error.advice) from None


def _figure(item: Any, about: About, where: str) -> Figure:
    figure = _object(item, where, _FIGURE_KEYS)
    for key in ("what", "value"):
        if figure.get(key) is None:
            raise InputError(f"`{key}` is missing", where=where)
    what = _one_of(figure, "what", FIGURE_NAMES, where)
    rule = "about" if figure.get("rule") is None else _one_of(figure, "rule", RULES, where)
    precision = _precision(figure, where)
    if what in ("onset", "end"):
        text = _written(figure["value"])
        if text is None:
            raise InputError("`value` is no time", where=where, advice="Write it as 2014-12-27T19:30.")
        found = _explained(lambda: said_time(text, about.zone, precision), f"{where}.value")
        return Figure(what, found.text, rule, found.precision, _rounded_or_cut(found))
    value = figure["value"]
    most = LONGEST_S if what == "duration_s" else MOST_OUTAGES
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise InputError(f"`value` is no whole number of 0 to {most}", where=where)
    if what == "outages":
        if precision is not None:
            raise InputError("a number of outages has no precision", where=where)
        return Figure(what, value, rule, None, (value, value))
    length = precision or _length_precision(value)
    step = STEP_S[length]
    return Figure(what, value, rule, length, (max(0, value - step + 1), value + step - 1))


def _rounded_or_cut(said: SaidTime) -> Range:
    """What a time can stand for: people cut (16:15:40 is 16:15) and round (16:14:40 is 16:15). A day is a day."""
    first, last = said.covers
    step = STEP_S[said.precision]
    early = step // 2 if said.precision in ("minute", "hour") else 0
    return first - early, last - 1


def _length_precision(seconds: int) -> Precision:
    """How precisely a length was said where nobody says how: to the coarsest unit that divides it."""
    for precision in ("day", "hour", "minute"):
        if seconds and seconds % STEP_S[precision] == 0:
            return precision
    return "second"
