"""What a webhook's receiver gets: nightside.message/1, or several of them as nightside.messages/1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

SCHEMA_MANY = "nightside.messages/1"
SCHEMA_TEST = "nightside.test/1"

Json = dict[str, Any]


def for_webhook(records: Sequence[Json], key: str) -> bytes:
    """One message as it is; of several the list, under the key of all."""
    if len(records) == 1:
        return json_bytes(records[0]["told"])
    return json_bytes({"schema": SCHEMA_MANY, "key": key, "messages": [one["told"] for one in records]})


def for_test(name: str, key: str, at: str, text: str) -> bytes:
    """That it is a test."""
    return json_bytes({"schema": SCHEMA_TEST, "key": key, "at": at, "channel": name, "text": text})


def json_bytes(value: object) -> bytes:
    """As it goes over the line."""
    return json.dumps(value, ensure_ascii=False).encode()
