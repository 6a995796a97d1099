"""BMP of real routers, in captures; one of them beside what another program (NetGauze) read in it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from struct import unpack_from
from typing import Any

import pcap_tcp
import pytest

from nightside.model.elements import Kind
from nightside.wire.bmp import Bmp

CAPTURE = "netgauze.205-BMP-6wind-FRR-peer_down.traffic-00"
MANY = "netgauze.208-BMP-mem-leak-test.bmp-multi-sources-route-monitoring.pcap.gz"
AFTER_US = 1_705_600_000_000_000 + 86_400_000_000
"""A day after the first capture."""


def split(stream: bytes) -> Iterator[bytes]:
    """One message after the other (RFC 7854 section 4.1)."""
    at = 0
    while at < len(stream):
        version, size = unpack_from("!BI", stream, at)
        assert version == 3
        yield stream[at : at + size]
        at += size


@pytest.fixture(scope="module")
def feeds(shared_data: Path) -> Path:
    return shared_data / "feeds" / "bmp"


@pytest.fixture(scope="module")
def messages(feeds: Path) -> list[bytes]:
    (stream,) = pcap_tcp.streams(feeds / f"{CAPTURE}.pcap.gz").values()
    return list(split(stream))


@pytest.fixture(scope="module")
def told(feeds: Path) -> list[dict[str, Any]]:
    lines = gzip.decompress((feeds / f"{CAPTURE}-bmp.json.gz").read_bytes()).splitlines()
    return [json.loads(line) for line in lines]


def instant_us(text: str | None) -> int:
    """The oracle's instant; what has none has the time of its arrival."""
    if text is None:
        return AFTER_US
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(parsed.timestamp()) * 1_000_000 + parsed.microsecond


def expected(line: dict[str, Any], is_pre_policy_heard: bool) -> list[tuple[Any, ...]] | None:
    """What should be made of a message by the oracle's reading of it; None where the oracle could not read it."""
    if "V3" not in line:
        return None
    ((kind, said),) = line["V3"].items()
    header = said.get("peer_header")
    if kind not in ("RouteMonitoring", "PeerUpNotification", "PeerDownNotification"):
        return []
    flags = header["peer_type"].get("GlobalInstancePeer")
    if flags is None or header["address"] is None or (flags["post_policy"] and is_pre_policy_heard):
        return []
    who = (instant_us(header["timestamp"]), header["address"], header["peer_as"])
    if kind != "RouteMonitoring":
        return [(*who, Kind.STATE, (5, 6) if kind == "PeerUpNotification" else (6, 1))]
    update = said["update_message"]["Update"]
    path = [
        asn
        for attribute in update["path_attributes"]
        if "AsPath" in attribute["value"]
        for segment in attribute["value"]["AsPath"]["As4PathSegments"]
        for asn in segment["as_numbers"]
    ]
    return [(*who, Kind.ANNOUNCE, route["network"], path) for route in update["nlri"]]


def test_every_message_as_another_program_read_it(
    messages: list[bytes], told: list[dict[str, Any]], decode: Any
) -> None:
    assert len(messages) == len(told)
    router = Bmp(0)
    heard: set[str | None] = set()
    compared: Counter[Kind] = Counter()
    for message, line in zip(messages, told, strict=True):
        made = router.feed(message, AFTER_US)
        header = line.get("V3", {}).get("RouteMonitoring", {}).get("peer_header", {})
        address = header.get("address")
        should = expected(line, address in heard)
        flags = header.get("peer_type", {}).get("GlobalInstancePeer")
        if flags and not flags["post_policy"]:
            heard.add(address)
        if should is None:
            continue
        # As from a router that has just connected: else arrival would stand for times that are a day old.
        rows = decode(at_its_own_time(message)) if made else None
        found = [_plain(row) for row in rows.rows] if rows else []
        assert found == should
        compared.update(row[3] for row in should)
    assert compared[Kind.STATE] == 6 + 2
    assert compared[Kind.ANNOUNCE] > 80
    assert router.counts["messages"] == 509
    assert router.counts["statistics"] == 48
    assert router.broken is None
    assert router.skipped == []
    initiation = {
        name: text for part in told[0]["V3"]["Initiation"]["information"] for name, text in part.items()
    }
    assert router.system_name == initiation["SystemName"]
    assert router.system_description == initiation["SystemDescription"]


def at_its_own_time(message: bytes) -> bytes:
    """What is made of a message that comes the moment it is stamped."""
    seconds, microseconds = unpack_from("!II", message, 6 + 34)
    own_us = seconds * 1_000_000 + microseconds
    return Bmp(0).feed(message, own_us if seconds else AFTER_US)


def _plain(row: Any) -> tuple[Any, ...]:
    who = (row.time_us, row.peer.address, row.peer.asn, row.kind)
    return (*who, row.states) if row.kind == Kind.STATE else (*who, row.prefix, row.path)


def test_eleven_routers_of_several_makers(feeds: Path, decode: Any) -> None:
    streams = pcap_tcp.streams(feeds / MANY)
    assert len(streams) == 11
    for stream in streams.values():
        router = Bmp(0)
        whole = router.feed(stream, AFTER_US)
        assert router.broken is None
        assert router.skipped == []
        assert router.counts["messages"] == len(list(split(stream)))
        again = Bmp(0)
        pieces = [again.feed(stream[at : at + 61], AFTER_US) for at in range(0, len(stream), 61)]
        assert b"".join(pieces) == whole
        assert again.counts == router.counts
        reading = decode(whole) if whole else None
        for skip in reading.skipped if reading else []:
            assert "are not read" in skip.reason  # VPN and labelled routes; nothing malformed
