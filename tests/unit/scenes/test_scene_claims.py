"""Claims as data: what a program cannot check is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.model.errors import InputError
from nightside.model.instants import parse
from nightside.scenes.scene import Claim
from nightside.scenes.script import parse_scene

Script = dict[str, Any]
SAID = {"says": "it was down", "by": "somebody", "used": "used"}


def read(script: Script, check: Any = None, **more: Any) -> Claim:
    """The one claim of the script, whose one expected episode is the loss of KP."""
    claim = SAID | ({} if check is None else {"check": check}) | more
    expected = {
        "country": "KP", "severity": "total", "onset": "2014-12-22T02:15:00Z",
        "end": "2014-12-22T03:46:00Z", "source": "a test",
    }  # fmt: skip
    scene = parse_scene(
        script | {"expected": [expected], "claims": [claim]}, name="small", where="small.json"
    )
    return scene.claims[0]


def test_a_claim_without_a_check_is_one_that_nobody_can_check(script: Script) -> None:
    claim = read(script)
    assert (claim.check, claim.reason) == (None, None)


def test_an_instant_keeps_its_own_clock(script: Script) -> None:
    claim = read(
        script,
        {"what": "onset", "value": "2014-12-22T11:15:00+09:00", "tolerance": 60},
        reason="a test",
    )
    assert claim.check is not None
    assert claim.check.value == parse("2014-12-22T02:15:00Z")
    assert (claim.check.tolerance, claim.check.rule, claim.check.of) == (60, "about", 0)
    assert claim.reason == "a test"


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ({"what": "duration_s", "value": 5460}, 5460),
        ({"what": "upstreams", "value": [4837, 20485]}, (4837, 20485)),
        ({"what": "utc_offset", "value": "+08:30"}, "+08:30"),
        ({"what": "finding", "value": "slow_return", "at": "2014-12-22T04:00Z"}, "slow_return"),
        ({"what": "outlived_s", "asn": 6453, "value": 3600, "rule": "at_least"}, 3600),
        ({"what": "family", "value": "internal"}, "internal"),
        ({"what": "cause", "value": "undetermined"}, "undetermined"),
        ({"what": "likelier", "value": "attack", "than": "cable_cut"}, "attack"),
    ],
)
def test_each_kind_has_its_own_value(script: Script, check: Script, value: Any) -> None:
    claim = read(script, check)
    assert claim.check is not None
    assert claim.check.value == value


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"what": "mood", "value": 1}, "'mood' is none of onset"),
        ({"what": "onset", "value": 5}, "5 is not of the type str"),
        ({"what": "onset", "value": "at noon"}, "not a time"),
        ({"what": "duration_s", "value": "PT9H"}, "'PT9H' is not of the type int"),
        ({"what": "duration_s", "value": 60, "of": 1}, "there are 1 expected"),
        ({"what": "duration_s", "value": 60, "rule": "less"}, "'less' is none of about"),
        ({"what": "duration_s", "value": 60, "tolerance_s": 5}, "unknown key"),
        ({"what": "upstreams", "value": []}, "a list of AS numbers"),
        ({"what": "upstreams", "value": ["AS4837"]}, "a list of AS numbers"),
        ({"what": "outlived_s", "value": 60}, "'asn'"),
        ({"what": "finding", "value": "slow_return"}, "'at'"),
        ({"what": "finding", "value": "very_slow", "at": "2014-12-22T04:00Z"}, "'very_slow' is none of"),
        (
            {"what": "finding", "value": "slow_return", "at": "2014-12-22T04:00Z", "service": "post"},
            "'post' is none of",
        ),
        ({"what": "utc_offset", "value": "8.5"}, "no offset"),
        ({"what": "cause", "value": "internal"}, "'internal' is none of power_or_equipment"),
        ({"what": "likelier", "value": "attack"}, "'than'"),
        ([], "is not of the type dict"),
    ],
)
def test_what_cannot_be_checked_is_refused(script: Script, check: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        read(script, check)
    assert "claims[0]" in str(error.value)
    assert said in str(error.value)


def test_a_reason_needs_a_check(script: Script) -> None:
    with pytest.raises(InputError, match="a 'check' is needed"):
        read(script, reason="they were wrong")


def test_what_a_scene_is_built_on_is_not_wrong(script: Script) -> None:
    check = {"what": "duration_s", "value": 5460}
    assert read(script, check, built_on=True).built_on
    with pytest.raises(InputError, match="not built on what is wrong"):
        read(script, check, built_on=True, reason="they were wrong")


def test_what_is_checked_needs_no_other_data(script: Script) -> None:
    assert read(script, elsewhere=True).elsewhere
    with pytest.raises(InputError, match="is checked here"):
        read(script, {"what": "duration_s", "value": 5460}, elsewhere=True)
