"""The daily files of world-observer (dennishilk/world-observer, MIT): what somebody's one place found of a country.

Two forms. The older has each target: ping, TCP to port 443, and look-ups. The newer has only shares by layer, of a day
whose hour is not told. What a file does not say is not made up: a cause that is not told is `cause_unknown`, a fault of
the observer's own program is `not_possible`, and the address family, which is not told, stands as IPv4 with a fact that
says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NoReturn

from nightside.model.check import CheckResult, Family, Kind, Outcome, Phase
from nightside.model.errors import InputError

COUNTRY_OF = {"north-korea-connectivity": "KP"}
"""By the observer's name."""
GROUP = "not told"
ALL = "all targets"
HTTPS = "tcp_443"
_ASSUMED = {"family": "not told"}
_LAYERS: tuple[Kind, ...] = ("dns", "tcp", "icmp", "tls")
MOST_TARGETS = 1_000


def results_of_day(day: Any, where: str) -> Iterator[CheckResult]:
    """The results of one file. Raises InputError where it is none of the two forms."""
    try:
        yield from _results(day, where)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"is no daily file of world-observer ({type(error).__name__}: {error})"[:200],
            where=where,
            advice="Known are the forms of its north-korea-connectivity: with `targets`, and with `layers`.",
        ) from None


def _results(day: Any, where: str) -> Iterator[CheckResult]:
    place = day["observer"]
    country = COUNTRY_OF.get(place) if isinstance(place, str) else None
    if country is None:
        raise InputError(
            f"of which country the observer {str(place)[:40]!r} tells is not known",
            where=where,
            advice=f"Known: {', '.join(COUNTRY_OF)}.",
        )
    if "targets" in day:
        at = _instant(day["timestamp"])
        if len(day["targets"]) > MOST_TARGETS:
            _refuse("too many targets")
        for target in day["targets"]:
            yield from _target(
                target, _Maker(at, place, country, _word(target["name"]), {"host": _word(target["host"])})
            )
        return
    at = _instant(day["date_utc"])
    if not isinstance(day["layers"], dict) or not day["layers"]:
        _refuse("no layers")
    for kind in _LAYERS:
        if kind in day["layers"]:
            maker = _Maker(at, place, country, ALL, {"at": "the day; its hour is not told"})
            yield _layer(kind, day["layers"][kind], maker)


class _Maker:
    def __init__(self, at: float, place: str, country: str, target: str, facts: Mapping[str, Any]) -> None:
        self._same = {"at": at, "place": place, "country": country, "target": target, "group": GROUP}
        self._facts = facts

    def result(
        self,
        kind: Kind,
        outcome: Outcome,
        failed_in: Phase | None,
        detail: str | None,
        *,
        part: str = "",
        family: Family | None = None,
        **more: Any,
    ) -> CheckResult:
        facts = {**self._facts, **more.pop("facts", {}), **({} if family else _ASSUMED)}
        return CheckResult(
            kind=kind,
            outcome=outcome,
            failed_in=failed_in,
            detail=detail,
            part=part,
            family=family or 4,
            address=None,
            facts=facts,
            **self._same,  # type: ignore[arg-type]
            **more,
        )


def _target(target: Mapping[str, Any], maker: _Maker) -> Iterator[CheckResult]:
    ping = target["ping"]
    if ping["ok"] is True:
        yield maker.result("icmp", "ok", None, None, first_byte_ms=_ms(ping["rtt_ms"]))
    elif ping["error"] == "no_reply":
        yield maker.result("icmp", "timed_out", "first_byte", "no_reply")
    else:
        yield maker.result("icmp", "cause_unknown", None, _said(ping["error"]))
    tcp = target[HTTPS]
    if tcp["ok"] is True:
        yield maker.result("tcp", "ok", None, None, part="443", connect_ms=_ms(tcp["connect_ms"]))
    else:
        outcome, failed_in = _TCP_FAILED.get(tcp["error"], ("cause_unknown", None))
        yield maker.result("tcp", outcome, failed_in, _said(tcp["error"]), part="443")
    families: tuple[tuple[str, Family], ...] = (("a", 4), ("aaaa", 6))
    for record, family in families:
        looked_up = target["dns"][record]
        part = f"look-up of {record.upper()}"
        if looked_up["status"] == "ok":
            answers = [_word(answer) for answer in looked_up["answers"]][:16]
            yield maker.result("dns", "ok", None, None, part=part, family=family, facts={"answers": answers})
        elif looked_up["error"] == "AttributeError":
            detail = "the observer's own program failed: AttributeError"
            yield maker.result("dns", "not_possible", None, detail, part=part, family=family)
        else:
            yield maker.result(
                "dns", "cause_unknown", "resolve", _said(looked_up["error"]), part=part, family=family
            )


_TCP_FAILED: Mapping[str | None, tuple[Outcome, Phase | None]] = {
    "TimeoutError": ("timed_out", "connect"),
    "ConnectionRefusedError": ("refused", "connect"),
    "ConnectionResetError": ("reset", "connect"),
    # The name was not resolved: that it does not exist, or that nobody answered for it, is one and the same error.
    "gaierror": ("cause_unknown", "resolve"),
}


def _layer(kind: Kind, layer: Mapping[str, Any], maker: _Maker) -> CheckResult:
    """A day's share as one result: ok where any probe succeeded; how many is in the facts."""
    count, share = layer["probe_count"], layer["success_rate"]
    facts: dict[str, Any] = {"probe_count": count, "success_rate": share}
    for key in ("mean_latency_ms", "data_completeness"):
        if key in layer:
            facts[key] = None if layer[key] is None else _number(layer[key])
    if not isinstance(count, int) or share is None or count == 0:
        return maker.result(
            kind, "not_possible", None, "no probes that tell anything", part="of a day", facts=facts
        )
    if not 0 <= _number(share) <= 1:
        _refuse("success_rate is no share")
    detail = f"{round(share * count)} of {count} probes succeeded"
    return maker.result(
        kind, "ok" if share > 0 else "cause_unknown", None, detail, part="of a day", facts=facts
    )


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _word(text: Any) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= 100:
        _refuse("a text that is none, or too long")
    return text


def _said(error: Any) -> str:
    return str(error)[:200]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        _refuse("a number that is none")
    return float(value)


def _ms(value: Any) -> float | None:
    return None if value is None else _number(value)


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)
