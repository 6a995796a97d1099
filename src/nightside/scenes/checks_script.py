"""The part `checks` of a script: which services places would have checked, and how these failed (docs/scenes.md)."""

from __future__ import annotations

from typing import get_args

from nightside.model.check import SERVICE_OF, Outcome
from nightside.scenes.fields import Fields
from nightside.scenes.scene import Basis, Checks, ServiceLoss, ServiceTarget

LEAST_EVERY_S = 60


def read_checks(fields: Fields, begin: int, end: int) -> Checks | None:
    """What the script says of checks; None where it says nothing. InputError as in `scenes.script`."""
    value = fields.take("checks", dict, None)
    if value is None:
        return None
    inner = Fields(value, f"{fields.where}, checks")
    country = inner.text("country")
    targets = inner.objects("targets", _target)
    names = {target.name for target in targets}
    if len({(t.name, t.kind, t.part) for t in targets}) != len(targets):
        raise inner.fail("targets", "one of them stands twice")

    def loss(one: Fields) -> ServiceLoss:
        of = one.texts("targets", one.take("targets", list))
        if not names.issuperset(of):
            raise one.fail("targets", f"there is no target {min(set(of) - names)!r}")
        since, until = one.time("from"), one.time_or_none("to")
        if not begin <= since < (end if until is None else until) <= end:
            raise one.fail("from", "it does not lie within the scene, or 'to' is not after it")
        outcome = one.text("outcome")
        if outcome == "ok" or outcome not in get_args(Outcome):
            raise one.fail("outcome", f"{outcome!r} is no way to fail")
        assumed = one.take("assumed", bool, False)
        basis = Basis(None, one.text("reason")) if assumed else Basis(one.text("source"), None)
        return ServiceLoss(of, since, until, outcome, basis)  # type: ignore[arg-type]  # looked up above

    found = Checks(
        country,
        inner.integer("every_s", 600, least=LEAST_EVERY_S),
        inner.texts("places", inner.take("places", list)),
        targets,
        inner.objects("losses", loss, may_miss=True),
        inner.text("reason"),
    )
    inner.done()
    return found


def _target(fields: Fields) -> ServiceTarget:
    kind = fields.text("kind")
    if kind not in SERVICE_OF:
        raise fields.fail("kind", f"{kind!r} is none of {', '.join(SERVICE_OF)}")
    return ServiceTarget(
        fields.text("name"),
        kind,  # type: ignore[arg-type]  # looked up above
        fields.text("group"),
        fields.text("where"),
        fields.take("part", str, ""),
        fields.address("address", 4),
        fields.integer("back_after_s", 0),
    )
