"""What a stored incident says to a claim's check, by docs/scenes.md."""

from __future__ import annotations

from typing import Any

from nightside.engine.services import services_of
from nightside.model.instants import parse
from nightside.scenes.scene import ClaimCheck, Expected, Scene
from nightside.store.protocol import Store

Json = dict[str, Any]
MEASURED = frozenset(
    (
        "onset", "end", "duration_s", "began", "unstable_s", "networks", "networks_lost",
        "upstreams", "operator_onset", "outlived_s", "finding", "utc_offset",
    )
)  # fmt: skip
"""What is read here; what a claim says of causes is held against the program's own reasoning elsewhere."""
LEFT = 0.05
"""An upstream is lost when no more of its share than this is left."""


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


def holds(check: ClaimCheck, incidents: list[Json], scene: Scene, store: Store) -> bool:
    """Whether the result of the program agrees with the claim."""
    expected = scene.expected[check.of]
    incident, episode = episode_of(incidents, expected)
    if check.what == "utc_offset":
        return bool(incident["local_time"]["onset"].endswith(check.value))
    if check.what == "finding":
        assert check.at is not None
        services = services_of(store, expected.country, scene.begin, scene.end)
        assert services is not None
        return any(
            f.kind == check.value and f.begin <= check.at and (f.end is None or check.at < f.end)
            for f in services.findings
        )
    if check.what == "upstreams":
        assert isinstance(check.value, tuple)
        lost = {u["asn"] for u in incident["upstreams"] if u["before"] and u["during"] <= LEFT * u["before"]}
        return lost.issuperset(check.value)
    measured = _number(check, incident, episode)
    assert isinstance(check.value, int)
    if check.rule == "about":
        return abs(measured - check.value) <= check.tolerance
    return measured >= check.value if check.rule == "at_least" else measured <= check.value


def _number(check: ClaimCheck, incident: Json, episode: Json) -> int:
    onset, end = parse(episode["onset"]), parse(episode["end"])
    own = [n for n in incident["networks"] if check.asn is None or check.asn in n["origin_asns"]]
    if check.what == "unstable_s":
        before = [parse(s["began"]) for s in incident["instability"] if parse(s["began"]) < onset]
        return onset - min(before, default=onset)
    if check.what == "operator_onset":
        return min(parse(n["onset"]) for n in own if n["onset"])
    if check.what == "outlived_s":
        return max(parse(n["onset"]) if n["onset"] else end for n in own) - onset
    return {
        "onset": onset,
        "end": end,
        "duration_s": end - onset,
        "began": parse(incident["began"]),
        "networks": len(own),
        "networks_lost": sum(n["onset"] is not None for n in own),
    }[check.what]
