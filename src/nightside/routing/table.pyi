from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.log import EventLog
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.ways import WayIndex
from nightside.routing.whole import Whole

REASONS: tuple[str, ...]
REASON_GAP: int

class CollectorTable:
    log: EventLog
    n_peers: int
    now: int
    """The youngest second there was news of."""
    away: bool
    """It was lost, and is not back."""
    loads: dict[int, Whole]
    """Whole first tables, by the number that the log has; who has taken one over may take it out."""
    tables: list[tuple[int, int, bool, dict[tuple[int, int], int]]]
    transfer_ends: list[tuple[int, int, int, int]]
    out_of_time: int
    places: Places
    elements: int
    """How many have come in; their numbers are below it."""
    def __init__(
        self,
        prefixes: PrefixIndex,
        ways: WayIndex,
        *,
        transfer_quiet_s: int = 30,
        silent_s: int = 3600,
        table_margin_s: int = 60,
        transfer_back_share: float = 0.95,
    ) -> None: ...
    def apply(
        self,
        columns: Any,
        ids: npt.NDArray[np.uint32],
        prefix_country: npt.NDArray[np.uint16],
        n_peers: int,
        earliest_s: int,
        latest_s: int,
    ) -> None: ...
    def fill(
        self,
        columns: Any,
        ids: npt.NDArray[np.uint32],
        prefix_country: npt.NDArray[np.uint16],
        at: int,
        anew: npt.NDArray[np.uint8],
        heard: npt.NDArray[np.uint64],
    ) -> bool: ...
    def table_done(self, truncated: bool) -> None: ...
    def gap(self, begin: int, end: int) -> None: ...
    def lost(self, at: int) -> None: ...
    def back(self, at: int) -> None: ...
    def come(self, second: int) -> None: ...
    def close(self, end: int) -> None: ...
    def routes(self, peer: int, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]: ...
    def held_routes(self, peer: int, family: int) -> int: ...
    def standing(self, peer: int, family: int) -> str: ...
