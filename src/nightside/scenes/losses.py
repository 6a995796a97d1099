"""Losses of networks, laid out over the sessions: who withdraws and who announces again, in which second.

The rule that the placement serves (docs/definitions.md): a prefix is visible while at least half of the
full-feed peer ASes have a route to it, and an AS with several sessions has one vote.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from random import Random

from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.scenes.scene import Flaps, Loss, Scene, Session, Stuck

MARGIN_S = 45
"""Nothing else moves a network so long before and after a loss: path hunting needs the room."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One session loses (`present` False) or regains one network. `by` is the loss it belongs to."""

    at: int
    network: int
    present: bool
    by: Loss


Turns = list[list[Turn]]
"""For each session, in the order of `Scene.sessions`, its turns in the order of time."""


def all_losses(scene: Scene) -> list[Loss]:
    """Every loss of the scene, those of flap series included, in the order of time."""
    losses = [h for h in scene.happenings if isinstance(h, Loss)]
    for i, happening in enumerate(scene.happenings):
        if isinstance(happening, Flaps):
            losses += _expanded(happening, Random(f"{scene.seed}/flaps/{i}"))
    return sorted(losses, key=lambda loss: (loss.begin, loss.networks))


def _expanded(flaps: Flaps, rng: Random) -> list[Loss]:
    found: list[Loss] = []
    at = flaps.begin
    while True:
        back = at + rng.randint(*flaps.down_s)
        if back > flaps.end:
            return found
        networks = flaps.networks if flaps.take == "all" else (rng.choice(flaps.networks),)
        found.append(Loss(networks, at, back, flaps.spread_s, 0, flaps.hunting, flaps.basis))
        at = back + rng.randint(*flaps.up_s)


def busy(scene: Scene, losses: list[Loss]) -> dict[int, list[tuple[int, int]]]:
    """For each network (by index) that is ever lost, the stretches of its losses, margins included.

    Raises InputError where two losses of one network stand too near to each other, or one is too short for
    its spread: their messages would cross.
    """
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for loss in losses:
        around = loss.spread_s + loss.stagger_s * (len(loss.networks) - 1) + MARGIN_S
        end = scene.end if loss.end is None else loss.end
        if loss.begin - around < scene.begin:
            raise InputError(
                f"the loss at {iso(loss.begin)} begins before the scene, its spread counted",
                where=scene.name,
                advice="A replay that starts during an outage cannot know it: begin later.",
            )
        if end - loss.begin <= 2 * loss.spread_s:
            raise InputError(
                f"the loss at {iso(loss.begin)} is shorter than twice its spread",
                where=scene.name,
                advice="Make it longer, or its spread_s smaller.",
            )
        for prefix in loss.networks:
            stretches = found[scene.index[prefix]]
            if stretches and loss.begin - around < stretches[-1][1]:
                raise InputError(
                    f"the losses of {prefix} before and at {iso(loss.begin)} are too near to each other",
                    where=scene.name,
                    advice=f"Leave twice the spread and {2 * MARGIN_S} s between them.",
                )
            stretches.append((loss.begin - around, end + around))
    return found


def lay_out(scene: Scene, losses: list[Loss]) -> Turns:
    """The turns of every session: each loss crosses the majority of ASes at its documented instants."""
    turns: Turns = [[] for _ in scene.sessions]
    stuck = [h for h in scene.happenings if isinstance(h, Stuck)]
    of_family = {
        family: [(i, s) for i, (_, s) in enumerate(scene.sessions) if s.family == family] for family in (4, 6)
    }
    voters_of = {family: scene.voters(family) for family in (4, 6)}
    for number, loss in enumerate(losses):
        # An AS hears of all networks of one loss with the same delay, as one message carries them.
        seed = Random(f"{scene.seed}/loss/{number}").getrandbits(64)
        for step, prefix in enumerate(loss.networks):
            network = scene.index[prefix]
            family = scene.networks[network].family
            voters = voters_of[family]
            holders = _holders(stuck, prefix, loss)
            movers = [(i, s) for i, s in of_family[family] if s.asn not in holders]
            down = _delays(movers, len(voters) // 2 + 1, loss.spread_s, last=True, rng=Random(seed))
            crossing = loss.begin - loss.stagger_s * (len(loss.networks) - 1 - step)
            for i, delay in down.items():
                turns[i].append(Turn(crossing + delay, network, False, loss))
            # A stuck AS may let go while the network is still lost: it withdraws then, and returns late.
            released = {asn: at for asn, at in holders.items() if at <= _back(scene, loss) - MARGIN_S}
            for i, session in of_family[family]:
                if session.asn in released:
                    turns[i].append(Turn(released[session.asn], network, False, loss))
            if loss.end is None:
                continue
            still_there = len(set(voters) & (holders.keys() - released.keys()))
            needed = (len(voters) + 1) // 2 - still_there
            crossing = loss.end + loss.stagger_s * step
            up = _delays(movers, needed, loss.spread_s, last=False, rng=Random(seed + 1))
            for i, session in of_family[family]:
                if i in up or session.asn in released:
                    turns[i].append(Turn(crossing + up.get(i, loss.spread_s), network, True, loss))
    for of_session in turns:
        of_session.sort(key=lambda turn: (turn.at, turn.network))
    return turns


def _back(scene: Scene, loss: Loss) -> int:
    """The first second in which some session may have a network of the loss again."""
    return scene.end if loss.end is None else loss.end - loss.spread_s


def _holders(stuck: list[Stuck], prefix: str, loss: Loss) -> dict[int, int]:
    """The ASes that miss the withdrawal of the prefix in this loss, and until when."""
    return {s.asn: s.end for s in stuck if prefix in s.networks and s.begin <= loss.begin < s.end}


def _delays(
    movers: list[tuple[int, Session]], needed: int, spread_s: int, *, last: bool, rng: Random
) -> dict[int, int]:
    """Seconds before or after the crossing for each moving session, by index.

    The `needed`-th full-feed AS moves at 0. An AS has lost a network with the last of its sessions (`last`),
    and has it again with the first.
    """
    by_as: dict[int, list[int]] = defaultdict(list)
    for i, session in movers:
        if session.full:
            by_as[session.asn].append(i)
    drawn = {asn: round(rng.triangular(0, spread_s, spread_s * 0.4)) for asn in sorted(by_as)}
    order = sorted(drawn.values())
    zero = order[needed - 1] if 0 < needed <= len(order) else spread_s // 2
    delays = {}
    for asn, indexes in sorted(by_as.items()):
        deciding = rng.choice(indexes)
        for i in indexes:
            beside = 0 if i == deciding else rng.randint(0, min(8, spread_s))
            delays[i] = drawn[asn] - zero + (-beside if last else beside)
    for i, session in movers:
        if not session.full:
            delays[i] = rng.randint(0, spread_s) - zero
    return delays
