"""A made-up archive of one collector with many peers: a table, then updates; always the same bytes.

    python -m bench.one_collector FOLDER [--peers N] [--prefixes N] [--updates N]

What is announced is `bench.churned`'s: prefixes all over the space that the registries have given away, four ways to
each (its two, and each behind another AS), and the same mix of what peers say again. Every fifth prefix is one of
IPv6. A few countries are cut off for half an hour.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from struct import pack

from bench import churned, generate
from bench.churned import Cut, Group
from isal import igzip

from nightside.scenes.bgp_writer import (
    address_bytes,
    announce_ipv6,
    common_attributes,
    update_ipv4,
    withdraw_ipv6,
)
from nightside.scenes.mrt_writer import message_record, peer_index_record, session_header

BEGIN = generate.WRITTEN
FILE_S = 300
UPDATES_HOURS = 4
COLLECTOR = "rrc00"
ADDRESS = "193.0.4.1"
SHARE_IPV6 = 5
"""Every fifth prefix is IPv6's."""
SUBTYPE = {4: 2, 6: 4}
"""RIB_IPV4_UNICAST, RIB_IPV6_UNICAST (RFC 6396, section 4.3.2)."""
NEXT_HOP_IPV6 = bytes.fromhex("20010db8000000000000000000000001")


class _Writer:
    def __init__(self, folder: Path, peers: int) -> None:
        self.peers = [(f"192.0.{2 + i // 250}.{i % 250 + 1}", 3_000 + 7 * i) for i in range(peers)]
        self.headers = [session_header(asn, churned.LOCAL_ASN, at, ADDRESS) for at, asn in self.peers]
        self.hops = [address_bytes(at) for at, _asn in self.peers]
        self.folder = folder / COLLECTOR / "2014.12"
        self.folder.mkdir(parents=True)

    def table(self, groups: dict[int, list[Group]]) -> int:
        """Every peer has a route to everything; which of the four, each by its number."""
        heads, tails = {}, {}
        for family in (4, 6):
            hop = b"\x80\x0e\x11\x10" + NEXT_HOP_IPV6
            for i, (_at, asn) in enumerate(self.peers):
                # ORIGIN, then an AS_PATH of four ASes; the next hop, in IPv6 alone as RFC 6396, 4.3.4 has it.
                tail = b"\x40\x03\x04" + self.hops[i] if family == 4 else hop
                length = len(generate.ORIGIN_IGP) + 3 + 2 + 16 + len(tail)
                heads[family, i] = (
                    pack(">HIH", i, BEGIN - 86_400, length)
                    + generate.ORIGIN_IGP
                    + b"\x40\x02\x12\x02\x04"
                    + pack(">I", asn)
                )
                tails[family, i] = tail
        path = self.folder / "bview.20141221.0000.gz"
        sequence = count = 0
        with igzip.open(path, "wb", compresslevel=1) as out:
            out.write(peer_index_record(BEGIN, ADDRESS, self.peers))
            for family, some in groups.items():
                for group in some:
                    ends = [pack(">III", *way) for way in ways(group)]
                    body = pack(">H", len(self.peers)) + b"".join(
                        heads[family, i] + ends[(i * 7 + i // 4) & 3] + tails[family, i]
                        for i in range(len(self.peers))
                    )
                    for prefix in group.prefixes:
                        length = 4 + len(prefix) + len(body)
                        out.write(
                            pack(">IHHII", BEGIN, 13, SUBTYPE[family], length, sequence) + prefix + body
                        )
                        sequence += 1
                        count += len(self.peers)
        return count

    def says(self, peer: int, family: int, group: Group, way: Sequence[int] | None) -> bytes:
        """A record without its time: an announcement by this way, or a withdrawal."""
        if way is None:
            message = update_ipv4(withdrawn=group.prefixes) if family == 4 else withdraw_ipv6(group.prefixes)
        else:
            path = (self.peers[peer][1], *way)
            if family == 4:
                attributes = common_attributes(path, next_hop_ipv4=self.hops[peer])
                message = update_ipv4(attributes=attributes, announced=group.prefixes)
            else:
                message = announce_ipv6(common_attributes(path), NEXT_HOP_IPV6, group.prefixes)
        return message_record(0, self.headers[peer], message)[4:]

    def churn(
        self, groups: dict[int, list[Group]], chance: random.Random
    ) -> list[tuple[int, int, tuple[bytes, bytes]]]:
        """What may be said at any time: the country it is about, of how many prefixes, and the two things in turn."""
        found = []
        families = sorted(groups)
        for _ in range(churned.POOL):
            family = 6 if len(families) > 1 and chance.random() < 1 / SHARE_IPV6 else 4
            group = chance.choice(groups[family])
            peer = chance.randrange(len(self.peers))
            here, other, beside, _far = ways(group)
            kind = chance.random()
            second: Sequence[int] | None = here
            if kind < churned.WITHDRAWN:
                second = None
            elif kind < churned.WITHDRAWN + churned.ELSEWHERE:
                second = beside
            elif kind < churned.WITHDRAWN + churned.ELSEWHERE + churned.BESIDE:
                second = other
            said = (self.says(peer, family, group, second), self.says(peer, family, group, here))
            found.append((group.country, len(group.prefixes), said))
        return found


def ways(group: Group) -> list[tuple[int, ...]]:
    """Four ways of three ASes: the group's two, and the same behind another AS."""
    return [
        (first, *way[-2:])
        for first, way in zip((701, 701, 1299, 1299), (group.usual, group.other) * 2, strict=True)
    ]


def _groups_ipv6(some: Sequence[Group], count: int, chance: random.Random) -> list[Group]:
    """About so many prefixes of IPv6, of the same origins."""
    space = iter(islice(generate.prefixes(True, chance), count + 10))
    found = []
    for i in range(count // 2):
        group = some[i % len(some)]
        found.append(Group(0, tuple(islice(space, 2)), group.usual, group.other))
    return found


def _cut_off(writer: _Writer, cut: Cut, some: Sequence[Group]) -> Iterator[tuple[int, int, bytes]]:
    for number, group in enumerate(g for g in some if g.country == cut.country):
        for peer in range(len(writer.peers)):
            late = (7 * number + 11 * peer) % churned.SPREAD_S
            yield cut.begin + late, len(group.prefixes), writer.says(peer, 4, group, None)
            way = ways(group)[(peer * 7 + peer // 4) & 3]
            yield cut.end + late, len(group.prefixes), writer.says(peer, 4, group, way)


def write(folder: Path, *, peers: int, prefixes: int, updates: int) -> tuple[int, int]:
    """Write the archive into a new folder; returns how many entries its table has, and how many update elements."""
    chance = random.Random(churned.SEED)
    ipv4 = churned.groups(prefixes - prefixes // SHARE_IPV6, chance)
    groups = {4: ipv4, 6: _groups_ipv6(ipv4, prefixes // SHARE_IPV6, chance)}
    writer = _Writer(folder, peers)
    routes = writer.table(groups)
    seconds = range(BEGIN, BEGIN + UPDATES_HOURS * 3600)
    cuts = churned.cuts(ipv4, UPDATES_HOURS, chance)[: churned.OUTAGES // 4]
    quiet = {c.country: (c.begin - churned.QUIET_S, c.end + churned.QUIET_S) for c in cuts}
    due: dict[int, list[bytes]] = {}
    count = 0
    for cut in cuts:
        for second, size, record in _cut_off(writer, cut, ipv4):
            due.setdefault(second, []).append(record)
            count += size
    pool = writer.churn(groups, chance)
    turn = bytearray(len(pool))
    each = max(updates - count, 0) / len(seconds)
    owed = 0.0
    for begin in seconds[::FILE_S]:
        records = []
        for second in range(begin, begin + FILE_S):
            time = pack(">I", second)
            owed += each
            while owed > 0:
                # A few are never quiet, most are seldom heard of.
                i = int(len(pool) * chance.random() ** 2)
                country, size, said = pool[i]
                if country in quiet and quiet[country][0] <= second <= quiet[country][1]:
                    continue
                records.append(time + said[turn[i]])
                turn[i] ^= 1
                owed -= size
                count += size
            records += [time + record for record in due.get(second, ())]
        at = begin - BEGIN
        name = f"updates.20141221.{at // 3600:02}{at // 60 % 60:02}.gz"
        with igzip.open(writer.folder / name, "wb", compresslevel=1) as out:
            out.write(b"".join(records))
    return routes, count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", type=int, default=30)
    parser.add_argument("--prefixes", type=int, default=200_000)
    parser.add_argument("--updates", type=int, default=5_000_000)
    asked = parser.parse_args()
    routes, updates = write(asked.folder, peers=asked.peers, prefixes=asked.prefixes, updates=asked.updates)
    print(f"{routes:,} entries of a table, {updates:,} announcements and withdrawals")


if __name__ == "__main__":
    main()
