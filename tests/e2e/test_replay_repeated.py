"""An incident is a pure function of input and settings: the same input gives the same, once, in the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from as_stored import FILLED_IN

WINDOW = ("--from", "2014-12-22T20:00Z", "--to", "2014-12-23T20:00Z")
"""A third of the archive: the last hours of the long outage, the night after, the second day."""
KP = ("--country", "KP")

UNDIAGNOSED = ("causes", "diagnosis", "rules_version")


def of(incident: dict[str, Any], *without: str) -> dict[str, Any]:
    return {k: v for k, v in incident.items() if k not in without}


@pytest.fixture(scope="module")
def printed(nightside: Any, december: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `replay` prints of the window."""
    store = tmp_path_factory.mktemp("printed")
    ran = nightside("replay", december, *KP, *WINDOW, "--json", "--store", store, env={"PYTHONHASHSEED": "1"})
    assert ran.code == 0, ran.err
    assert ran.out
    return str(ran.out)


def test_replay_prints_what_the_demo_prints(
    demo: Any, december: Path, nightside: Any, tmp_path: Path
) -> None:
    ran = nightside("replay", december, "--json", "--store", tmp_path, env={"PYTHONHASHSEED": "2"})
    assert ran.out == demo.ran.out
    # And so it stands in the store. A list is not diagnosed: that takes long where services were checked.
    listed = nightside("incidents", "--json", "--store", tmp_path).incidents
    assert [of(i, *UNDIAGNOSED) for i in listed] == [of(i, *UNDIAGNOSED) for i in ran.incidents]


def test_other_store_folder_and_hash_seed_print_the_same_bytes(
    printed: str, december: Path, nightside: Any, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere" / "some archive"
    shutil.copytree(december, moved)
    ran = nightside(
        "replay",
        ".",
        *KP,
        *WINDOW,
        "--json",
        "--store",
        tmp_path / "s",
        cwd=moved,
        env={"PYTHONHASHSEED": "77"},
    )
    assert ran.out == printed


def test_the_order_of_the_inputs_does_not_matter(december: Path, quick: Any, tmp_path: Path) -> None:
    parts = [december / name for name in ("rrc00", "rrc01", "rrc03")]
    one = quick("replay", *parts, *KP, *WINDOW, "--json", "--store", tmp_path / "1", store=False)
    two = quick("replay", *reversed(parts), *KP, *WINDOW, "--json", "--store", tmp_path / "2", store=False)
    assert one.code == two.code == 0, one.err
    assert one.out == two.out
    # The folder above says that it is a reconstruction, and is heard.
    assert one.incidents[0]["provenance"]["reconstruction"] is True


def test_twice_into_one_store_is_once(printed: str, december: Path, quick: Any, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "s")
    first = quick("replay", december, *KP, *WINDOW, "--json", *store, store=False)
    again = quick("replay", december, *KP, *WINDOW, "--json", *store, store=False)
    listed = quick("incidents", "--json", *store, store=False)
    assert first.out == again.out == printed
    assert [of(i, *UNDIAGNOSED) for i in listed.incidents] == [of(i, *UNDIAGNOSED) for i in again.incidents]
    assert [i["revision"] for i in listed.incidents] == [1]
    assert listed.incidents[0]["corrections"] == []


def test_narrowing_to_the_country_changes_nothing_of_it(
    demo: Any, december: Path, nightside: Any, tmp_path: Path
) -> None:
    ran = nightside("replay", december, "--country", "kp", "--json", "--store", tmp_path)
    # Whether others fell too is evidence, and there are no others here.
    assert [of(i, *UNDIAGNOSED) for i in ran.incidents] == [of(i, *UNDIAGNOSED) for i in demo.ran.incidents]


def test_the_as_has_the_same_outage(printed: str, december: Path, quick: Any) -> None:
    ran = quick("replay", december, "--asn", "131279", *WINDOW, "--json")
    (of_as,) = ran.incidents
    of_country = json.loads(printed)
    assert of_as["entity"] == {"type": "asn", "code": "131279", "name": "Star Joint Venture"}
    assert of_as["id"] == of_country["id"].replace("KP", "AS131279")
    differ = {k for k in of_country if of_as[k] != of_country[k]}
    assert differ <= {"id", "entity", "local_time", "upstreams", *FILLED_IN}
    assert of_as["local_time"] is None
    assert [u["asn"] for u in of_as["upstreams"]] == [u["asn"] for u in of_country["upstreams"]]


def test_countries_and_ases_come_together_in_order(december: Path, quick: Any) -> None:
    ran = quick("replay", december, "--country", "KP", "--asn", "131279", *WINDOW, "--json")
    # Both began in the same second; asn stands before country.
    assert [i["entity"]["type"] for i in ran.incidents] == ["asn", "country"]


def test_other_countries_are_not_asked(december: Path, quick: Any) -> None:
    ran = quick("replay", december, "--country", "YE", *WINDOW, "--json")
    assert (ran.code, ran.out) == (0, "")


def test_the_window_narrows_what_is_reported(december: Path, demo: Any, quick: Any) -> None:
    (whole,) = demo.ran.incidents
    # The state begins at the table of 16:00 on the 22nd; what was before it is not seen.
    ran = quick("replay", december, *KP, "--from", "2014-12-22T16:10Z", "--to", "2014-12-23T02:00Z", "--json")
    (one,) = ran.incidents
    for key in ("onset", "end", "duration_s", "severity"):
        assert one[key] == whole[key]
    assert one["began"] > "2014-12-22T16:00:00Z"
    assert one["status"] == "restored"
    assert {i["name"] for i in one["provenance"]["inputs"]} < {
        i["name"] for i in whole["provenance"]["inputs"]
    }
    assert not any("dated far outside" in line for line in ran.messages)


def test_the_end_of_the_window_may_lie_in_an_outage(december: Path, quick: Any) -> None:
    ran = quick(
        "replay", december, *KP, "--from", "2014-12-22T16:10Z", "--to", "2014-12-22T17:02:03Z", "--json"
    )
    (one,) = ran.incidents
    assert (one["status"], one["end"], one["duration_s"], one["ended"]) == ("ongoing", None, None, None)
    assert not any("dated far outside" in line for line in ran.messages)


def test_what_was_over_before_the_window_is_not_reported(december: Path, quick: Any) -> None:
    # The last recovery is at 16:12; the table before is of 16:00.
    ran = quick("replay", december, *KP, "--from", "2014-12-23T17:00Z", "--json")
    assert (ran.code, ran.out) == (0, "")


def test_what_begins_after_the_window_is_not_reported(december: Path, quick: Any) -> None:
    ran = quick("replay", december, *KP, "--to", "2014-12-21T03:05Z", "--json")
    assert (ran.code, ran.out) == (0, "")


def test_people_are_told_in_sentences_and_where_it_is_kept(
    december: Path, quick: Any, tmp_path: Path
) -> None:
    calm = quick("replay", december, "--country", "YE", *WINDOW)
    assert calm.out == "No outage and no instability.\n"
    assert "as seen by 25 peer ASes at 3 collectors" in calm.err
    assert str(tmp_path / "store") in calm.err
    found = quick("replay", december, *KP, *WINDOW)
    sentence, *_, last = found.out.splitlines()
    assert "North Korea's Internet" in sentence
    assert "(a reconstruction)" in sentence
    assert last.startswith("KP-20141222T")
