"""Scripts are read strictly: what is not understood is refused, with the place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nightside.model.errors import InputError, NightsideError, UnreadableError, UsageError
from nightside.scenes.losses import all_losses, busy
from nightside.scenes.scene import Loss
from nightside.scenes.script import list_scenes, parse_scene, read_scene
from nightside.scenes.timeline import timeline

Script = dict[str, Any]


def test_the_small_script_is_read(script: Script) -> None:
    scene = parse_scene(script, name="small", where="small.json")
    assert scene.end - scene.begin == 6 * 3600
    assert [n.prefix for n in scene.networks if n.country == "KP"][3] == "175.45.179.0/24"
    assert scene.networks[-1].via == ((64599,), (1299, 64598))
    assert scene.voters(4) == (64501, 64502, 64503, 64504, 64505)
    assert scene.voters(6) == (64501, 64504)
    (loss,) = all_losses(scene)
    assert loss.basis.assumed == "a test"


def _set(*path: Any) -> Callable[[Script], None]:
    *keys, last, value = path

    def change(script: Script) -> None:
        at: Any = script
        for key in keys:
            at = at[key]
        at[last] = value

    return change


def _drop(*path: Any) -> Callable[[Script], None]:
    def change(script: Script) -> None:
        at: Any = script
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

    return change


REFUSED = {
    "unknown key at the top": (_set("sed", 7), "'sed'"),
    "unknown key of a happening": (_set("happenings", 0, "spread", 5), "happenings[0], 'spread'"),
    "unknown key of a session": (
        _set("collectors", 0, "sessions", 1, "as", 5),
        "collectors[0], sessions[1], 'as'",
    ),
    "missing key": (_drop("note"), "'note'"),
    "missing end of a loss": (_drop("happenings", 0, "to"), "happenings[0], 'to'"),
    "neither source nor assumed": (_drop("happenings", 0, "assumed"), "'source'"),
    "assumed without a reason": (_drop("happenings", 0, "reason"), "'reason'"),
    "unknown kind": (_set("happenings", 0, "kind", "lose"), "'lose' is none of loss, flaps"),
    "true is no number": (_set("seed", True), "True is not of the type int"),
    "a number as text": (_set("seed", "7"), "'7' is not of the type int"),
    "not a time": (_set("happenings", 0, "from", "at noon"), "not a time"),
    "end before begin": (_set("happenings", 0, "to", "2014-12-22T02:00Z"), "in order"),
    "loss outside of the scene": (_set("happenings", 0, "to", "2014-12-23T02:00Z"), "within the scene"),
    "unknown country": (_set("happenings", 0, "networks", "XX"), "no network of 'XX'"),
    "unknown network": (_set("happenings", 0, "networks", ["10.9.0.0/24"]), "/24' is not in the scene"),
    "host bits": (_set("operators", 0, "prefixes", 0, "175.45.176.1/24"), "host bits"),
    "longer than a unit": (_set("operators", 0, "prefixes", 0, "175.45.176.0/25"), "/8 to /24"),
    "prefix twice": (_set("operators", 0, "prefixes", 0, "175.45.177.0/24"), "175.45.177.0/24 stands twice"),
    "feed in doubt": (_set("collectors", 0, "sessions", 0, "feed", 0.6), "partial feed"),
    "address twice": (_set("collectors", 0, "sessions", 1, "address", "192.0.2.11"), "twice at rrc00"),
    "address of the wrong family": (_set("collectors", 0, "local_ipv4", "2001:db8::1"), "not IPv4"),
    "begin between tables": (_set("from", "2014-12-22T00:05Z"), "table's time"),
    "path as a number": (_set("operators", 0, "via", [4837]), "chain of AS numbers"),
    "networks that are no texts": (_set("happenings", 0, "networks", [{}]), "at least one text"),
    "network twice": (_set("happenings", 0, "networks", ["175.45.176.0/24"] * 2), "twice"),
    "no networks": (_set("happenings", 0, "networks", []), "at least one"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_script_is_refused_with_its_place(script: Script, case: str) -> None:
    change, said = REFUSED[case]
    change(script)
    with pytest.raises(InputError) as error:
        parse_scene(script, name="small", where="small.json")
    assert str(error.value).startswith("small.json")
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


def test_losses_that_would_cross_are_refused(script: Script) -> None:
    first = script["happenings"][0]
    script["happenings"].append(first | {"from": "2014-12-22T03:48:00Z", "to": "2014-12-22T04:00:00Z"})
    scene = parse_scene(script, name="small", where="small.json")
    with pytest.raises(InputError, match="too near"):
        busy(scene, all_losses(scene))


def test_a_session_cannot_be_reset_twice_at_once(script: Script) -> None:
    reset = {
        "kind": "reset", "collector": "rrc00", "sessions": "all", "from": "2014-12-22T04:30Z",
        "to": "2014-12-22T04:40Z", "assumed": True, "reason": "a test",
    }  # fmt: skip
    script["happenings"] += [reset, reset | {"sessions": ["192.0.2.12"], "from": "2014-12-22T04:35Z"}]
    with pytest.raises(InputError, match=r"192\.0\.2\.12 at rrc00"):
        timeline(parse_scene(script, name="small", where="small.json"))


def test_flaps_stay_within_their_bounds(script: Script) -> None:
    script["happenings"][0] = {
        "kind": "flaps", "networks": "KP", "take": "one",
        "from": "2014-12-22T01:00Z", "to": "2014-12-22T05:00Z",
        "down_s": [100, 200], "up_s": [300, 400], "spread_s": 20, "assumed": True, "reason": "a test",
    }  # fmt: skip
    losses = all_losses(parse_scene(script, name="small", where="small.json"))
    assert all(isinstance(loss, Loss) and len(loss.networks) == 1 for loss in losses)
    ends = [loss.end for loss in losses if loss.end is not None]
    assert all(100 <= end - loss.begin <= 200 for loss, end in zip(losses, ends, strict=True))
    assert all(300 <= b.begin - end <= 400 for end, b in zip(ends, losses[1:], strict=False))
    # 4 hours of at most 600 s and at least 400 s each
    assert 24 <= len(losses) <= 36


def test_names_and_files(tmp_path: Path) -> None:
    assert "december-2014" in list_scenes()
    with pytest.raises(UsageError, match="december-2014"):
        read_scene("december-2041")
    with pytest.raises(UnreadableError):
        read_scene(tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"title": "x",\n "note" 1}')
    with pytest.raises(InputError, match="line 2"):
        read_scene(broken)
    broken.write_text("[]")
    with pytest.raises(NightsideError, match="object"):
        read_scene(str(broken))
