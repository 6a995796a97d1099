"""What breaks our view and is no outage; and outages that are told right although it is broken.

Twelve peer ASes at three collectors. North Korea's four networks are lost at known seconds; three other countries
are background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nightside.engine.replay import Replay, replay
from nightside.model.incident import Episode, Incident
from nightside.model.instants import iso
from nightside.scenes.build import read_scene, write_archive
from nightside.scenes.scene import (
    Basis,
    Churn,
    Collector,
    Happening,
    Loss,
    MissingFile,
    Network,
    Reset,
    Scene,
    Session,
    Stuck,
)

DECEMBER = read_scene("december-2014")
BASIS = Basis(None, "a test")
BEGIN = DECEMBER.begin
MINUTE, HOUR = 60, 3600
NAMES = ("rrc00", "rrc01", "rrc03")
KOREAN = tuple(n for n in DECEMBER.networks if n.country == "KP")
FOUR = tuple(n.prefix for n in KOREAN)
BACKGROUND = tuple(
    n
    for country in ("EG", "GR", "KR")
    for n in [m for m in DECEMBER.networks if m.country == country and m.family == 4][:16]
)
SPREAD_S = 20


def collectors() -> tuple[Collector, ...]:
    """Three, of four distinct ASes each."""
    asns = DECEMBER.voters(4)
    found = []
    for place, name in enumerate(NAMES):
        sessions = tuple(Session(f"198.51.{place}.{1 + i}", asns[4 * place + i]) for i in range(4))
        found.append(Collector(name, f"192.0.2.{1 + place}", f"2001:db8:{place}::1", sessions))
    return tuple(found)


def scene(*happenings: Happening, hours: int = 6, networks: Sequence[Network] = KOREAN) -> Scene:
    """The world with these happenings and some churn; a table every two hours."""
    end = BEGIN + hours * HOUR
    return replace(
        DECEMBER,
        name="must-hold",
        note="Made up for a test.",
        begin=BEGIN,
        end=end,
        table_every_s=2 * HOUR,
        collectors=collectors(),
        networks=(*networks, *BACKGROUND),
        happenings=(*happenings, Churn(BEGIN, end, 40, BASIS)),
        expected=(),
        claims=(),
    )


def outage(at: int, lasts: int, spread_s: int = SPREAD_S) -> Loss:
    """All four networks are lost `at` seconds after the begin, for so long."""
    return Loss(FOUR, BEGIN + at, BEGIN + at + lasts, spread_s, 0, 0.3, BASIS)


def resets(ases: int, at: int, lasts: int) -> list[Reset]:
    """So many of the twelve ASes leave at once, and transfer their tables when they are back."""
    addresses = [(name, f"198.51.{place}.{1 + i}") for i in range(4) for place, name in enumerate(NAMES)]
    return [
        Reset(
            name,
            tuple(a for n, a in addresses[:ases] if n == name),
            BEGIN + at,
            BEGIN + at + lasts,
            40,
            eor,
            BASIS,
        )
        for name, eor in zip(NAMES, (True, False, True), strict=True)
    ]


def missing(name: str, begin: int, end: int) -> list[MissingFile]:
    """All files of updates of one collector that begin from `begin` to before `end`."""
    return [MissingFile(name, BEGIN + at, BASIS) for at in range(begin, end, 300)]


def replayed(made: Scene, folder: Path) -> Replay:
    write_archive(made, folder / "archive")
    return replay([folder / "archive"])


def only(found: Replay) -> Incident:
    """North Korea's, and nobody else's."""
    assert [(i.entity.type, i.entity.code) for i, _series in found.incidents] == [("country", "KP")]
    return found.incidents[0][0]


def totals(incident: Incident) -> list[Episode]:
    return [e for e in incident.episodes if e.severity == "total"]


def near(found: int | None, true: int, within_s: int) -> bool:
    return found is not None and abs(found - true) <= within_s


# -- many sessions at once ------------------------------------------------------------------------


@pytest.mark.parametrize("ases", [6, 7, 12])
def test_half_of_the_peers_and_more_resetting_at_once_are_nobodys_outage(ases: int, tmp_path: Path) -> None:
    found = replayed(scene(*resets(ases, 9000, 4 * MINUTE)), tmp_path)
    assert found.incidents == []
    # Six of twelve are enough to tell, five are not.
    assert bool(found.observation.unknown) == (ases > 6)


@pytest.mark.parametrize("ases", [6, 7, 12])
def test_an_outage_is_told_to_the_second_though_the_peers_reset_in_the_middle_of_it(
    ases: int, tmp_path: Path
) -> None:
    true = outage(8000, HOUR)
    told = totals(only(replayed(scene(true, *resets(ases, 9000, 4 * MINUTE)), tmp_path)))
    assert [(e.onset, e.end, e.onset_range, e.end_range) for e in told] == [
        (true.begin, true.end, None, None)
    ]


@pytest.mark.parametrize("reset_at", [8000 - 2 * MINUTE, 8000 + HOUR - 2 * MINUTE])
def test_half_of_the_peers_are_away_at_the_onset_or_at_the_end_of_an_outage(
    reset_at: int, tmp_path: Path
) -> None:
    true = outage(8000, HOUR)
    told = totals(only(replayed(scene(true, *resets(6, reset_at, 4 * MINUTE)), tmp_path)))
    assert len(told) == 1
    # With other ASes to ask, half of them lose it a little earlier or later.
    assert near(told[0].onset, true.begin, SPREAD_S)
    assert true.end is not None
    assert near(told[0].end, true.end, SPREAD_S)


# -- missing files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:2], NAMES])
def test_collectors_gone_for_an_hour_are_no_outage(
    names: tuple[str, ...], down: bool, tmp_path: Path
) -> None:
    happenings: list[Happening] = [m for name in names for m in missing(name, 9000, 9000 + HOUR)]
    if down:
        # The collector itself was down: its sessions begin anew after the hour.
        happenings += [
            Reset(
                name,
                tuple(s.address for s in c.sessions),
                BEGIN + 9001,
                BEGIN + 9000 + HOUR + 5,
                40,
                True,
                BASIS,
            )
            for c in collectors()
            for name in names
            if c.name == name
        ]
    found = replayed(scene(*happenings), tmp_path)
    assert found.incidents == []
    assert bool(found.observation.unknown) == (len(names) > 1)


def test_files_of_one_collector_missing_in_the_middle_of_an_outage_change_nothing(tmp_path: Path) -> None:
    true = outage(8000, HOUR)
    told = totals(only(replayed(scene(true, *missing("rrc01", 9000, 9900)), tmp_path)))
    assert [(e.onset, e.end, e.onset_range, e.end_range) for e in told] == [
        (true.begin, true.end, None, None)
    ]


@pytest.mark.parametrize("at", [7800, 8100 + HOUR - 600])
def test_files_of_one_collector_missing_at_the_onset_or_at_the_end(at: int, tmp_path: Path) -> None:
    true = outage(8000, HOUR)
    told = totals(only(replayed(scene(true, *missing("rrc01", at, at + 600)), tmp_path)))
    assert len(told) == 1
    assert (told[0].onset_range, told[0].end_range) == (None, None)
    assert near(told[0].onset, true.begin, SPREAD_S)
    assert true.end is not None
    assert near(told[0].end, true.end, SPREAD_S)


def test_files_of_all_collectors_missing_around_the_onset(tmp_path: Path) -> None:
    # Lost in the dark, at 2:16:40; the first to tell are the tables of 4:00.
    true = outage(8200, 3 * HOUR)
    dark = [m for name in NAMES for m in missing(name, 8100, 8700)]
    told = totals(only(replayed(scene(true, *dark, hours=8), tmp_path)))
    assert len(told) == 1
    assert told[0].onset_range == (BEGIN + 8100, BEGIN + 4 * HOUR)
    assert told[0].onset_range[0] <= true.begin <= told[0].onset_range[1]
    assert told[0].onset == told[0].onset_range[0]
    assert (told[0].end, told[0].end_range) == (true.end, None)


def test_files_of_all_collectors_missing_around_the_end(tmp_path: Path) -> None:
    # What was announced in the dark is in the tables of 6:00.
    true = outage(8200, 3 * HOUR)
    dark = [m for name in NAMES for m in missing(name, 18900, 19500)]
    told = totals(only(replayed(scene(true, *dark, hours=8), tmp_path)))
    assert true.end is not None
    assert BEGIN + 18900 < true.end < BEGIN + 19500
    assert len(told) == 1
    assert (told[0].onset, told[0].onset_range) == (true.begin, None)
    assert told[0].end_range == (BEGIN + 18900, BEGIN + 6 * HOUR)
    assert told[0].end == told[0].end_range[1]


def test_files_of_all_collectors_missing_from_the_middle_of_the_onset_on(tmp_path: Path) -> None:
    # The ASes hear of it within four minutes around the dark's begin: some are seen, too few.
    true = outage(8110, 3 * HOUR, spread_s=240)
    dark = [m for name in NAMES for m in missing(name, 8100, 8700)]
    told = totals(only(replayed(scene(true, *dark, hours=8), tmp_path)))
    assert len(told) == 1
    assert told[0].onset_range is not None
    assert told[0].onset_range[0] <= true.begin <= told[0].onset_range[1]
    assert told[0].onset == told[0].onset_range[0]


# -- routes that stay ---------------------------------------------------------------------------------


def test_a_peer_that_never_withdraws_hides_nothing(tmp_path: Path) -> None:
    true = outage(8000, HOUR)
    never = Stuck(DECEMBER.voters(4)[0], FOUR, BEGIN, BEGIN + 6 * HOUR, BASIS)
    told = totals(only(replayed(scene(true, never), tmp_path)))
    assert [(e.onset, e.end, e.onset_range, e.end_range) for e in told] == [
        (true.begin, true.end, None, None)
    ]


@pytest.mark.parametrize("stays", [True, False])
def test_four_networks_withdrawn_under_one_that_stays(stays: bool, tmp_path: Path) -> None:
    # Three times, so that it would be an instability too.
    lost = [outage(at, 20 * MINUTE) for at in (3600, 7200, 10800)]
    cover = [replace(KOREAN[0], prefix="175.45.176.0/22")] if stays else []
    found = replayed(scene(*lost, networks=[*cover, *KOREAN]), tmp_path)
    if stays:
        assert found.incidents == []
    else:
        assert len(totals(only(found))) == 3
        assert only(found).instability


# -- one morning ----------------------------------------------------------------------------------------


def test_four_short_total_losses_of_one_morning_are_one_incident(quick: Any, tmp_path: Path) -> None:
    lost = [outage(at, lasts) for at, lasts in ((7201, 180), (8333, 300), (10007, 240), (14399, 211))]
    write_archive(scene(*lost, hours=7), tmp_path / "archive")
    ran = quick("replay", tmp_path / "archive", "--json")
    assert ran.code == 0
    assert [i["entity"]["code"] for i in ran.incidents] == ["KP"]
    incident = ran.incidents[0]
    times = [(iso(loss.begin), iso(loss.end)) for loss in lost if loss.end is not None]
    told = [e for e in incident["episodes"] if e["severity"] == "total"]
    assert [(e["onset"], e["end"]) for e in told] == times
    assert [e["duration_s"] for e in told] == [180, 300, 240, 211]
    assert all(e["onset_range"] is None and e["end_range"] is None for e in told)
    # The longest is the headline.
    assert (incident["severity"], incident["onset"], incident["end"]) == ("total", *times[1])
