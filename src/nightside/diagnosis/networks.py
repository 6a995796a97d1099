"""How the networks went and came back: at once, or one after the other."""

from __future__ import annotations

from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Range, Stored
from nightside.diagnosis.telling import counted, inner_spread, lasting, when, within
from nightside.model.diagnosis import RestsOn
from nightside.model.instants import parse_iso

TOGETHER_S = 120
MINUTES_S = 1200
DYN = (
    "Published reasoning of Dyn Research on December 2014: a cliff is a cable, a switch or the power, "
    "a progressive decay an attack, software or the power"
)


def _moves(stored: Stored, key: str) -> list[tuple[int, str]]:
    found = [(parse_iso(n[key]), n["prefix"]) for n in stored.incident["networks"] if n[key] is not None]
    return sorted(found)


def _spread(
    moves: list[tuple[int, str]], verb: str, levels: tuple[str, str, str], known: Range | None
) -> Said:
    first, last = inner_spread([at for at, _ in moves])
    if known is not None and known[1] - known[0] > TOGETHER_S:
        return unknown(f"when they {verb} is only known to {lasting(known[1] - known[0])}")
    spread = last - first
    level = levels[0] if spread <= TOGETHER_S else levels[1] if spread <= MINUTES_S else levels[2]
    part = "The middle eight tenths of " if len(moves) > 10 else ""
    said = f"{part}{counted(len(moves), 'network')} {verb} {within(spread)}, from {when(first)}"
    ends = tuple(
        RestsOn(f"network:{next(p for at, p in moves if at == t)}", t) for t in sorted({first, last})
    )
    return Said(level, said + ".", first, last, ends)


def networks_spread(stored: Stored) -> int:
    """Seconds from the first to the last of the middle of the losses; 0 of fewer than two."""
    moves = _moves(stored, "onset")
    if len(moves) < 2:
        return 0
    first, last = inner_spread([at for at, _ in moves])
    return last - first


def fell(stored: Stored) -> Said:
    """How far apart the networks were lost."""
    if stored.is_instability:
        return unknown("it was never lost as a whole")
    moves = _moves(stored, "onset")
    if len(moves) < 2:
        return unknown(f"{counted(len(moves), 'network was', 'networks were')} seen to go: that has no order")
    return _spread(moves, "went", ("together", "minutes", "staggered"), stored.onset_range)


def came(stored: Stored) -> Said:
    """How far apart they came back, and whether that held."""
    end = stored.end
    if stored.is_instability or end is None:
        return unknown("no end has been seen" if end is None else "it was never lost as a whole")
    struggle = _struggle(stored, end)
    if struggle is not None:
        return struggle
    moves = _moves(stored, "end")
    if len(moves) < 2:
        return unknown(f"{counted(len(moves), 'network was', 'networks were')} seen to come back")
    return _spread(moves, "came back", ("step", "minutes", "staggered"), stored.end_range)


def _struggle(stored: Stored, end: int) -> Said | None:
    for stretch in stored.incident["instability"]:
        until = None if stretch["ended"] is None else parse_iso(stretch["ended"])
        if until is None or until > end + 600:
            at = max(end, parse_iso(stretch["began"]))
            said = f"It came back at {when(end)}, and was unstable again from {when(at)}."
            return Said("struggle", said, at, until, (RestsOn(stored.signal, at),))
    quiet = int(stored.setting("quiet_s"))
    for episode in stored.incident["episodes"]:
        at = parse_iso(episode["onset"])
        if end < at <= end + quiet and episode["severity"] != "partial":
            said = f"It came back at {when(end)}, and was lost again at {when(at)}."
            return Said("struggle", said, at, None, (RestsOn(stored.signal, at),))
    return None


RULES = (
    Rule(
        "networks-together",
        1,
        "when each network of the entity was lost",
        {
            "together": "all within two minutes: a cliff",
            "minutes": "within twenty minutes",
            "staggered": "over more than twenty minutes",
        },
        DYN,
        fell,
    ),
    Rule(
        "return",
        1,
        "when each network came back, and whether it stayed",
        {
            "struggle": "unstable or lost again within six hours of the return",
            "step": "all back within two minutes",
            "minutes": "within twenty minutes",
            "staggered": "over more than twenty minutes",
        },
        "Published reasoning of Dyn Research on December 2014 (a struggle through the night) and April 2016 "
        "(a clean return: a switch-off or a power failure)",
        came,
    ),
)
