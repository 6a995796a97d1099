"""The claims of a script: what was said, by whom, and as what a program can check it (docs/scenes.md)."""

from __future__ import annotations

import re
from typing import get_args

from nightside.model.check import SERVICE_OF
from nightside.model.diagnosis import CAUSES, FAMILIES, UNDETERMINED
from nightside.model.services import FINDING_KINDS
from nightside.scenes.fields import Fields
from nightside.scenes.scene import Claim, ClaimCheck, Measure

_INSTANTS = ("onset", "end", "began", "operator_onset")
_OF_AN_OPERATOR = ("operator_onset", "outlived_s")
_CAUSES = tuple(cause for family in FAMILIES for cause in CAUSES[family])
_WORDS = {
    "finding": tuple(FINDING_KINDS),
    "family": (*FAMILIES, UNDETERMINED),
    "cause": (*_CAUSES, UNDETERMINED),
    "likelier": _CAUSES,
}
"""Where the value is one of some words."""
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
    built_on = fields.take("built_on", bool, False)
    if built_on and reason is not None:
        raise fields.fail("built_on", "a scene is not built on what is wrong")
    elsewhere = fields.take("elsewhere", bool, False)
    if elsewhere and check is not None:
        raise fields.fail("elsewhere", "what has a 'check' is checked here")
    return Claim(says, by, used, check, reason, built_on, elsewhere)


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
        _service(fields) if what == "finding" else None,
        _word(fields, "than", _CAUSES) if what == "likelier" else None,
    )


def _value(fields: Fields, what: str) -> int | str | tuple[int, ...]:
    if what in _INSTANTS:
        return fields.time("value")
    if what == "upstreams":
        asns = fields.take("value", list)
        if not asns or not all(type(asn) is int and 0 < asn < 2**32 for asn in asns):
            raise fields.fail("value", "a list of AS numbers is needed")
        return tuple(asns)
    if what in _WORDS:
        return _word(fields, "value", _WORDS[what])
    if what == "utc_offset":
        offset = fields.text("value")
        if not _OFFSET.fullmatch(offset):
            raise fields.fail("value", f"{offset!r} is no offset such as +08:30")
        return offset
    return fields.integer("value")


def _service(fields: Fields) -> str | None:
    service = fields.take("service", str, None)
    services = sorted(set(SERVICE_OF.values()))
    if service is not None and service not in services:
        raise fields.fail("service", f"{service!r} is none of {', '.join(services)}")
    return service


def _word(fields: Fields, key: str, words: tuple[str, ...]) -> str:
    word = fields.text(key)
    if word not in words:
        raise fields.fail(key, f"{word!r} is none of {', '.join(words)}")
    return word
