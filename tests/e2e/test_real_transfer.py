"""A real session that comes up and transfers its table (2015-10-23): no outage, and North Korea's networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def transfer(shared_data: Path) -> Path:
    return shared_data / "mrt" / "updates.et-header.2015.gz"


def test_a_table_transfer_is_no_incident(transfer: Path, quick: Any) -> None:
    ran = quick("replay", transfer, "--json")
    assert (ran.code, ran.out) == (0, ""), ran.err


def test_the_networks_of_north_korea(transfer: Path, quick: Any) -> None:
    ran = quick("networks", "KP", transfer, "--json", store=False)
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    # Every path ends in 4837 131279, as bgpdump prints it; one peer tells.
    assert told["observed_peers"] == 1
    assert [n["prefix"] for n in told["networks"]] == [f"175.45.{n}.0/24" for n in range(176, 180)]
    for network in told["networks"]:
        assert network["origin_asns"] == [131279]
        assert [(u["asn"], u["share"]) for u in network["upstreams"]] == [(4837, 1.0)]
    (upstream,) = told["upstreams"]
    assert (upstream["asn"], upstream["name"], upstream["share"]) == (4837, "China Unicom", 1.0)
    assert upstream["sole_way_share"] is None, "one peer cannot tell who is the only way"
