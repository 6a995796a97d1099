"""Messages as alerts: for Alertmanager's API v2, and in the shape of Alertmanager's own webhook, version "4".

Sources: Alertmanager's `api/v2/openapi.yaml` (postableAlert); prometheus.io/docs/alerting/latest/configuration
(webhook_config); the fingerprint is `LabelSet.Fingerprint` of prometheus/common (FNV-1a with 64 bits over names and
values in the order of names, each followed by the byte 255).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nightside.model.instants import iso
from nightside.publish.channels import words
from nightside.publish.channels.bodies import json_bytes

ALERTNAME = "NightsideOutage"
TEST = "NightsideTest"
NEVER = "0001-01-01T00:00:00Z"
"""What Alertmanager says for an end that is not known."""
FNV_OFFSET, FNV_PRIME, MASK = 14695981039346656037, 1099511628211, 2**64 - 1
LASTS = ("opened", "worsened", "recovering")
"""Kinds of messages that tell what lasts; the others tell an end where they have one."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `ends_at` is None while it fires. Times are ISO 8601 with Z."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: str
    ends_at: str | None
    link: str

    @property
    def fingerprint(self) -> str:
        """By which Alertmanager knows an alert: 16 hexadecimal digits made of its labels."""
        return fingerprint(self.labels)

    def resolved(self, at: str) -> Alert:
        """The same, over at this instant, or at its begin where that is later."""
        return replace(self, ends_at=max(at, self.starts_at))


def fingerprint(labels: Mapping[str, str]) -> str:
    """The FNV-1a hash of a set of labels, as Alertmanager prints it."""
    found = FNV_OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), 255, *labels[name].encode(), 255):
            found = (found ^ byte) * FNV_PRIME & MASK
    return f"{found:016x}"


def alert_of(record: Json, base_url: str | None) -> Alert:
    """The alert of a message: {"told": nightside.message/1, "text": its words}."""
    told = record["told"]
    entity = told["entity"]
    ends_at = None
    if told["kind"] == "withdrawn" or (told["kind"] not in LASTS and told["end"] is not None):
        ends_at = told["end"] or told["at"]
    labels = {
        "alertname": ALERTNAME,
        "entity_type": entity["type"],
        entity["type"]: entity["code"],
        "severity": told["severity"],
        "incident": told["incident"]["id"],
    }
    link = words.link(told, base_url)
    annotations = {"summary": words.title(told), "description": record["text"]}
    if link:
        annotations["link"] = link
    return Alert(labels, annotations, told["onset"], ends_at, link)


def alert_of_test(name: str, at: str, text: str) -> Alert:
    """An alert that says that it is a test; it ends by itself."""
    labels = {"alertname": TEST, "channel": name, "severity": "none"}
    annotations = {"summary": words.TEST_TITLE, "description": text}
    return Alert(labels, annotations, at, None, "")


def for_api(alerts: Sequence[Alert], now: int, lasts_s: int) -> bytes:
    """The body of POST /api/v2/alerts. What fires ends after `lasts_s`, unless it is sent again before."""
    return json_bytes(
        [
            {
                "labels": dict(one.labels),
                "annotations": dict(one.annotations),
                "startsAt": one.starts_at,
                "endsAt": iso(now + lasts_s) if one.ends_at is None else one.ends_at,
            }
            | ({"generatorURL": one.link} if one.link else {})
            for one in alerts
        ]
    )


def for_webhook(alerts: Sequence[Alert], receiver: str, base_url: str | None) -> bytes:
    """The body that Alertmanager itself would post to a receiver of its webhooks, version "4"."""
    group = _common([one.labels for one in alerts])
    group_labels = {name: group[name] for name in ("alertname", "incident") if name in group}
    named = ", ".join(f'{name}="{value}"' for name, value in sorted(group_labels.items()))
    return json_bytes(
        {
            "receiver": receiver,
            "status": "firing" if any(one.ends_at is None for one in alerts) else "resolved",
            "alerts": [
                {
                    "status": "firing" if one.ends_at is None else "resolved",
                    "labels": dict(one.labels),
                    "annotations": dict(one.annotations),
                    "startsAt": one.starts_at,
                    "endsAt": one.ends_at or NEVER,
                    "generatorURL": one.link,
                    "fingerprint": one.fingerprint,
                }
                for one in alerts
            ],
            "groupLabels": group_labels,
            "commonLabels": group,
            "commonAnnotations": _common([one.annotations for one in alerts]),
            "externalURL": base_url or "",
            "version": "4",
            "groupKey": f"{{}}:{{{named}}}",
            "truncatedAlerts": 0,
        }
    )


def _common(every: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all of them have, with the same value."""
    return {k: v for k, v in sorted(every[0].items()) if all(one.get(k) == v for one in every)}
