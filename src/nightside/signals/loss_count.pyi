from collections.abc import Mapping, Sequence
from typing import Any

class LossCounter:
    def __init__(
        self,
        *,
        second: Any,
        kind: Any,
        session: Any,
        prefix: Any,
        way: Any,
        as_of: Any,
        loads: Sequence[tuple[int, int, Any]],
        votes: Mapping[int, Sequence[tuple[int, int | None]]],
        view: Sequence[tuple[int, int, bool]],
        share: float,
        window_s: int,
        start: int,
    ) -> None: ...
    def count(self, chain: Any, rows: Any) -> list[tuple[int, int | None]]: ...
