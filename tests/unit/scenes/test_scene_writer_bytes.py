"""MRT and BGP bytes, against the layouts of the RFCs and against bgpdump."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from nightside.scenes.bgp_writer import (
    PREFIXES_PER_MESSAGE,
    address_bytes,
    announce_ipv6,
    attribute,
    common_attributes,
    end_of_rib,
    nlri,
    reach_ipv6_in_table,
    update_ipv4,
    withdraw_ipv6,
)
from nightside.scenes.mrt_writer import (
    State,
    gz,
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
    state_record,
)

NEXT_HOP_IPV6 = address_bytes("2001:db8::11")


def test_a_prefix_takes_only_the_bytes_its_length_needs() -> None:
    # RFC 4271, 4.3: length in bits, then the least number of bytes that holds them.
    assert nlri("175.45.176.0/22") == bytes([22, 175, 45, 176])
    assert nlri("10.0.0.0/8") == bytes([8, 10])
    assert nlri("2001:db8:f000::/44") == bytes([44, 0x20, 0x01, 0x0D, 0xB8, 0xF0, 0x00])


def test_a_long_attribute_gets_the_extended_length() -> None:
    assert attribute(0x40, 2, b"x" * 255)[:3] == bytes([0x40, 2, 255])
    assert attribute(0x40, 2, b"x" * 256)[:4] == bytes([0x50, 2, 1, 0])


def test_end_of_rib_is_an_update_of_23_bytes_or_an_empty_mp_unreach() -> None:
    # RFC 4724, 2: the least UPDATE has 23 bytes; for IPv6 one MP_UNREACH_NLRI with AFI and SAFI only.
    assert end_of_rib(4) == b"\xff" * 16 + bytes([0, 23, 2, 0, 0, 0, 0])
    assert end_of_rib(6)[19:] == bytes([0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1])


def test_a_record_has_the_header_of_rfc_6396() -> None:
    header = session_header(6453, 12654, "192.0.2.16", "192.0.2.1")
    record = state_record(0x54983F54, header, State.ESTABLISHED, State.IDLE)
    expected = bytes.fromhex(
        "54983f54" "0010" "0005" "00000018"  # time, BGP4MP, STATE_CHANGE_AS4, length 24
        "00001935" "0000316e" "0000" "0001"  # peer AS, local AS, interface, IPv4
        "c0000210" "c0000201" "0006" "0001"  # addresses, old and new state
    )  # fmt: skip
    assert record == expected


def test_the_longest_message_stays_below_the_limit_of_bgp() -> None:
    path = list(range(1, 30))
    prefixes = [nlri(f"2001:db8:{i:x}::/48") for i in range(PREFIXES_PER_MESSAGE)]
    message = announce_ipv6(common_attributes(path, med=1, communities=(1, 2)), NEXT_HOP_IPV6, prefixes)
    assert len(message) <= 4096


def test_a_message_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="4096"):
        update_ipv4(withdrawn=[nlri("10.0.0.0/24")] * 2000)


def test_gzip_bytes_hold_no_time() -> None:
    assert gz(b"abc")[4:8] == b"\0\0\0\0"  # RFC 1952: MTIME
    assert gzip.decompress(gz(b"abc")) == b"abc"
    assert gzip.decompress(gz(b"")) == b""


def bgpdump(path: Path) -> list[str]:
    if shutil.which("bgpdump") is None:
        pytest.skip("bgpdump is not installed")
    done = subprocess.run(["bgpdump", "-m", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_bgpdump_reads_each_kind_of_message(tmp_path: Path) -> None:
    ipv4 = session_header(6453, 12654, "192.0.2.16", "192.0.2.1")
    ipv6 = session_header(1299, 12654, "2001:db8::11", "2001:db8::1")
    long_asn = common_attributes(
        (6453, 4837, 131279), next_hop_ipv4=address_bytes("192.0.2.16"), med=30, communities=(1 << 16 | 7,)
    )
    file = tmp_path / "updates.gz"
    records = [
        state_record(1419264900, ipv4, State.ESTABLISHED, State.IDLE),
        message_record(
            1419264901, ipv4, update_ipv4(attributes=long_asn, announced=[nlri("175.45.176.0/24")])
        ),
        message_record(
            1419264902, ipv4, update_ipv4(withdrawn=[nlri("175.45.176.0/24"), nlri("10.0.0.0/20")])
        ),
        message_record(
            1419264903, ipv6, announce_ipv6(common_attributes((1299, 1)), NEXT_HOP_IPV6, [nlri("2a00::/32")])
        ),
        message_record(1419264904, ipv6, withdraw_ipv6([nlri("2a00::/32")])),
        message_record(1419264905, ipv4, end_of_rib(4)),
    ]
    file.write_bytes(gz(b"".join(records)))
    assert bgpdump(file) == [
        "BGP4MP|1419264900|STATE|192.0.2.16|6453|6|1",
        "BGP4MP|1419264901|A|192.0.2.16|6453|175.45.176.0/24|6453 4837 131279|IGP|192.0.2.16|0|30|1:7|NAG||",
        "BGP4MP|1419264902|W|192.0.2.16|6453|175.45.176.0/24",
        "BGP4MP|1419264902|W|192.0.2.16|6453|10.0.0.0/20",
        "BGP4MP|1419264903|A|2001:db8::11|1299|2a00::/32|1299 1|IGP|2001:db8::11|0|0||NAG||",
        "BGP4MP|1419264904|W|2001:db8::11|1299|2a00::/32",
    ]


def test_bgpdump_reads_a_table_of_both_families(tmp_path: Path) -> None:
    route = common_attributes((6453, 4837, 131279), next_hop_ipv4=address_bytes("192.0.2.16"))
    route_ipv6 = common_attributes((1299, 1)) + reach_ipv6_in_table(NEXT_HOP_IPV6)
    file = tmp_path / "bview.gz"
    records = [
        peer_index_record(1419264000, "192.0.2.1", [("192.0.2.16", 6453), ("2001:db8::11", 4200000000)]),
        rib_record(1419264000, 0, 4, nlri("175.45.176.0/24"), [rib_entry(0, 1419000000, route)]),
        rib_record(1419264000, 1, 6, nlri("2a00::/32"), [rib_entry(1, 1419000000, route_ipv6)]),
    ]
    file.write_bytes(gz(b"".join(records)))
    assert bgpdump(file) == [
        "TABLE_DUMP2|1419264000|B|192.0.2.16|6453|175.45.176.0/24|6453 4837 131279|IGP|192.0.2.16|0|0||NAG||",
        "TABLE_DUMP2|1419264000|B|2001:db8::11|4200000000|2a00::/32|1299 1|IGP|2001:db8::11|0|0||NAG||",
    ]
