"""A store for tests of what is served: three countries, an AS, our view; eight incidents, one revised."""

from __future__ import annotations

from pathlib import Path

from nightside.model.entity import Entity
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    OperatorLoss,
    Provenance,
    Severity,
    UpstreamShare,
    View,
)
from nightside.model.instants import iso
from nightside.model.series import IncidentSeries, Lane
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.location import open_store

T = 1_419_206_400
"""2014-12-22T00:00:00Z, where the samples begin."""
DAY_S = 86_400
DAYS = 3

KP = Entity("country", "KP", "North Korea")
SY = Entity("country", "SY", "Syria")
HOSTILE = Entity("country", "XK", "<script>alert(1)</script>\"'&")
STAR = Entity("asn", "131279", "Star Joint Venture")
VIEW = Entity("view", "all", "peer ASes known")
RRC00 = Entity("view", "rrc00", "sessions at rrc00")

KP_ID = "KP-20141222T1615Z"
ONSET = T + 16 * 3600 + 15 * 60
BACK = ONSET + 34_260


def finding(
    entity: Entity,
    onset: int,
    end: int | None,
    severity: Severity = "total",
    left: int = 0,
    of: int = 4,
) -> tuple[Incident, IncidentSeries]:
    """A finding with one episode and all that belongs to it."""
    episode = Episode(severity, onset, end, left / of, left)
    until = end if end is not None else onset + 3600
    incident = Incident(
        entity=entity,
        status="ongoing" if end is None else "restored",
        closed_as=None,
        severity=severity,
        headline=None if severity == "instability" else episode,
        began=onset,
        ended=end,
        baseline_units=of,
        lowest_units=left,
        lowest=left / of,
        episodes=[] if severity == "instability" else [episode],
        instability=[InstabilityStretch(onset, end, 3, 1)] if severity == "instability" else [],
        networks=[NetworkLoss("175.45.176.0/24", [131279], onset, end)],
        operators=[OperatorLoss(131279, "Star Joint Venture", of, left, onset, end)],
        upstreams=[UpstreamShare(4837, "China Unicom", 1.0, 0.0, None if end is None else 1.0)],
        view=View(20, 18, [(onset + 60, onset + 120, "no peers")]),
        local_time=LocalTime("Asia/Pyongyang", None, None),
        provenance=Provenance([("rrc00/updates.gz", "ab" * 32)], "registry", "0.1.0", True, "made up"),
        settings=Settings().to_json(),
    )
    series = IncidentSeries(
        onset - 600,
        until + 600,
        [onset - 600, onset, until],
        [of, left, of],
        [of, of, of],
        [(onset + 60, onset + 120, "no peers")],
        [Lane("175.45.176.0/24", [(onset - 600, onset, "up"), (onset, until + 600, "down")])],
        [(onset - 600, 20, 20)],
    )
    return incident, series


def message(kind: str, at: int, onset: int, end: int | None) -> dict[str, object]:
    """A message as the store keeps it."""
    told_end = None if end is None else iso(end)
    key = f"country/KP/{onset}/{kind}"
    return {
        "key": key,
        "kind": kind,
        "at": iso(at),
        "severity": "total",
        "onset": iso(onset),
        "end": told_end,
    }


def fill(folder: Path) -> None:
    """Make the store in `folder`."""
    with open_store(folder) as store:
        signals = [
            Signal(
                KP, [T, ONSET, BACK], [4, 0, 4], T + DAYS * DAY_S, [UnknownStretch(T + 60, T + 120, "blind")]
            ),
            Signal(SY, [T], [40], T + DAYS * DAY_S),
            Signal(HOSTILE, [T], [9], T + DAYS * DAY_S),
            Signal(STAR, [T, ONSET, BACK], [4, 0, 4], T + DAYS * DAY_S),
            Signal(VIEW, [T], [20], T + DAYS * DAY_S),
            Signal(RRC00, [T], [12], T + DAYS * DAY_S),
        ]
        store.put_samples(signals, {KP: [(T, 4)], SY: [(T, 80)], HOSTILE: [(T, 9)], STAR: [(T, 4)]})
        store.put_incident(*finding(KP, ONSET, None))
        for entity, onset, end, severity, left in (
            (SY, T - 40 * DAY_S, T - 39 * DAY_S, "severe", 1),
            (SY, T - 20 * DAY_S, T - 19 * DAY_S, "partial", 3),
            (SY, T + 3600, T + 3600, "instability", 3),
            (HOSTILE, T + 7200, T + 9000, "total", 0),
            (STAR, ONSET, BACK, "total", 0),
            (SY, T + 2 * DAY_S, None, "severe", 1),
            (KP, T - 9 * DAY_S, T - 9 * DAY_S + 60, "total", 0),
        ):
            store.put_incident(*finding(entity, onset, end, severity, left))  # type: ignore[arg-type]
        ended = finding(KP, ONSET, BACK)
        stored = store.put_incident(ended[0], ended[1])
        assert (stored["id"], stored["revision"]) == (KP_ID, 2)
        store.put_messages(
            KP_ID, [message("opened", ONSET, ONSET, None), message("restored", BACK + 600, ONSET, BACK)]
        )
