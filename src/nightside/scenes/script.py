"""Scripts: scenes as JSON files (package data in `scripts/`, or any file), read strictly: docs/scenes.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from nightside.model.errors import InputError, UnreadableError, UsageError
from nightside.scenes.checks_script import read_checks
from nightside.scenes.claims_script import read_claim
from nightside.scenes.fields import Fields
from nightside.scenes.scene import (
    AsPath,
    Basis,
    Churn,
    Collector,
    Expected,
    Flaps,
    Happening,
    Loss,
    MissingFile,
    Network,
    Reset,
    Scene,
    Session,
    Severity,
    Stuck,
)


def list_scenes() -> list[str]:
    """The names of the scenes that come with the program, sorted."""
    folder = resources.files("nightside.scenes") / "scripts"
    return sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json"))


def read_scene(name_or_path: str | Path) -> Scene:
    """The scene of that name, or of that JSON file.

    Raises UsageError for a name that is none, UnreadableError and InputError (with the place in the file).
    """
    if isinstance(name_or_path, str) and not name_or_path.endswith(".json"):
        if name_or_path not in list_scenes():
            advice = f"There are: {', '.join(list_scenes())}; or name a .json file."
            raise UsageError(f"there is no scene {name_or_path!r}", advice=advice)
        where = f"{name_or_path}.json"
        text = (resources.files("nightside.scenes") / "scripts" / where).read_text(encoding="utf-8")
    else:
        where = str(name_or_path)
        try:
            text = Path(name_or_path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"cannot be read: {error}", where=where) from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", where=f"{where}, line {error.lineno}") from None
    return parse_scene(value, name=Path(where).stem, where=where)


def parse_scene(value: Any, *, name: str, where: str) -> Scene:
    """The scene that a script's JSON value describes; InputError where it is not one."""
    fields = Fields(value, where)
    begin, end = _span(fields)
    update_every_s = fields.integer("update_every_s", 300, least=60)
    table_every_s = fields.integer("table_every_s", 28800, least=300)
    if begin % table_every_s or table_every_s % update_every_s or (end - begin) % update_every_s:
        raise fields.fail("from", "it must be a table's time; tables and the end must be an update file's")
    collectors = fields.objects("collectors", _collector)
    groups = fields.objects("operators", _operator)
    networks = tuple(network for group in groups for network in group)
    known = _Known(fields, collectors, networks, begin, end, update_every_s)
    expected = fields.objects("expected", known.expected, may_miss=True)
    scene = Scene(
        name=name,
        title=fields.text("title"),
        note=fields.text("note"),
        seed=fields.integer("seed"),
        begin=begin,
        end=end,
        update_every_s=update_every_s,
        table_every_s=table_every_s,
        transit=tuple(fields.take("transit", list)),
        collectors=collectors,
        networks=networks,
        happenings=fields.objects("happenings", known.happening),
        expected=expected,
        claims=fields.objects("claims", lambda one: read_claim(one, len(expected)), may_miss=True),
        checks=read_checks(fields, begin, end),
    )
    if not scene.transit or not all(type(asn) is int and 0 < asn < 2**32 for asn in scene.transit):
        raise fields.fail("transit", "a list of AS numbers is needed")
    fields.done()
    return scene


def _span(fields: Fields) -> tuple[int, int]:
    begin, end = fields.time("from"), fields.time("to")
    if begin >= end:
        raise fields.fail("to", "it is not after 'from'")
    return begin, end


def _collector(fields: Fields) -> Collector:
    return Collector(
        fields.text("name"),
        fields.address("local_ipv4", 4),
        fields.address("local_ipv6", 6),
        fields.objects("sessions", _session),
    )


def _session(fields: Fields) -> Session:
    feed = fields.share("feed", 1.0)
    # Between half and all of the table, "full feed" would hang on the size of the other tables.
    if 0.4 < feed < 1.0 or feed == 0.0:
        raise fields.fail("feed", "a partial feed is more than 0 and at most 0.4; a full one is 1")
    return Session(fields.address("address"), fields.integer("asn", least=1), feed)


def _operator(fields: Fields) -> tuple[Network, ...]:
    country = fields.text("country")
    if len(country) != 2 or not country.isupper():
        raise fields.fail("country", f"{country!r} is not an ISO 3166-1 alpha-2 code")
    origin = fields.integer("origin")
    via = tuple(_chain(fields, text) for text in fields.take("via", list))
    if not via:
        raise fields.fail("via", "at least one chain of upstreams is needed")
    prefixes = [fields.prefix("prefixes", value) for value in fields.take("prefixes", list)]
    return tuple(Network(prefix, origin, country, via) for prefix in prefixes)


def _chain(fields: Fields, text: Any) -> AsPath:
    words = text.split() if isinstance(text, str) else []
    if not words or not all(word.isdecimal() and 0 < int(word) < 2**32 for word in words):
        raise fields.fail("via", f"{text!r} is not a chain of AS numbers, such as '1239 4837'")
    return tuple(int(word) for word in words)


def _basis(fields: Fields) -> Basis:
    assumed = fields.take("assumed", bool, False)
    if assumed:
        return Basis(None, fields.text("reason"))
    return Basis(fields.text("source"), None)


class _Known:
    """Reads what refers to collectors and networks, and refuses what is not there."""

    def __init__(
        self,
        fields: Fields,
        collectors: tuple[Collector, ...],
        networks: tuple[Network, ...],
        begin: int,
        end: int,
        update_every_s: int,
    ) -> None:
        self._begin, self._end, self._update_every_s = begin, end, update_every_s
        self._collectors = {c.name: c for c in collectors}
        self._by_country: dict[str, list[str]] = {}
        for network in networks:
            self._by_country.setdefault(network.country, []).append(network.prefix)
        self._prefixes = {n.prefix for n in networks}
        if len(self._collectors) != len(collectors) or not any(c.sessions for c in collectors):
            raise fields.fail("collectors", "names must differ, and there must be sessions")
        for collector in collectors:
            if len({s.address for s in collector.sessions}) != len(collector.sessions):
                raise fields.fail("collectors", f"an address stands twice at {collector.name}")
        if len(self._prefixes) != len(networks):
            twice, _ = Counter(n.prefix for n in networks).most_common(1)[0]
            raise fields.fail("operators", f"{twice} stands twice")
        self._readers: dict[str, Callable[[Fields], Happening]] = {
            "loss": self._loss,
            "flaps": self._flaps,
            "stuck": self._stuck,
            "reset": self._reset,
            "missing_file": self._missing_file,
            "churn": self._churn,
        }

    def happening(self, fields: Fields) -> Happening:
        """One happening, by its `kind`."""
        kind = fields.text("kind")
        if kind not in self._readers:
            raise fields.fail("kind", f"{kind!r} is none of {', '.join(self._readers)}")
        return self._readers[kind](fields)

    def expected(self, fields: Fields) -> Expected:
        """One documented episode."""
        country, severity = fields.text("country"), fields.text("severity")
        if country not in self._by_country:
            raise fields.fail("country", f"no network of {country!r} is in the scene")
        if severity not in get_args(Severity):
            raise fields.fail("severity", f"{severity!r} is none of {', '.join(get_args(Severity))}")
        onset, end = self._times(fields, "onset", "end")
        tolerance_s = fields.integer("tolerance_s", 30)
        return Expected(country, severity, onset, end, tolerance_s, fields.text("source"))  # type: ignore[arg-type]

    def _times(self, fields: Fields, first: str = "from", last: str = "to") -> tuple[int, int]:
        begin, end = fields.time(first), fields.time(last)
        if not self._begin <= begin < end <= self._end:
            raise fields.fail(last, f"{first!r} and {last!r} must be in order and within the scene")
        return begin, end

    def _networks(self, fields: Fields) -> tuple[str, ...]:
        value = fields.take("networks", (str, list))
        if isinstance(value, str):
            if value not in self._by_country:
                raise fields.fail("networks", f"no network of {value!r} is in the scene")
            return tuple(self._by_country[value])
        prefixes = fields.texts("networks", value)
        for prefix in prefixes:
            if prefix not in self._prefixes:
                raise fields.fail("networks", f"{prefix!r} is not in the scene")
        return prefixes

    def _collector(self, fields: Fields) -> Collector:
        name = fields.text("collector")
        if name not in self._collectors:
            raise fields.fail("collector", f"{name!r} is not in the scene")
        return self._collectors[name]

    def _loss(self, fields: Fields) -> Loss:
        networks = self._networks(fields)
        begin, end = fields.time("from"), fields.time_or_none("to")
        if not self._begin <= begin < (self._end if end is None else end) <= self._end:
            raise fields.fail("to", "'from' and 'to' must be in order and within the scene")
        return Loss(
            networks,
            begin,
            end,
            fields.integer("spread_s", 60, most=600),
            fields.integer("stagger_s", 0, most=600),
            fields.share("hunting", 0.3),
            _basis(fields),
        )

    def _flaps(self, fields: Fields) -> Flaps:
        take = fields.text("take")
        if take not in ("all", "one"):
            raise fields.fail("take", f"{take!r} is neither 'all' nor 'one'")
        return Flaps(
            self._networks(fields),
            "all" if take == "all" else "one",
            *self._times(fields),
            fields.range("down_s"),
            fields.range("up_s"),
            fields.integer("spread_s", 30, most=600),
            fields.share("hunting", 0.3),
            _basis(fields),
        )

    def _stuck(self, fields: Fields) -> Stuck:
        return Stuck(
            fields.integer("asn", least=1), self._networks(fields), *self._times(fields), _basis(fields)
        )

    def _reset(self, fields: Fields) -> Reset:
        collector = self._collector(fields)
        held = tuple(s.address for s in collector.sessions)
        value = fields.take("sessions", (str, list))
        addresses = held if value == "all" else fields.texts("sessions", value)
        if not set(addresses) <= set(held):
            raise fields.fail("sessions", f"'all', or a list of addresses at {collector.name}")
        begin, end = self._times(fields)
        return Reset(
            collector.name,
            addresses,
            begin,
            end,
            fields.integer("transfer_s", 30, least=1),
            fields.take("end_of_rib", bool, True),
            _basis(fields),
        )

    def _missing_file(self, fields: Fields) -> MissingFile:
        collector, begin = self._collector(fields), fields.time("at")
        if (begin - self._begin) % self._update_every_s or not self._begin <= begin < self._end:
            raise fields.fail("at", "it is not the time of an update file")
        return MissingFile(collector.name, begin, _basis(fields))

    def _churn(self, fields: Fields) -> Churn:
        per_hour = fields.take("events_per_hour", (int, float))
        if per_hour <= 0:
            raise fields.fail("events_per_hour", "it must be more than 0")
        return Churn(*self._times(fields), float(per_hour), _basis(fields))
