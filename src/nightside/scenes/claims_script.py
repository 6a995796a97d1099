"""The claims of a script: what was said, by whom, and as what a program can check it (docs/scenes.md)."""

from __future__ import annotations

import re
from typing import get_args

from nightside.model.services import FINDING_KINDS
from nightside.scenes.fields import Fields
from nightside.scenes.scene import Claim, ClaimCheck, Measure

_INSTANTS = ("onset", "end", "began", "operator_onset")
_OF_AN_OPERATOR = ("operator_onset", "outlived_s")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def read_claim(fields: Fields, expected: int) -> Claim:
    """One claim; `expected` is how many documented episodes the script has. InputError as in `scenes.script`."""
    says, by, used = fields.text("says"), fields.text("by"), fields.text("used")
    value = fields.take("check", dict, None)
    check = None
    if value is not None:
        inner = Fields(value, f"{fields.where}, check")
        check = _check(inner, expected)
        inner.done()
    reason = fields.take("reason", str, None)
    if reason is not None and check is None:
        raise fields.fail("reason", "what nothing checks cannot be wrong: a 'check' is needed")
    return Claim(says, by, used, check, reason)


def _check(fields: Fields, expected: int) -> ClaimCheck:
    what = fields.text("what")
    if what not in get_args(Measure):
        raise fields.fail("what", f"{what!r} is none of {', '.join(get_args(Measure))}")
    rule = fields.take("rule", str, "about")
    if rule not in ("about", "at_least", "at_most"):
        raise fields.fail("rule", f"{rule!r} is none of about, at_least, at_most")
    of = fields.integer("of", 0)
    if of >= expected:
        raise fields.fail("of", f"there are {expected} expected episodes, counted from 0")
    return ClaimCheck(
        what,  # type: ignore[arg-type]  # looked up above
        _value(fields, what),
        fields.integer("tolerance", 0),
        rule,  # type: ignore[arg-type]  # as above
        of,
        fields.integer("asn", least=1) if what in _OF_AN_OPERATOR else None,
        fields.time("at") if what == "finding" else None,
    )


def _value(fields: Fields, what: str) -> int | str | tuple[int, ...]:
    if what in _INSTANTS:
        return fields.time("value")
    if what == "upstreams":
        asns = fields.take("value", list)
        if not asns or not all(type(asn) is int and 0 < asn < 2**32 for asn in asns):
            raise fields.fail("value", "a list of AS numbers is needed")
        return tuple(asns)
    if what == "finding":
        kind = fields.text("value")
        if kind not in FINDING_KINDS:
            raise fields.fail("value", f"{kind!r} is none of {', '.join(FINDING_KINDS)}")
        return kind
    if what == "utc_offset":
        offset = fields.text("value")
        if not _OFFSET.fullmatch(offset):
            raise fields.fail("value", f"{offset!r} is no offset such as +08:30")
        return offset
    return fields.integer("value")
