"""What was known at the instant of a post, read from an incident that may know more by now. No words here.

Whatever came after the instant stays out: an end that was not seen yet, a lowest that was not reached yet. Where
the incident does not hold what a message is about (it was corrected since), the message alone is believed.
"""

from __future__ import annotations

from dataclasses import dataclass

from nightside.model.instants import iso_or_none, parse_iso
from nightside.publish import reading
from nightside.publish.reading import Json


@dataclass(frozen=True, slots=True)
class Known:
    """One message, and what the incident says that was known when it was sent."""

    kind: str
    at: int
    severity: str
    onset: int
    end: int | None
    incident: Json

    @classmethod
    def of(cls, message: Json, incident: Json) -> Known:
        """The message {key, kind, at, severity, onset, end} of an incident."""
        return cls(
            message["kind"],
            parse_iso(message["at"]),
            message["severity"],
            parse_iso(message["onset"]),
            reading.second(message["end"]),
            incident,
        )

    def lasting(self, since: int) -> Json:
        """The deepest episode that lasts at the instant and began at `since` or later, its end left out."""
        return self._lasting(since) or self._bare()

    def _lasting(self, since: int) -> Json | None:
        found = [e for e in self._deep() if since <= parse_iso(e["onset"]) and _lasts(e, self.at)]
        deepest = sorted(found, key=lambda e: (e["severity"] == "total", e["onset"]))
        return dict(deepest[-1]) | {"end": None, "end_range": None} if deepest else None

    def since_then(self) -> Json | None:
        """The outermost episode that began after what the message is about, and lasts at the instant."""
        found = [e for e in self._deep() if _after(e, self.end) and _lasts(e, self.at)]
        return dict(self._lasting(parse_iso(found[0]["onset"])) or found[0]) if found else None

    def outer(self) -> Json:
        """The outermost episode that the message is about, with the message's own end."""
        same = [e for e in self._deep() if e["severity"] == "severe" and parse_iso(e["onset"]) == self.onset]
        episode = dict(same[0]) if same else self._bare()
        if reading.second(episode["end"]) == self.end:
            return episode
        return episode | {"end": iso_or_none(self.end), "end_range": None}

    def worst(self) -> Json:
        """The longest ended episode of the message's severity within its onset and end."""
        found = [
            e
            for e in self._deep()
            if e["severity"] == self.severity and parse_iso(e["onset"]) >= self.onset and self._within(e)
        ]
        longest = sorted(found, key=lambda e: (-e["duration_s"], e["onset"]))
        return dict(longest[0]) if longest else self._bare()

    def short_ones(self) -> int:
        """How many outermost episodes within the message's onset and end were short."""
        confirm_s = reading.setting(self.incident, "end_confirmed_s")
        return sum(
            e["severity"] == "severe"
            and parse_iso(e["onset"]) >= self.onset
            and self._within(e)
            and e["duration_s"] < confirm_s
            for e in self._deep()
        )

    def around_until(self, worst: Json) -> int | None:
        """The end of the severe episode around `worst`, where that was well after the end of `worst`."""
        onset, end = parse_iso(worst["onset"]), reading.second(worst["end"])
        for episode in self._deep():
            ended = reading.second(episode["end"])
            if ended is None or end is None or episode["severity"] != "severe" or ended > self.at:
                continue
            if parse_iso(episode["onset"]) <= onset and ended - end >= reading.CLIFF_S:
                return ended
        return None

    def partly(self) -> bool:
        """Whether a partial episode lasts at the instant."""
        return any(e["severity"] == "partial" and _lasts(e, self.at) for e in self.incident["episodes"])

    def networks_gone(self, episode: Json) -> int:
        """How many networks there are, where all were gone from the onset of a total episode on; else 0.

        The networks' own instants are those of the headline.
        """
        head, onset = reading.headline_episode(self.incident), parse_iso(episode["onset"])
        if head is None or head["onset"] != episode["onset"] or episode["severity"] != "total":
            return 0
        if episode["onset_range"] is not None:
            return 0
        every = self.incident["networks"]
        gone = [
            n
            for n in reading.lost_networks(self.incident)
            if parse_iso(n["onset"]) <= onset and (n["end"] is None or parse_iso(n["end"]) > self.at)
        ]
        return len(every) if len(gone) == len(every) else 0

    def unstable_s(self) -> int:
        """Seconds of instability before the onset; 0 where there was none, or none that was known by then.

        A stretch is dated back to its first loss. It is known once its losses are enough, which is within the
        window in which they count.
        """
        window_s = reading.setting(self.incident, "unstable_window_s")
        for stretch in self.incident["instability"]:
            began, ended = parse_iso(stretch["began"]), reading.second(stretch["ended"])
            if began + window_s <= self.onset and (ended is None or ended >= self.onset):
                return self.onset - began
        return 0

    def lowest(self, episode: Json) -> float | None:
        """What was left at the lowest of an ended episode."""
        value = episode.get("lowest")
        return None if value is None else float(value)

    def _deep(self) -> list[Json]:
        return [e for e in self.incident["episodes"] if e["severity"] in ("severe", "total")]

    def _within(self, episode: Json) -> bool:
        return self.end is not None and episode["end"] is not None and parse_iso(episode["end"]) <= self.end

    def _bare(self) -> Json:
        """The message as an episode."""
        return {
            "severity": self.severity,
            "onset": iso_or_none(self.onset),
            "end": iso_or_none(self.end),
            "onset_range": None,
            "end_range": None,
        }


def _lasts(episode: Json, at: int) -> bool:
    """Whether the episode has begun by `at` and is not over."""
    return parse_iso(episode["onset"]) <= at and (episode["end"] is None or parse_iso(episode["end"]) > at)


def _after(episode: Json, end: int | None) -> bool:
    return end is not None and parse_iso(episode["onset"]) >= end
