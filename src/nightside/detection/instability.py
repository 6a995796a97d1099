"""Losses of units to stretches of instability: down, up, down and up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from nightside.model.incident import InstabilityStretch
from nightside.model.settings import Settings
from nightside.model.signal import Loss

Stretch = tuple[int, int]


def _ordered(losses: Sequence[Loss]) -> list[Loss]:
    # Not by all fields: `returned` may be None.
    return sorted(losses, key=lambda x: (x.lost, x.group))


def _is_share(units: int, baseline: int, share: float) -> bool:
    """Whether these units (at least one) are at least this share of the baseline."""
    # Divided, since a product may be rounded past a whole number: 0.07 * 100 is more than 7.
    return units > 0 and (baseline <= 0 or units / baseline >= share)


def _unstable(losses: Sequence[Loss], settings: Settings, end: int) -> list[tuple[int, int, bool]]:
    """(first loss, last return, returned?) of each stretch in which the units of one group are unstable."""
    stretches: list[tuple[int, int, bool]] = []
    n = settings.unstable_losses
    for i in range(len(losses) - n + 1):
        last = losses[i + n - 1]
        if last.lost - losses[i].lost > settings.unstable_window_s:
            continue
        back = end if last.returned is None else last.returned
        begin = losses[i].lost
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(back, stretches[-1][1]), last.returned is not None)
        else:
            stretches.append((begin, back, last.returned is not None))
    return stretches


def instability(
    losses: Sequence[Loss], baseline_at: Callable[[int], int], settings: Settings, end: int
) -> list[InstabilityStretch]:
    """When at least a tenth of the baseline units was unstable. `end` is the input's last second."""
    by_group: dict[int, list[Loss]] = {}
    for loss in _ordered(losses):
        by_group.setdefault(loss.group, []).append(loss)
    changes: list[tuple[int, int, int]] = []
    open_ended: list[int] = []
    members: list[tuple[int, int, int]] = []
    for group, mine in by_group.items():
        for begin, back, returned in _unstable(mine, settings, end):
            changes += [(begin, 1, mine[0].units), (back, 0, -mine[0].units)]
            members.append((begin, back, group))
            if not returned:
                open_ended.append(back)
    stretches: list[InstabilityStretch] = []
    unstable, begin_at = 0, None
    for second, _order, units in sorted(changes, key=lambda c: (c[0], -c[1])):
        unstable += units
        enough = _is_share(unstable, baseline_at(second), settings.instability_share)
        if enough and begin_at is None:
            begin_at = second
        elif not enough and begin_at is not None:
            groups = {g for a, b, g in members if a < second and b > begin_at}
            inside = [x for x in losses if x.group in groups and begin_at <= x.lost <= second]
            stretches.append(
                InstabilityStretch(
                    began=begin_at,
                    ended=None if second == end and second in open_ended else second,
                    losses=len({x.lost for x in inside}),
                    units=sum({x.group: x.units for x in inside}.values()),
                )
            )
            begin_at = None
    return stretches


def loud(losses: Sequence[Loss], baseline_at: Callable[[int], int], settings: Settings) -> list[Stretch]:
    """The losses that end quiet, each as the stretch from loss to return (or the loss alone, where none was seen).

    Those that together, within the loss window, take at least 1 % of the baseline units (docs/decisions/0004).
    A unit that is lost twice in one window counts once.
    """
    ordered = _ordered(losses)
    stretches = []
    groups: Counter[int] = Counter()
    units = after = told = 0
    for i, first in enumerate(ordered):
        while after < len(ordered) and ordered[after].lost < first.lost + settings.loss_window_s:
            x = ordered[after]
            groups[x.group] += 1
            units += x.units if groups[x.group] == 1 else 0
            after += 1
        if _is_share(units, baseline_at(first.lost), settings.quiet_loss_share):
            told = max(told, i)
            stretches += [(x.lost, x.lost if x.returned is None else x.returned) for x in ordered[told:after]]
            told = after
        groups[first.group] -= 1
        units -= 0 if groups[first.group] else first.units
    return stretches
