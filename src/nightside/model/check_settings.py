"""The numbers by which results of checks are judged (docs/definitions.md), stored with each answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """All numbers, with the house's defaults. Times in seconds, shares as fractions of one."""

    healthy_share: float = 0.5
    """A place is healthy while at least this share of its canaries' networks answers it."""
    heard_rounds: float = 2.5
    """What a place said holds for so many of its rounds: two, and half a one for those that come late."""
    round_unknown_s: int = 60
    """A round of a place that has checked nothing twice, so that nobody knows how often it checks."""
    longest_round_s: int = 86400
    """A place that checks less often is not expected to say anything in between."""
    down_results: int = 2
    """A place says down after so many failed results in a row."""
    quorum_share: float = 0.5
    """A part is down when more than this share of the places that can speak say so."""
    speaking_share: float = 0.5
    """Where less than this share of the places that spoke lately can speak, nobody knows."""
    spoke_lately_s: int = 86400
    service_down_below: float = 0.5
    """A service is down while less than this share of its parts that answered before answers."""
    steady_share: float = 0.95
    """Routes are up beside services that are down while they are up for this share of that time."""
    slow_return_s: int = 900
    """A return is slow where nine tenths come longer than this after the first answer; to begin may take as long."""
    first_lead_s: int = 900
    """A service came back first where all others came at least so much later."""

    def to_json(self) -> dict[str, float | int]:
        """The settings as they stand in an answer."""
        return asdict(self)
