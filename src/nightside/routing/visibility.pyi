from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.changes import ChangeList

class Visibility:
    known: int
    expected: int
    second: int
    unit_changes: ChangeList
    prefix_changes: ChangeList
    doubts: ChangeList
    view_changes: list[tuple[int, int, int, bool]]
    def __init__(
        self,
        *,
        hi: Any,
        length: Any,
        subject: Any,
        prefix_country: Any,
        unit_country: Any,
        way_origin: Any,
        way_country: Any,
        way_home: Any,
        as_of: Any,
        visible_share: float,
        visible_hysteresis: float,
        among_usual: bool,
        expected_share: float,
        blind_share: float,
        shortest_cover: int,
        gap_margin_s: int,
    ) -> None: ...
    def flips(self, second: Any, kind: Any, session: Any, prefix: Any, way: Any) -> None: ...
    def load(self, session: int, ways: Any) -> None: ...
    def at(self, second: int) -> None: ...
    def set_voting(self, session: int, votes: bool) -> None: ...
    def gap_ended(self, session: int, gap_began: int) -> None: ...
    def leave_out_absent(self, session: int) -> None: ...
    def table_taken(self, session: int) -> None: ...
    def forget_stale(self, session: int) -> None: ...
    def set_expected(self, expected: int) -> None: ...
    def start(self) -> npt.NDArray[np.uint8]: ...
    def learn_usual(self) -> None: ...
    def finish(self) -> None: ...
    def visible_now(self) -> npt.NDArray[np.uint8]: ...
