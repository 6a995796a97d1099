"""The thresholds of what counts as an outage (docs/definitions.md), stored with each result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

CountryBy = Literal["registry", "origin", "both"]
"""What makes a network a country's: the registry's word on its addresses, its origin AS's country, or both agreeing."""
COUNTRY_BY: tuple[CountryBy, ...] = get_args(CountryBy)


@dataclass(frozen=True, slots=True)
class Settings:
    """All thresholds, with the house's defaults. Times in seconds, shares as fractions of one."""

    full_feed_share: float = 0.5
    """A session is full feed with at least this share of the day's largest table."""
    expected_memory_s: int = 86400
    """Expected are the full-feed ASes that were known within this time."""
    expected_share: float = 0.5
    """While fewer than this share of the expected ASes are known, the view is unknown."""
    blind_share: float = 0.25
    """While fewer than this share of the expected ASes are known, nobody sees."""
    visible_share: float = 0.5
    """A prefix is visible while at least this share of the known ASes has a route to it."""
    visible_hysteresis: float = 0.0
    """A prefix becomes visible at `visible_share` plus this, and invisible below `visible_share` minus this."""
    visible_among_usual: bool = False
    """The share is of the known ASes that usually see the prefix, not of all known ASes."""
    shortest_cover_ipv4: int = 8
    """Shorter IPv4 prefixes do not count as cover."""
    transfer_quiet_s: int = 30
    """A table transfer is over after this long without an announcement."""
    transfer_back_share: float = 0.95
    """A table transfer is over once this share of the former routes is back."""
    silent_s: int = 3600
    """A session silent for this long and absent from the next table is unknown."""
    table_margin_s: int = 60
    """Updates from this long before a table's start may be newer than the table."""
    gap_margin_s: int = 300
    """What changes this long after a gap in which nobody saw may have changed within it."""
    partial_below: float = 0.9
    severe_below: float = 0.5
    total_at: float = 0.05
    end_confirmed_s: int = 600
    """An end counts once the share has stayed above the threshold for this long."""
    baseline_window_s: int = 86400
    """The baseline is the median of this window, without the values of open incidents."""
    new_level_s: int = 604800
    new_level_tolerance: float = 0.02
    quiet_s: int = 21600
    """Less than this much quiet joins two episodes into one incident."""
    quiet_loss_share: float = 0.01
    """A loss ends quiet where it takes at least this share of the baseline (never less than one unit)."""
    loss_window_s: int = 300
    loss_as_share: float = 0.25
    """A unit is lost when this share of the known ASes lose it within the loss window."""
    unstable_losses: int = 3
    unstable_window_s: int = 21600
    instability_share: float = 0.1
    """An entity is in instability while this share of its baseline units is unstable."""
    country_by: CountryBy = "registry"

    def to_json(self) -> dict[str, float | int | bool | str]:
        """The settings as they stand in an incident."""
        return asdict(self)
