"""What `Store` says of keeping itself small."""

from __future__ import annotations

import time

from nightside.model.store_care import Compaction
from nightside.store import changes, compacting
from nightside.store.care import Care
from nightside.store.compacting import OPEN_DAYS, Span
from nightside.store.files import Files
from nightside.store.flips import file_of as flips_of
from nightside.store.folder_errors import readable, written
from nightside.store.rollups import DAY_S
from nightside.store.segment_check import entities_of
from nightside.store.segment_reader import SegmentReader

ROW_GROUPS = 256
"""So many are kept while a span is read: it is read entity by entity, from all of its segments in turn."""
ENTITIES_AT_ONCE = 256


class Tidying(Care):
    """A store that is made smaller while others read and write."""

    def compact(
        self, *, exact_days: int | None = None, flips_days: int | None = None, work_days: int | None = None
    ) -> Compaction:
        """See `Store.compact`."""
        self._before_writing()
        done = Compaction()
        now_s = time.time()
        done.segments_before, done.pieces_before = self._counted()
        done.files_deleted = self._delete_unneeded()
        while self.merge_samples():
            pass
        reader = SegmentReader(self._segments, ROW_GROUPS)
        if exact_days is not None:
            done.thinned = self._thin(reader, int(now_s) - exact_days * DAY_S)
        self._drop_hidden()
        with self._reading() as connection:
            days = compacting.days(connection, int(now_s) - OPEN_DAYS * DAY_S)
        for span in days:
            self._compact(reader, span)
        with self._writing() as connection:
            compacting.delete_empty(connection, self._segments)
        if flips_days is not None:
            done.flips_deleted = self._delete_flips(now_s - flips_days * DAY_S)
        if work_days is not None:
            place = self.files.child("work")
            with written(place):
                done.work_deleted = _delete_older(place, now_s - work_days * DAY_S)
        done.segments_after, done.pieces_after = self._counted()
        return done

    def _counted(self) -> tuple[int, int]:
        with self._reading() as connection:
            (segments,) = connection.execute("SELECT count(*) FROM segment").fetchone()
            (pieces,) = connection.execute("SELECT count(*) FROM piece").fetchone()
        return int(segments), int(pieces)

    def _thin(self, reader: SegmentReader, before_s: int) -> int:
        """Have the means of hours of whole months; of how many (entity, month)."""
        with self._reading() as connection:
            (first_s,) = connection.execute("SELECT min(begin_s) FROM piece").fetchone()
        if first_s is None:
            return 0
        return sum(self._compact(reader, span) for span in compacting.months(int(first_s), before_s))

    def _compact(self, reader: SegmentReader, span: Span) -> int:
        """Make the segments of a span one; of how many entities."""
        with self._reading() as connection:
            known = entities_of(connection)
            found = compacting.pieces_within(connection, span)
        count = 0
        for portion in compacting.portions(found, span, known):
            with readable(self._segments):
                made = compacting.compacted(portion, span, reader, known)
            self._write_segment(made.contents)
            with self._writing() as connection:
                if not compacting.stands(connection, made):
                    continue
                self._make_sure_of(made.contents)
                compacting.enter(connection, made)
                if span.hourly:
                    changes.note_samples(connection)
            count += len(portion)
        return count

    def _drop_hidden(self) -> None:
        """Forget what later samples have covered whole."""
        with self._reading() as connection:
            numbers = sorted(entities_of(connection))
        for first in range(0, len(numbers), ENTITIES_AT_ONCE):
            some = numbers[first : first + ENTITIES_AT_ONCE]
            with self._reading() as connection:
                any_hidden = [n for n in some if compacting.hidden(compacting.pieces_of(connection, n))]
            if any_hidden:
                with self._writing() as connection:
                    for number in any_hidden:
                        keys = compacting.hidden(compacting.pieces_of(connection, number))
                        compacting.delete_pieces(connection, keys)

    def _delete_flips(self, before_s: float) -> int:
        """Delete the flips that were stored before; not those of incidents that are not over."""
        with self._writing() as connection, written(self._flips):
            old = {each.name for each in self._flips.listing() if each.changed_s < before_s}
            over = connection.execute("SELECT id FROM incident WHERE status NOT IN ('ongoing', 'recovering')")
            gone = sorted(old & {flips_of(id) for (id,) in over})
            for name in gone:
                self._flips.delete(name)
        return len(gone)


def _delete_older(place: Files, before_s: float) -> int:
    """Delete all files below a place that were written before; how many."""
    gone = [each.name for each in place.listing() if each.changed_s < before_s]
    for name in gone:
        place.delete(name)
    return len(gone) + sum(_delete_older(place.child(name), before_s) for name in place.children())
