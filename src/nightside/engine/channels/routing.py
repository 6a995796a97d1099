"""Whether a message goes to a channel, rule by rule."""

from __future__ import annotations

from typing import Any

from nightside.model.channel import TOLD, Channel

Json = dict[str, Any]


def why_not(channel: Channel, told: Json) -> list[str]:
    """Every rule of the channel that keeps a message (`nightside.message/1`) from it; none where it goes there."""
    route, entity = channel.route, told["entity"]
    found = []
    named = route.asns if entity["type"] == "asn" else route.countries
    if (route.countries or route.asns) and entity["code"] not in named:
        rule = "asns" if entity["type"] == "asn" else "countries"
        found.append(f"{rule}: {entity['code']} is not among them")
    if route.types and entity["type"] not in route.types:
        found.append(f"entities: no {entity['type']} goes there")
    if TOLD.index(told["severity"]) < TOLD.index(route.severity):
        found.append(f"severity: {told['severity']} is less than {route.severity}")
    if route.messages and told["kind"] not in route.messages:
        found.append(f"messages: {told['kind']} is not among them")
    if told["reconstruction"] and not route.reconstructions:
        found.append("reconstructions: what is made up does not go there")
    return found
