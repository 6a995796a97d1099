"""Records made of what a stream says, through the decoder that reads files, to batches that can be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nightside.model.elements import Columns, Skip
from nightside.sources.stream import Batch, Faults, Figures, kept
from nightside.wire.decoder import Decoder

BATCH_ELEMENTS = 16_384
_NUMBER = re.compile(r"\d+")


class LiveDecoder:
    """The peers of one collector, for as long as the program runs."""

    def __init__(self, collector: str, faults: Faults, figures: Figures) -> None:
        self.collector = collector
        self._faults, self._figures = faults, figures
        self._decoder = Decoder(BATCH_ELEMENTS)

    @property
    def peers(self) -> int:
        """How many there are."""
        return len(self._decoder.peers)

    def batches(self, records: bytes, received_s: float) -> Iterator[Batch]:
        """The elements of whole MRT records."""
        if not records:
            return
        decoder = self._decoder
        decoder.start(self.collector)
        for part in (decoder.feed(records), decoder.finish()):
            for columns in part:
                self._count(columns)
                yield Batch(self.collector, decoder.peers, kept(columns), received_s)

    def _count(self, columns: Columns) -> None:
        self._figures.elements += columns.count
        if columns.count:
            newest_s = int(columns.time_us[: columns.count].max()) / 1_000_000
            known_s = self._figures.newest_s.get(self.collector, newest_s)
            self._figures.newest_s[self.collector] = max(known_s, newest_s)

    def malformed(self) -> int:
        """Count what could not be read of the records that were given last; how many were malformed.

        Routes that are not read (multicast, VPN, those with path identifiers) are counted, and are no fault of
        who sent them.
        """
        return tell_skips(self._faults, self.collector, self._decoder.skipped)


def tell_skips(faults: Faults, source: str, skips: list[Skip]) -> int:
    """Count what a reader of the wire room passed over; returns how much of it was malformed."""
    malformed = 0
    for skip in skips:
        faults.add(source, _NUMBER.sub("N", skip.reason), skip.reason, skip.count)
        malformed += 0 if skip.reason.endswith("not read") else skip.count
    return malformed
