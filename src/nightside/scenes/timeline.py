"""What every session says and when: its first table and its changes of route, before anything goes wrong
with the session itself."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.scenes.churn import add_churn
from nightside.scenes.losses import MARGIN_S, Turns, all_losses, busy, lay_out
from nightside.scenes.paths import Paths
from nightside.scenes.scene import AsPath, Reset, Scene

Change = tuple[int, int, AsPath | None]
"""(second, index of the network, the new path or None for a withdrawal)."""


_SETTLED_S = 10
"""Sessions of one reset go and come within a few seconds of each other."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """For each session, in the order of `Scene.sessions`: its first table and its changes in order of time.

    `changes` hold at most one change for each second and network.
    """

    tables: list[dict[int, AsPath]]
    changes: list[list[Change]]


def timeline(scene: Scene) -> Timeline:
    """Everything that the sessions of the scene say. The same scene gives the same timeline."""
    losses = all_losses(scene)
    stretches = busy(scene, losses)
    _check_resets(scene)
    paths = Paths(scene)
    tables = _first_tables(scene, paths)
    changes: list[list[Change]] = [[] for _ in scene.sessions]
    _add_turns(scene, lay_out(scene, losses), tables, paths, changes)
    add_churn(scene, stretches, tables, paths, changes)
    for i, of_session in enumerate(changes):
        # Sorting is stable: of two changes in one second the one that was made later stays.
        of_session.sort(key=lambda change: change[:2])
        last = {(at, network): (at, network, path) for at, network, path in of_session}
        changes[i] = list(last.values())
    return Timeline(tables, changes)


def _check_resets(scene: Scene) -> None:
    """InputError where a session is reset while it is down, or while it still transfers its table."""
    free_from: dict[tuple[str, str], int] = {}
    for reset in sorted((h for h in scene.happenings if isinstance(h, Reset)), key=lambda r: r.begin):
        for address in reset.addresses:
            if reset.begin < free_from.get((reset.collector, address), scene.begin):
                raise InputError(
                    f"{address} at {reset.collector} is still busy with another reset at {iso(reset.begin)}",
                    where=scene.name,
                    advice="Let the table transfer end first.",
                )
            free_from[reset.collector, address] = reset.end + reset.transfer_s + _SETTLED_S


def _first_tables(scene: Scene, paths: Paths) -> list[dict[int, AsPath]]:
    tables = []
    for number, (_, session) in enumerate(scene.sessions):
        rng = Random(f"{scene.seed}/table/{number}")
        table = {}
        for i, network in enumerate(scene.networks):
            if network.family == session.family and rng.random() < session.feed:
                table[i] = paths.usual(session, network, rng)
        tables.append(table)
    return tables


def _add_turns(
    scene: Scene, turns: Turns, tables: list[dict[int, AsPath]], paths: Paths, changes: list[list[Change]]
) -> None:
    for number, (_, session) in enumerate(scene.sessions):
        rng = Random(f"{scene.seed}/turns/{number}")
        table, told = tables[number], changes[number]
        for turn in turns[number]:
            if turn.network not in table:
                continue
            network = scene.networks[turn.network]
            hunts = rng.random() < turn.by.hunting
            if turn.present:
                if hunts:
                    told.append((turn.at, turn.network, paths.longer(session, network, rng)))
                    told.append((turn.at + rng.randint(5, MARGIN_S - 5), turn.network, table[turn.network]))
                else:
                    told.append((turn.at, turn.network, table[turn.network]))
                continue
            if hunts:
                steps = sorted(rng.sample(range(2, MARGIN_S - 5), rng.randint(1, 2)), reverse=True)
                for before in steps:
                    told.append((turn.at - before, turn.network, paths.longer(session, network, rng)))
            told.append((turn.at, turn.network, None))
