"""What was told live against what the archives show: corrected, withdrawn, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nightside.incidents.confirmation import ArchiveView, to_tell_anew, withdrawn_sequences
from nightside.incidents.messages import messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode
from nightside.model.instants import iso
from nightside.model.settings import Settings

KP = Entity("country", "KP", "North Korea")
SETTINGS = Settings()
HOUR = 3600
T0 = 1_419_264_900
"""2014-12-22T16:15:00Z."""
NOW = T0 + 5 * HOUR
Json = dict[str, Any]


def episode(onset: int, end: int | None, severity: str = "severe", **more: Any) -> Episode:
    return Episode(severity, onset, end, 0.0, 0, **more)  # type: ignore[arg-type]


def told(*episodes: Episode, until: int = NOW) -> list[Json]:
    """What was told live of these by a time."""
    return [m.to_json() for m in messages(KP, episodes, [], SETTINGS, until)]


def archive(
    *episodes: Episode, begin: int = T0 - 6 * HOUR, end: int = NOW, unknown: Sequence[tuple[int, int]] = ()
) -> ArchiveView:
    return ArchiveView(begin, end, episodes, unknown)


def anew(before: list[Json], shown: ArchiveView, now: int = NOW) -> list[Json]:
    return [m.to_json() for m in to_tell_anew(KP, before, shown, SETTINGS, now)]


def said(found: list[Json]) -> list[tuple[str, str, str, str | None]]:
    return [(m["kind"], m["severity"], m["onset"], m["end"]) for m in found]


def test_nothing_is_told_where_all_is_equal() -> None:
    same = episode(T0, T0 + HOUR)
    assert anew(told(same), archive(same)) == []
    lasting = episode(T0, None)
    assert anew(told(lasting), archive(lasting)) == []
    deep = (episode(T0, T0 + HOUR), episode(T0 + 60, T0 + HOUR - 60, "total"))
    assert anew(told(*deep), archive(*deep)) == []


def test_another_onset_end_or_severity_is_told_once() -> None:
    before = told(episode(T0, T0 + HOUR))
    onset = anew(before, archive(episode(T0 + 7, T0 + HOUR)))
    assert said(onset) == [("corrected", "severe", iso(T0 + 7), iso(T0 + HOUR))]
    assert onset[0]["at"] == iso(NOW)
    end = anew(before, archive(episode(T0, T0 + HOUR + 1)))
    assert said(end) == [("corrected", "severe", iso(T0), iso(T0 + HOUR + 1))]
    deeper = archive(episode(T0, T0 + HOUR), episode(T0 + 5, T0 + HOUR - 5, "total"))
    assert said(anew(before, deeper)) == [("corrected", "total", iso(T0 + 5), iso(T0 + HOUR - 5))]
    # The same confirmation again says nothing new; another one has another key.
    assert anew([*before, *onset], archive(episode(T0 + 7, T0 + HOUR)), NOW + 900) == []
    again = anew([*before, *onset], archive(episode(T0 + 8, T0 + HOUR)), NOW + 900)
    assert said(again) == [("corrected", "severe", iso(T0 + 8), iso(T0 + HOUR))]
    keys = [m["key"] for m in (*before, *onset, *again)]
    assert len(set(keys)) == len(keys)
    assert {k.split("/")[3] for k in keys} == {str(T0)}, "all are about what was told at first"


def test_what_the_archives_know_no_better_corrects_nothing() -> None:
    before = told(episode(T0, T0 + HOUR))
    blurred = episode(
        T0 - 300, T0 + HOUR + 60, onset_range=(T0 - 300, T0 + 10), end_range=(T0 + HOUR, T0 + HOUR + 60)
    )
    assert anew(before, archive(blurred)) == []
    worse = episode(T0 - 300, T0 + HOUR, onset_range=(T0 - 300, T0 - 1))
    assert said(anew(before, archive(worse))) == [("corrected", "severe", iso(T0 - 300), iso(T0 + HOUR))]


def test_a_false_alarm_is_withdrawn() -> None:
    before = told(episode(T0, T0 + HOUR))
    found = anew(before, archive())
    assert said(found) == [("withdrawn", "severe", iso(T0), iso(T0 + HOUR))]
    assert anew([*before, *found], archive()) == []
    assert withdrawn_sequences([*before, *found]) == {f"country/KP/20141222T1615Z/{T0}"}
    # A partial loss is not what was told.
    assert said(anew(before, archive(episode(T0, T0 + HOUR, "partial"))))[0][0] == "withdrawn"


@pytest.mark.parametrize(
    "shown",
    [
        archive(unknown=[(T0 + 60, T0 + 120)]),
        archive(unknown=[(T0 + HOUR, T0 + HOUR + 10)]),
        archive(end=T0 + HOUR + 599),
        archive(begin=T0 + 1),
    ],
    ids=["blind within", "blind while the end was confirmed", "not far enough", "not from the beginning"],
)
def test_what_the_archives_did_not_see_is_not_withdrawn(shown: ArchiveView) -> None:
    assert anew(told(episode(T0, T0 + HOUR)), shown) == []


def test_what_goes_on_is_withdrawn_when_the_archives_are_past_what_was_told() -> None:
    lasting = told(episode(T0, None), until=T0 + 60)
    assert [m["kind"] for m in lasting] == ["opened"]
    assert anew(lasting, archive(end=T0 + 599)) == []
    assert said(anew(lasting, archive(end=T0 + 600))) == [("withdrawn", "severe", iso(T0), None)]
    recovering = told(episode(T0, None, recovering_since=T0 + HOUR), until=T0 + HOUR + 60)
    assert [m["kind"] for m in recovering] == ["opened", "recovering"]
    assert anew(recovering, archive(end=T0 + HOUR)) == []
    assert said(anew(recovering, archive(end=T0 + HOUR + 600))) == [("withdrawn", "severe", iso(T0), None)]


def test_what_was_withdrawn_can_turn_out_to_have_been_after_all() -> None:
    before = told(episode(T0, T0 + HOUR))
    before += anew(before, archive())
    later = anew(before, archive(episode(T0, T0 + HOUR)), NOW + 900)
    assert said(later) == [("corrected", "severe", iso(T0), iso(T0 + HOUR))]
    assert withdrawn_sequences([*before, *later]) == set()
    assert anew([*before, *later], archive(episode(T0, T0 + HOUR)), NOW + 1800) == []


def test_an_end_that_only_the_archives_saw() -> None:
    lasting = told(episode(T0, None), until=T0 + 60)
    assert said(anew(lasting, archive(episode(T0, T0 + HOUR)))) == [
        ("corrected", "severe", iso(T0), iso(T0 + HOUR))
    ]
    # Not confirmed yet: the daemon will say so in time.
    assert anew(lasting, archive(episode(T0, None, recovering_since=NOW - 60))) == []


def test_an_end_that_was_none() -> None:
    before = told(episode(T0, T0 + HOUR))
    goes_on = episode(T0, None)
    assert said(anew(before, archive(goes_on))) == [("corrected", "severe", iso(T0), None)]
    assert anew(before, archive(goes_on, end=T0 + HOUR + 60)) == [], "the archives are not that far yet"
    assert anew(before, archive(goes_on, unknown=[(T0 + HOUR - 60, NOW)])) == [], "they were blind then"


def test_a_worsening_that_the_archives_do_not_have_yet_stands() -> None:
    before = told(episode(T0, None), episode(T0 + HOUR, None, "total"), until=T0 + HOUR + 60)
    assert [m["kind"] for m in before] == ["opened", "worsened"]
    assert anew(before, archive(episode(T0, None), end=T0 + HOUR - 60)) == []
    assert said(anew(before, archive(episode(T0, None)))) == [("corrected", "severe", iso(T0), None)]


def test_one_that_was_told_as_two_and_two_that_were_told_as_one() -> None:
    first, second = episode(T0, T0 + HOUR), episode(T0 + 2 * HOUR, T0 + 3 * HOUR)
    whole = episode(T0, T0 + 3 * HOUR)
    as_two = anew(told(first, second), archive(whole))
    assert said(as_two) == [("corrected", "severe", iso(T0), iso(T0 + 3 * HOUR))] * 2
    assert len({m["key"] for m in as_two}) == 2
    longer = episode(T0 + 2 * HOUR, T0 + 4 * HOUR)
    as_one = anew(told(episode(T0, T0 + 4 * HOUR)), archive(first, longer))
    assert said(as_one) == [
        ("corrected", "severe", iso(T0), iso(T0 + HOUR)),
        ("corrected", "severe", iso(T0 + 2 * HOUR), iso(T0 + 4 * HOUR)),
    ]
    assert [m["key"].split("/")[3] for m in as_one] == [str(T0), str(T0 + 2 * HOUR)], "each by its own name"
    # Where none bears its name, it is the one that shares most of its time.
    other = anew(told(episode(T0 - 60, T0 + 4 * HOUR)), archive(first, longer))
    assert [(m["key"].split("/")[3], m["onset"]) for m in other] == [
        (str(T0), iso(T0)),
        (str(T0 - 60), iso(T0 + 2 * HOUR)),
    ]


def test_an_older_one_that_was_never_ended_takes_nothing_from_a_later_one() -> None:
    first, second = episode(T0, None), episode(T0 + 2 * HOUR, T0 + 4 * HOUR)
    before = told(first, until=T0 + 60) + told(second)
    found = anew(before, archive(episode(T0, T0 + HOUR), second))
    assert said(found) == [("corrected", "severe", iso(T0), iso(T0 + HOUR))]


def test_what_only_the_archives_saw_is_told_by_one_message() -> None:
    known, missed = episode(T0, T0 + HOUR), episode(T0 + 2 * HOUR, T0 + 3 * HOUR)
    before = told(known)
    found = anew(before, archive(known, missed))
    assert said(found) == [("corrected", "severe", iso(T0 + 2 * HOUR), iso(T0 + 3 * HOUR))]
    assert anew([*before, *found], archive(known, missed)) == []
    short = episode(T0 + 2 * HOUR, T0 + 2 * HOUR + 599)
    assert anew(before, archive(known, short)) == [], "short ones are in the incident, and no news any more"


def test_a_digest_of_nothing_is_withdrawn() -> None:
    # Flapping: the second waits, and is told by the digest alone.
    short = [episode(T0 + i * 1200, T0 + i * 1200 + 120) for i in range(3)]
    before = told(*short, until=T0 + 12 * HOUR)
    assert [m["kind"] for m in before] == ["opened", "recovering", "resolved", "digest"]
    far = T0 + 13 * HOUR
    assert anew(before, archive(*short, end=far)) == []
    # The first was told by itself too, and is withdrawn by itself.
    assert [m["key"].split("/")[4:] for m in anew(before, archive(end=far))] == [["withdrawn"]]
    alone = [m for m in before if m["kind"] == "digest"]
    found = anew(alone, archive(end=far))
    assert said(found) == [("withdrawn", "severe", iso(T0), iso(T0 + 2520))]
    assert anew([*alone, *found], archive(end=far)) == []
