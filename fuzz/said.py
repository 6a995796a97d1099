"""What is not bytes of routers: RIS Live's frames and RIPEstat's answers (JSON), and packed files."""

from __future__ import annotations

import bz2
import copy
import gzip
import json
import random
import zlib
from typing import Any

from fuzz import bgp
from fuzz.fields import content_of, cut_or_changed

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, "", " ", "0", "a",
    "\x00", "\ud83d\ude00", "x" * 3000, "193.0.0.1", "::", "1.2.3.4/33", "0.0.0.0/0", [], {}, [[]], [None],
    {"": None}, "{1,2}", "{", [[1], [2]], [1] * 1001, "2014-12-22T00:00:00", "9999-12-31T23:59:59.999999",
    "0001-01-01", "2014-12-22T00:00:00+23:59",
)  # fmt: skip


def frame(random_: random.Random) -> dict[str, Any]:
    """One sound frame of RIS Live."""
    what = random_.random()
    if what < 0.06:
        return {"type": random_.choice(["pong", "ris_rrc_list"]), "data": None}
    if what < 0.1:
        return {"type": "ris_subscribe_ok", "data": {"subscription": {"host": "rrc00"}}}
    if what < 0.12:
        return {"type": "ris_error", "data": {"message": "no"}}
    peer = random_.choice(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
    data: dict[str, Any] = {
        "timestamp": 1419264900.25,
        "peer": peer,
        "peer_asn": random_.choice(["65001", "4200000000"]),
        "id": f"{random_.randrange(64):x}",
        "host": random_.choice(["rrc00.ripe.net", "rrc00", "rrc01", "rrc99"]),
        "type": "UPDATE",
    }
    if what < 0.2:
        data |= {"type": "RIS_PEER_STATE", "state": random_.choice(["connected", "down"])}
    elif what < 0.25:
        data |= {"type": random_.choice(["OPEN", "KEEPALIVE", "NOTIFICATION"])}
    else:
        data["raw"] = content_of(bgp.update(random_, random_.choice([2, 4, 4]))).hex()
    return {"type": "ris_message", "data": data}


def answer(random_: random.Random) -> dict[str, Any]:
    """One sound answer of RIPEstat's BGPlay."""
    sources = [
        {"id": f"{i}-1", "as_number": 65001 + i, "ip": ip, "rrc": random_.choice(["0", "00", "21"])}
        for i, ip in enumerate(["192.0.2.1", "2001:db8::1", "192.0.2.3"])
    ]

    def path() -> list[Any]:
        steps: list[Any] = [random_.choice([65001, 1, 2**32 - 1, "7", [1, 2], "{3,4}"]) for _ in range(3)]
        return steps * random_.choice([1, 1, 1, 100])

    def prefix() -> str:
        return random_.choice(["175.45.176.0/22", "175.45.176.0/24", "0.0.0.0/0", "1.2.3.4/32"])

    state = [
        {"source_id": random_.choice(sources)["id"], "target_prefix": prefix(), "path": path()}
        for _ in range(random_.randint(0, 4))
    ]
    events = []
    for _ in range(random_.randint(0, 6)):
        attrs: dict[str, Any] = {"source_id": random_.choice(sources)["id"], "target_prefix": prefix()}
        kind = random_.choice("AAW")
        if kind == "A":
            attrs["path"] = path()
        second = random_.randrange(3600)
        stamp = f"2014-12-22T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        events.append({"type": kind, "timestamp": stamp, "attrs": attrs})
    data = {"query_starttime": "2014-12-22T00:00:00", "query_endtime": "2014-12-22T01:00:00"}
    return {"status": "ok", "data": data | {"sources": sources, "initial_state": state, "events": events}}


def mutate(random_: random.Random, said: Any, times: int) -> None:
    """Make so many values of a JSON tree odd, or take them out, or repeat them, in place."""
    for _ in range(times):
        holders: list[Any] = []

        def gather(value: Any, holders: list[Any] = holders) -> None:
            if isinstance(value, (dict, list)) and value:
                holders.append(value)
                for below in value.values() if isinstance(value, dict) else value:
                    gather(below)

        gather(said)
        if not holders:
            return
        holder = random_.choice(holders)
        key = random_.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = random_.random()
        if what < 0.5:
            holder[key] = copy.deepcopy(random_.choice(_ODD))
        elif what < 0.7:
            del holder[key]
        elif what < 0.8 and isinstance(holder, list):
            holder += [copy.deepcopy(holder[key]) for _ in range(random_.choice([1, 2, 30]))]
        elif isinstance(holder[key], str) and holder[key]:
            text = cut_or_changed(random_, holder[key].encode("utf-8", "replace"))
            holder[key] = text.decode("latin-1")


def written(random_: random.Random, said: Any) -> bytes:
    """As JSON, of one line."""
    return json.dumps(said, ensure_ascii=random_.random() < 0.5).encode("utf-8", "surrogatepass")


def packed(random_: random.Random, content: bytes) -> bytes:
    """The content as one packed stream, or several; some stored, some with a name, some padded."""
    size = max(1, len(content) // random_.choice([1, 1, 1, 2, 3]))
    parts = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    begin, end = random_.choice([(b"", b""), (b"", b""), (b"", bytes(512)), (b"", b"rubbish")])
    if random_.random() < 0.35:
        return begin + b"".join(bz2.compress(part, random_.choice([1, 9])) for part in parts) + end
    streams = []
    for part in parts:
        stream = gzip.compress(part, random_.choice([0, 1, 6, 9]), mtime=0)
        if random_.random() < 0.2:
            stream = _with_options(random_, stream)
        streams.append(stream)
    return begin + b"".join(streams) + end


def _with_options(random_: random.Random, stream: bytes) -> bytes:
    """A gzip stream with the optional parts of its header (RFC 1952): extra, name, comment, checksum."""
    flags, parts = 0, b""
    if random_.random() < 0.5:
        extra = random_.randbytes(random_.choice([0, 1, 300]))
        flags, parts = flags | 4, parts + len(extra).to_bytes(2, "little") + extra
    if random_.random() < 0.5:
        flags, parts = flags | 8, parts + b"updates.20141222\0"
    if random_.random() < 0.3:
        flags, parts = flags | 16, parts + b"a comment\0"
    if random_.random() < 0.3:
        head = stream[:3] + bytes([flags | 2]) + stream[4:10] + parts
        flags, parts = flags | 2, parts + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    return stream[:3] + bytes([flags]) + stream[4:10] + parts + stream[10:]
