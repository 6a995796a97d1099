"""What stands in a cell of the report's tables: plain words, instants, shares, severities. No markup here."""

from __future__ import annotations

from dataclasses import dataclass, field

from nightside.model.instants import iso, parse_iso
from nightside.publish import phrases, reading
from nightside.publish import report_phrases as words
from nightside.publish.headlines import percent
from nightside.publish.moments import Clock, Range, short_date, time_words, utc
from nightside.publish.reading import Json


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words; `code` for prefixes, digests and file names, `number` to be set flush right."""

    text: str
    style: str = ""
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: for machines, in UTC, and on the clocks of the place (empty without a zone)."""

    iso: str
    date: str
    time: str
    local: str
    """`23 Dec 01:15:00`; the date only where it is another."""
    offset: str
    """`+09:00`."""
    place: str
    """`in Pyongyang, UTC+09:00`."""


@dataclass(frozen=True, slots=True)
class When:
    """One instant, the two ends of a range, or, where there is none, a word for that."""

    moments: tuple[Moment, ...]
    instead: str = ""
    style: str = ""
    kind: str = "when"


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of one, as words and as a bar; None is not known."""

    share: float | None
    style: str = ""
    kind: str = "bar"

    @property
    def text(self) -> str:
        """The share in percent."""
        return words.NOT_KNOWN if self.share is None else percent(self.share)

    @property
    def width(self) -> str:
        """The bar's width in percent, as a number."""
        return f"{100 * min(1.0, max(0.0, self.share or 0.0)):.1f}"


@dataclass(frozen=True, slots=True)
class Severity:
    """A severity as a word and its colour."""

    severity: str
    style: str = ""
    kind: str = "severity"

    @property
    def text(self) -> str:
        """The severity in words."""
        return words.SEVERITY[self.severity]


Cell = Text | When | Bar | Severity


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; the first cell of each row is the row's heading."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)


def moment(clock: Clock, second: int) -> Moment:
    """An instant to the second."""
    at, local = utc(second), clock.local(second)
    date, time = f"{short_date(at)} {at.year}", time_words(at, seconds=True) + " UTC"
    if local is None:
        return Moment(iso(second), date, time, "", "", "")
    told = time_words(local, seconds=True)
    if local.date() != at.date():
        told = f"{short_date(local)} {told}"
    offset = clock.offset(second)
    place = words.PLACE.format(city=clock.city, offset=offset)
    return Moment(iso(second), date, time, told, offset.removeprefix("UTC"), place)


def when(clock: Clock, text: str | None, known: Range | None = None, instead: str = words.NOT_YET) -> When:
    """The instant of an ISO text, or its range."""
    if text is None:
        return When((), instead)
    if known is not None and known[0] != known[1]:
        return When((moment(clock, known[0]), moment(clock, known[1])))
    return When((moment(clock, parse_iso(text)),))


def onset_of(clock: Clock, episode: Json) -> When:
    """The onset of an episode or an incident."""
    return when(clock, episode["onset"], reading.range_of(episode["onset_range"]))


def end_of(clock: Clock, episode: Json) -> When:
    """The end of an episode or an incident."""
    return when(clock, episode["end"], reading.range_of(episode["end_range"]))


def number(count: int | None) -> Text:
    """A count with its thousands."""
    return Text(words.NOT_KNOWN if count is None else f"{count:,}", "number")


def as_words(asns: list[int]) -> str:
    """`AS131279, AS4837`."""
    return ", ".join(phrases.BARE_AS.format(asn=asn) for asn in asns) or words.NOT_KNOWN
