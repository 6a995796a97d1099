"""Files of archives into a watcher, as a replay reads them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nightside.engine.files import covers_until
from nightside.engine.live.watcher import Watcher
from nightside.engine.units import time_bounds
from nightside.model.elements import Columns
from nightside.model.errors import NotMrtError, UnreadableError
from nightside.sources.layout import InputFile
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder

Warn = Callable[[str], None]


class FileReader:
    """Reads the files of one collector, in the order of time."""

    def __init__(self, watcher: Watcher, collector: str, warn: Warn) -> None:
        self._live, self._collector, self._warn = watcher.live, collector, warn
        self._decoder = Decoder()

    def read(self, file: InputFile, since: int = 0) -> None:
        """One file; what is dated before `since` is left out. What of its time cannot be known is a gap."""
        earliest, latest = time_bounds(file.nominal, file.cadence_s)
        last, broken = 0, ""
        self._decoder.start(str(file.path))
        try:
            pieces = Pieces(file.path)
            for piece in pieces:
                for columns in self._decoder.feed(piece):
                    last = max(last, self._apply(columns, max(earliest, since), latest))
            for columns in self._decoder.finish():
                last = max(last, self._apply(columns, max(earliest, since), latest))
            if pieces.truncated or self._decoder.truncated:
                broken = f"{file.path}: cut off: what stands before is used"
        except (NotMrtError, UnreadableError) as error:
            broken = f"{error.where}: {error.what}: nothing of it is used"
        self._live.table_done(self._collector, bool(broken))
        if broken:
            self._warn(broken)
            covered = covers_until(file)
            if covered is not None:
                # What is garbled may bear any time: at least the last second is unknown.
                begin = max(last, file.nominal or 0, since)
                self._live.gap(self._collector, min(begin, covered - 1), covered)

    def _apply(self, columns: Columns, earliest: int, latest: int) -> int:
        """Returns the second of the last element that is of its time."""
        self._live.apply(self._collector, self._decoder.peers, columns, earliest, latest)
        times = columns.time_us[: columns.count] // 1_000_000
        times = times[(times >= earliest) & (times <= latest)]
        return int(np.max(times, initial=0))
