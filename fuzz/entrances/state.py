"""Elements of hostile files into the state of a collector, which is saved and restored on the way."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
from fuzz.rules import chance, exact, in_pieces, must, same

from nightside.model.errors import NotMrtError
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.wire.decoder import Decoder

END_S = 2**32 - 1
_ASNS = np.array([1, 65001, 65002, 12654], np.uint32)
_COUNTRIES = np.array([1, 1, 2, 3], np.uint16)


class _State:
    """One collector: its decoder, its numbers, its table."""

    def __init__(self, capacity: int) -> None:
        self.decoder = Decoder(capacity)
        self.prefixes = PrefixIndex()
        self.table = CollectorTable(self.prefixes, WayIndex(_ASNS, _COUNTRIES))

    def take(self, batches: Iterable[Any], *, save: bool) -> None:
        for columns in batches:
            n = columns.count
            ids = np.empty(n, np.uint32)
            self.prefixes.intern_batch(
                columns.prefix_hi, columns.prefix_lo, columns.prefix_len, columns.family, n, ids
            )
            countries = (np.arange(self.prefixes.count, dtype=np.uint32) % 3).astype(np.uint16)
            self.table.apply(columns, ids, countries, len(self.decoder.peers), 0, END_S)
            if save:
                self.prefixes, self.table = pickle.loads(pickle.dumps((self.prefixes, self.table)))

    def read(self, pieces: Iterable[bytes], *, save: bool) -> None:
        self.decoder.start("a file")
        for piece in pieces:
            self.take(self.decoder.feed(exact(piece)), save=save)
        self.take(self.decoder.finish(), save=save)
        self.table.table_done(self.decoder.truncated)

    def told(self) -> Any:
        """All that later rooms need; and what holds of it."""
        table, peers = self.table, len(self.decoder.peers)
        every = np.arange(self.prefixes.count, dtype=np.uint32)
        held = []
        for peer in range(table.n_peers):
            routes = table.routes(peer, every)
            families = np.asarray(self.prefixes.columns()[3])
            for family in (4, 6):
                number = int(np.count_nonzero(routes[families == family]))
                same(table.held_routes(peer, family), number, f"routes that peer {peer} is said to hold")
            held.append((routes.tolist(), table.standing(peer, 4), table.standing(peer, 6)))
        columns = [np.asarray(column).tolist() for column in table.log.columns()]
        must(table.n_peers <= peers, table.n_peers, "sessions of", peers, "peers")
        must(columns[0] == sorted(columns[0]), "the log is not in the order of time")
        loads = {number: np.asarray(load).tolist() for number, load in table.loads.items()}
        return held, columns, loads, table.tables, table.transfer_ends, table.out_of_time, table.elements


def enter(content: bytes) -> None:
    """Whole and at once, or in pieces, in small batches, and saved between them: the same comes out."""
    random_ = chance(content)
    told = []
    for pieces, capacity, save in (([content], 65536, False), (in_pieces(content, random_), 1, True)):
        state = _State(capacity)
        try:
            state.read(pieces, save=save)
            # The same file once more: what was held is there, and what was up is up.
            state.read(pieces, save=False)
        except NotMrtError:
            return
        state.table.close(min(END_S, state.table.now + 3600))
        told.append(state.told())
    same(told[1], told[0], "in small batches, saved between them")
