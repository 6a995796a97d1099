"""What came before: instability, a first sign, or nothing, where that is known."""

from __future__ import annotations

from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Stored
from nightside.diagnosis.telling import lasting, when
from nightside.model.diagnosis import RestsOn
from nightside.model.instants import parse_iso

SIGN_S = 600
LONG_S = 3600


def judge(stored: Stored) -> Said:
    """Instability, a sign, or nothing."""
    onset, began = stored.onset, stored.began
    stretches = [(parse_iso(s["began"]), s) for s in stored.incident["instability"]]
    early = [(at, s) for at, s in stretches if at <= onset - LONG_S or stored.is_instability]
    if early:
        at = min(at for at, _ in early)
        losses = sum(int(s["losses"]) for _, s in early)
        lead = "" if stored.is_instability else f", {lasting(onset - at)} before the outage"
        said = f"It was unstable from {when(at)} on{lead}; losses counted in these stretches: {losses:,}."
        return Said("unstable", said, at, onset, (RestsOn(stored.signal, at), RestsOn(stored.signal, onset)))
    if onset - began > SIGN_S:
        said = f"The first sign was seen at {when(began)}, {lasting(onset - began)} before the outage."
        return Said("sign", said, began, onset, (RestsOn(stored.signal, began),))
    return _quiet(stored, min(began, onset - SIGN_S))


def _quiet(stored: Stored, until_s: int) -> Said:
    series = stored.series
    if series is None:
        return unknown("the course of the signal is not stored")
    start = max(series.begin, until_s - int(stored.setting("quiet_s")))
    if until_s - start < LONG_S:
        return unknown(f"it was watched for only {lasting(max(0, until_s - start))} before")
    blind = stored.blind_within(start, until_s - 1)
    if blind is not None:
        return unknown(f"there was no sight before it, from {when(blind[0])} to {when(blind[1])}")
    share = stored.setting("quiet_loss_share")
    for i, time in enumerate(series.times):
        until = series.times[i + 1] if i + 1 < len(series.times) else series.end
        loss = max(1.0, share * series.baseline[i])
        if time < until_s and until > start and series.units[i] <= series.baseline[i] - loss:
            at = max(time, start)
            said = f"Some of it was gone at {when(at)}, {lasting(stored.onset - at)} before the outage."
            return Said("sign", said, at, until, (RestsOn(stored.signal, at),))
    said = f"Nothing was seen to precede it in the {lasting(stored.began - start)} before, with sight throughout."
    return Said(
        "nothing",
        said,
        start,
        stored.began,
        (RestsOn(stored.signal, start), RestsOn(stored.signal, stored.began)),
    )


RULES = (
    Rule(
        "before",
        1,
        "losses and instability in the hours before, and whether anybody watched",
        {
            "unstable": "instability from an hour or more before",
            "sign": "something was lost before, from ten minutes on",
            "nothing": "watched for an hour or more, and nothing was lost",
        },
        "Published reasoning of Dyn Research: a cable cut or a deliberate upstream disconnection does not give "
        'prolonged instability first (2014); "nothing to precede it" (2016)',
        judge,
    ),
)
