"""`nightside networks`: a real transfer by one peer, the demo's peers, and a second upstream that appears."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_archive import KP, PEERS, T0, Archive, full_table

import nightside
from nightside.model.instants import iso

Json = dict[str, Any]
RISE = T0 + 1_000
"""Three peers begin to use the second upstream; the other two do a minute later."""
UNICOM, TTK = 4837, 20485
THREE = (KP[0], KP[2], KP[3])


@pytest.fixture(scope="module")
def second_upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five peers reach four networks through one upstream, then three of these through another one."""
    folder = tmp_path_factory.mktemp("second") / "archive"
    archive = Archive(folder)
    archive.table(T0, full_table())
    for i, (address, asn) in enumerate(PEERS.items()):
        archive.announce(RISE + 60 * (i >= 3), address, *THREE, path=(asn, TTK, 131279))
    archive.finish(T0 + 1_800)
    return folder


def shares(folder: Path, at: int) -> dict[int, tuple[float, float]]:
    """Per upstream its share and for what share of the units it is the only way."""
    told = nightside.networks("KP", [folder], at=iso(at))
    assert told["observed_peers"] == len(PEERS)
    return {u["asn"]: (u["share"], u["sole_way_share"]) for u in told["upstreams"]}


def test_a_second_upstream_moves_the_shares_in_its_second(second_upstream: Path) -> None:
    """Of 5 * 4 pairs, 3 * 3 move at first and 5 * 3 in all; one network of four never moves."""
    assert shares(second_upstream, RISE - 1) == {UNICOM: (1.0, 1.0)}
    assert shares(second_upstream, RISE) == {UNICOM: (11 / 20, 1 / 4), TTK: (9 / 20, 0.0)}
    assert shares(second_upstream, RISE + 59) == shares(second_upstream, RISE)
    assert shares(second_upstream, RISE + 60) == {TTK: (15 / 20, 3 / 4), UNICOM: (5 / 20, 1 / 4)}


def test_what_a_loss_would_cost_is_said_in_units(second_upstream: Path, quick: Any) -> None:
    out = quick("networks", "KP", second_upstream, "--at", iso(RISE), store=False).out
    assert "Without AS4837 China Unicom, 1 of 4 units would have no way left, as seen by 5 peer ASes" in out
    assert "Without AS20485" not in out
    later = quick("networks", "KP", second_upstream, "--at", iso(RISE + 60), store=False).out
    assert "Without AS20485 TransTeleCom, 3 of 4 units would have no way left" in later


def test_an_origin_registered_elsewhere_is_counted_for_its_country(tmp_path: Path) -> None:
    """One of the four is announced by an AS of the United States (AS3356), one by an AS of nobody's (private)."""
    routes = full_table()
    for address, asn in PEERS.items():
        routes[KP[1]][address] = (asn, UNICOM, 3356)
        routes[KP[2]][address] = (asn, UNICOM, 64512)
    archive = Archive(tmp_path)
    archive.table(T0, routes)
    told = nightside.networks("KP", [tmp_path])
    rows = {row["code"]: row for row in told["countries"]}
    korea = rows["KP"]
    assert (korea["networks"], korea["origin_elsewhere"], korea["origin_unknown"]) == (4, 1, 1)
    assert korea["rank"] == 1
    # 8.8.8.0/24 is announced by North Korea's AS here.
    assert (rows["US"]["networks"], rows["US"]["origin_elsewhere"], rows["US"]["rank"]) == (1, 1, 2)
    # By units, most first; then by number.
    assert [(o["asn"], o["networks"], o["units"]) for o in told["operators"]] == [
        (131279, 2, 2), (3356, 1, 1), (64512, 1, 1),
    ]  # fmt: skip


def test_the_demo_s_peers_give_the_figure(december: Path, quick: Any) -> None:
    told = nightside.networks("KP", [december], at="2014-12-22T16:00Z")
    schema = json.loads((files("nightside.model") / "schemas" / "networks-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(told)
    assert (told["units"], told["registered_units"], told["reconstruction"]) == (4, 4, True)
    upstreams = [(u["asn"], u["name"], u["share"], u["sole_way_share"]) for u in told["upstreams"]]
    assert upstreams == [(UNICOM, "China Unicom", 1.0, 1.0)]
    assert told["observed_peers"] >= 5
    (korea,) = [row for row in told["countries"] if row["code"] == "KP"]
    assert korea["networks"] == len(told["networks"]) == 4
    assert korea["rank"] == 1 + sum(row["networks"] > 4 for row in told["countries"])
    assert [(known["asn"], known["seen"]) for known in told["known_upstreams"]] == [
        (4837, True), (22351, False), (22351, False),
    ]  # fmt: skip
    out = quick("networks", "KP", december, "--at", "2014-12-22T16:00Z", store=False).out
    assert "A reconstruction, no recording." in out
    assert "owned by Post and Telecommunications Corporation" in out
    assert "Without AS4837 China Unicom, 4 of 4 units" in out
    assert "Known, not seen: AS22351 Intelsat" in out
    assert "AS20485" not in out  # not known before 2017


def told_of(upstream: int) -> list[Json]:
    """What a network says of the one upstream that all its routes have."""
    return [{"asn": upstream, "name": "China Unicom", "share": 1.0}]


@pytest.mark.shared_data
def test_one_peer_s_transfer_of_2015(shared_data: Path, quick: Any) -> None:
    """By one peer: China Unicom only, no figure of dependence; a whole table, so that countries compare."""
    file = shared_data / "mrt" / "updates.et-header.2015.gz"
    told = json.loads(quick("networks", "KP", file, "--json", store=False).out)
    assert told["observed_peers"] == 1
    assert [(u["asn"], u["name"], u["sole_way_share"]) for u in told["upstreams"]] == [
        (4837, "China Unicom", None)
    ]
    # As bgpdump prints them: four networks, all by 2914 1239 4837 131279.
    assert [n["prefix"] for n in told["networks"]] == list(KP)
    assert all(n["upstreams"] == told_of(UNICOM) and n["origin_asns"] == [131279] for n in told["networks"])
    said = quick("networks", "KP", file, store=False).out
    assert "What the loss of an upstream would cost is unknown: seen by 1 peer AS" in said
    assert "Without AS" not in said
    rows = {row["code"]: row for row in told["countries"]}
    assert rows["KP"]["networks"] == 4
    # Dyn Research in December 2014: Yemen 47, Taiwan 5,030.
    assert 4 < rows["YE"]["networks"] < 150
    assert 2_500 < rows["TW"]["networks"] < 10_000
    assert rows["US"]["rank"] == 1
    assert all(r["origin_elsewhere"] + r["origin_unknown"] <= r["networks"] for r in rows.values())


def test_an_override_moves_a_network_and_stands_in_every_result(
    second_upstream: Path, quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tmp_path / "world"
    world.mkdir()
    rows = [
        {"prefix": "175.45.177.0/24", "country": "SY", "from": "2014-12-22", "to": None}
        | {"reason": "a test", "source": "made up"}
    ]
    (world / "overrides.json").write_text(json.dumps(rows))
    monkeypatch.setenv("NIGHTSIDE_WORLD", str(world))
    ran = quick("networks", "KP", second_upstream, "--json", store=False)
    told = json.loads(ran.out)
    assert [n["prefix"] for n in told["networks"]] == [KP[0], KP[2], KP[3]]
    assert told["registered_units"] == 3
    assert " + overrides " in told["snapshot"]
    (syria,) = json.loads(quick("networks", "SY", second_upstream, "--json", store=False).out)["networks"]
    assert syria["prefix"] == KP[1]
    (world / "overrides.json").write_text("[{}]")
    refused = quick("networks", "KP", second_upstream, store=False)
    assert refused.code == 3
    assert "overrides.json" in refused.err
    assert "row 1" in refused.err
