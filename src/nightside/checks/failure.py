"""Why a check failed, on its way up from where it happened to the result."""

from __future__ import annotations

from nightside.model.check import Outcome, Phase

DETAIL_CHARS = 200


class CheckFailedError(Exception):
    """The one cause of a failed check; `detail` in a few words. Never leaves the room: it becomes a result."""

    def __init__(self, outcome: Outcome, failed_in: Phase, detail: str = "") -> None:
        self.outcome, self.failed_in = outcome, failed_in
        self.detail = detail[:DETAIL_CHARS] or None
        super().__init__(f"{outcome} in {failed_in}: {detail}")
