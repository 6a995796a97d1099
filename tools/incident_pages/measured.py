"""What the program found on what a claim is about: whether they agree, and what it found in words.

What each measure is of: docs/scenes.md. Incidents come as they are shown, with their diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nightside.model.instants import duration_words, parse
from nightside.model.services import Services
from nightside.publish import causes_phrases, services_words
from nightside.publish.headlines import as_name, percent
from nightside.publish.moments import Clock, instant
from nightside.scenes.scene import ClaimCheck, Expected, Scene

Json = dict[str, Any]
LEFT = 0.05
"""An upstream is lost when no more of its share than this is left."""


@dataclass(frozen=True)
class Found:
    """The incidents of one country and what its services did, as the program shows them after a replay."""

    scene: Scene
    incidents: list[Json]
    services: Services | None
    told: list[list[str]]
    """Of each incident, paragraphs of its story."""


@dataclass(frozen=True)
class Seen:
    """What was found on one claim."""

    agrees: bool
    words: str


def episode_of(incidents: list[Json], expected: Expected) -> tuple[Json, Json]:
    """(incident, episode) nearest to a documented one, of its country and severity."""
    found = [
        (incident, episode)
        for incident in incidents
        if incident["entity"]["code"] == expected.country
        for episode in incident["episodes"]
        if episode["severity"] == expected.severity
    ]
    return min(found, key=lambda pair: abs(parse(pair[1]["onset"]) - expected.onset))


def seen(check: ClaimCheck, found: Found) -> Seen:
    """The result of the program on what `check` asks for."""
    incident, episode = episode_of(found.incidents, found.scene.expected[check.of])
    if check.what == "finding":
        return _finding(check, incident, found.services)
    if check.what == "upstreams":
        return _upstreams(check, incident)
    if check.what == "utc_offset":
        at = incident["local_time"]
        return Seen(at["onset"].endswith(str(check.value)), f"{at['onset'][-6:]} ({at['zone']})")
    if check.what in ("family", "cause", "likelier"):
        return _diagnosis(check, incident)
    number, words = _number(check, incident, episode)
    assert isinstance(check.value, int)
    if check.rule == "about":
        return Seen(abs(number - check.value) <= check.tolerance, words)
    return Seen(number >= check.value if check.rule == "at_least" else number <= check.value, words)


def _finding(check: ClaimCheck, incident: Json, services: Services | None) -> Seen:
    assert services is not None
    assert check.at is not None
    for one in services.findings:
        stands = one.begin <= check.at and (one.end is None or check.at < one.end)
        of_it = check.service is None or check.service in one.facts.get("services", ())
        if one.kind == check.value and stands and of_it:
            return Seen(True, services_words.finding(Clock.of(incident), services, one))
    return Seen(False, "nothing of that kind then")


def _upstreams(check: ClaimCheck, incident: Json) -> Seen:
    assert isinstance(check.value, tuple)
    known = {u["asn"]: u for u in incident["upstreams"] if u["before"]}
    told = []
    for asn in check.value:
        if asn not in known:
            told.append(f"AS{asn}: no path by it was seen before")
            continue
        shares = percent(known[asn]["before"]), percent(known[asn]["during"])
        told.append(
            f"{as_name(asn, known[asn]['name'])}: {shares[0]} of the paths before, {shares[1]} while it lasted"
        )
    gone = {asn for asn, u in known.items() if u["during"] <= LEFT * u["before"]}
    alone = "; no other upstream was seen before" if known.keys() == set(check.value) else ""
    return Seen(gone.issuperset(check.value), "; ".join(told) + alone)


def _diagnosis(check: ClaimCheck, incident: Json) -> Seen:
    found = incident["diagnosis"]
    if check.what == "family":
        family = found["family"]
        return Seen(family == check.value, causes_phrases.FAMILY.get(family, family))
    if check.what == "cause":
        return Seen(found["cause"] == check.value, causes_phrases.CAUSE.get(found["cause"], found["cause"]))
    scores = {cause["cause"]: cause["score"] for cause in incident["causes"]}
    assert check.than is not None
    pair = sorted((str(check.value), check.than), key=lambda cause: -scores[cause])
    first, second = (causes_phrases.CAUSE[cause] for cause in pair)
    return Seen(scores[str(check.value)] > scores[check.than], f"more speaks for {first} than for {second}")


def _number(check: ClaimCheck, incident: Json, episode: Json) -> tuple[int, str]:
    """The number that the claim is about, and it in words."""
    onset, end = parse(episode["onset"]), parse(episode["end"])
    own = [n for n in incident["networks"] if check.asn is None or check.asn in n["origin_asns"]]
    clock = Clock.of(incident)
    if check.what == "unstable_s":
        before = [parse(s["began"]) for s in incident["instability"] if parse(s["began"]) < onset]
        lasted = onset - min(before, default=onset)
        told = f"instability for {duration_words(lasted)} before it" if lasted else "no instability before it"
        return lasted, told
    if check.what == "unstable_after_s":
        after = [parse(s["ended"]) for s in incident["instability"] if parse(s["began"]) > end]
        last = max(after, default=end)
        words = f"losses until {_at(clock, last)}, {duration_words(last - end)} after the return"
        return last - end, words if last > end else "no losses after the return"
    if check.what == "operator_onset":
        first = min(parse(n["onset"]) for n in own if n["onset"])
        return first, _at(clock, first)
    if check.what == "outlived_s":
        last = max(parse(n["onset"]) if n["onset"] else end for n in own)
        words = f"{len(own)} of its networks; the last went {duration_words(last - onset)} after the onset"
        return last - onset, f"{words}, at {_at(clock, last)}"
    lost = sum(n["onset"] is not None for n in own)
    began = parse(incident["began"])
    return {
        "onset": (onset, _at(clock, onset)),
        "end": (end, _at(clock, end)),
        "duration_s": (end - onset, duration_words(end - onset)),
        "began": (began, f"the first sign at {_at(clock, began)}"),
        "networks": (len(own), f"{len(own)} networks"),
        "networks_lost": (lost, f"{lost} of {len(own)} networks lost"),
    }[check.what]


def _at(clock: Clock, second: int) -> str:
    return instant(clock, second, seconds=second % 60 > 0)
