"""Properties: no bytes crash the BMP transcoder or make it loop, and where a piece ends makes no difference."""

from __future__ import annotations

from typing import Any

import bgp_bytes as bgp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightside.model.errors import NotMrtError
from nightside.wire.bmp import Bmp

NOW_US = 1_419_264_901_000_000
SOUND = (
    bgp.initiation(),
    bgp.peer_up(
        bgp.open_message(65000, bgp.add_path(2, 3)), bgp.open_message(65001, bgp.add_path(2, 2), True)
    ),
    bgp.route_monitoring(bgp.update(("175.45.176.0/24", "0.0.0.0/0"), (65001, 3356))),
    bgp.route_monitoring(bgp.update_ipv6(("2001:db8::/32",), (65001,), ("::/0",)), flags=0x40),
    bgp.route_monitoring(bgp.update(("10.0.0.0/8",), (65001, 3356), width=2)),
    bgp.route_monitoring(bgp.update(withdrawn=("175.45.176.0/24",)), address="2001:db8::9"),
    bgp.statistics(),
    bgp.bmp(bgp.MIRRORING, bgp.peer_header()),
    bgp.peer_down(),
    bgp.termination(),
)


def fed(pieces: list[bytes]) -> tuple[bytes, Any]:
    router = Bmp(0)
    made = b"".join(router.feed(piece, NOW_US) for piece in pieces)
    told = (router.counts, router.skipped, router.broken, router.system_name, router.terminated)
    return made, told


@given(st.data())
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_make_no_difference_whatever_the_bytes(decode: Any, data: Any) -> None:
    content = bytearray(b"".join(data.draw(st.lists(st.sampled_from(SOUND), min_size=1, max_size=12))))
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    pieces = [bytes(content[a:b]) for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    made, told = fed([bytes(content)])
    assert fed(pieces) == (made, told)
    assert fed([bytes(content[i : i + 1]) for i in range(len(content))]) == (made, told)
    counts, skipped, broken, *_ = told
    assert counts["messages"] <= len(content) // 6
    assert all(0 <= skip.offset < len(content) for skip in skipped)
    # What is made is always framed soundly: a bad message inside costs the decoder that record alone.
    reading = decode(made) if made else None
    if reading:
        assert not reading.truncated
        assert reading.records <= counts["messages"]
    if broken is None and not skipped:
        assert (
            counts["messages"] > 0 or len(content) < 6 or int.from_bytes(content[1:5], "big") > len(content)
        )


@given(st.binary(max_size=300))
@settings(max_examples=400, deadline=None)
def test_rubbish_behind_sound_messages(decode: Any, rubbish: bytes) -> None:
    sound, _ = fed(list(SOUND))
    made, _ = fed([*SOUND, rubbish])
    assert made.startswith(sound)
    try:
        decode(made)
    except NotMrtError:
        raise AssertionError("what was made is no MRT") from None


@given(st.lists(st.tuples(st.integers(0, 8), st.binary(max_size=150)), max_size=8))
@settings(max_examples=400, deadline=None)
def test_any_message_in_a_sound_frame_costs_at_most_itself(
    decode: Any, messages: list[tuple[int, bytes]]
) -> None:
    last = bgp.route_monitoring(bgp.update(("192.0.2.0/24",), (65001, 7)), address="192.0.2.77", asn=77)
    made, told = fed([*(bgp.bmp(type, body) for type, body in messages), last])
    assert told[2] is None
    assert told[0]["messages"] == len(messages) + 1
    assert decode(made).rows[-1].prefix == "192.0.2.0/24"
