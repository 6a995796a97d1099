"""Messages as they would have been sent, against the truth, and against what the archive says later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nightside.engine.evaluate_block import OURS, BlockResult
from nightside.engine.scoring import overlap_s
from nightside.engine.scoring_figures import row
from nightside.engine.scoring_statistics import percentile
from nightside.incidents.messages import KINDS, Message

WAIT_S = 600
"""An outage this long has to be told, flapping or not."""
Stretch = tuple[int, int]


def live_figures(results: Sequence[BlockResult]) -> dict[str, Any]:
    """How many messages of each kind; of those that open: how many are right, how late, how many are withdrawn later.

    A true outage is here an outermost true stretch that is severe or deeper. An opened is right where its episode
    overlaps one of its country that is not over yet when it is sent (one opened for one outage), and withdrawn
    where the whole archive, read later, shows no severe-or-deeper episode of the country then. `recall` is over
    true outages of ten minutes or more. A delay of less than nothing is none.
    """
    sent: Counter[str] = Counter()
    true_count = found = right = withdrawn = opened = 0
    delays: list[int] = []
    restored: list[int] = []
    for result in results:
        messages = result.messages or {}
        for country in sorted({*result.truth, *messages}):
            mine = messages.get(country, [])
            sent.update(m.kind for m in mine)
            outages = _outages(result, country)
            told = [m for m in mine if m.kind == "opened"]
            opened += len(told)
            archive = [
                (e.onset, result.end if e.end is None else e.end)
                for e in result.told[OURS].get(country, [])
                if e.severity != "partial"
            ]
            withdrawn += sum(not any(a <= m.at and m.onset < b for a, b in archive) for m in told)
            firsts = _firsts(outages, told)
            right += len(firsts)
            delays += [max(0, m.at - outages[i][0]) for i, m in firsts.items()]
            long = {i for i, (begin, end) in enumerate(outages) if end - begin >= WAIT_S}
            true_count += len(long)
            found += len(long & set(firsts))
            restored += _restored_errors(outages, [m for m in mine if m.kind == "restored"])
    delays.sort()
    restored.sort()
    return {
        "messages": {kind: sent[kind] for kind in KINDS},
        "opened": row(true_count, found, opened, right),
        "delay": {
            "median_s": percentile(delays, 0.5),
            "p95_s": percentile(delays, 0.95),
            "worst_s": delays[-1] if delays else None,
        },
        "restored_end_error": {
            "median_s": percentile(restored, 0.5),
            "p95_s": percentile(restored, 0.95),
            "worst_s": restored[-1] if restored else None,
        },
        "withdrawn": withdrawn,
        "withdrawn_share": round(withdrawn / opened, 6) if opened else None,
    }


def _outages(result: BlockResult, country: str) -> list[Stretch]:
    """The outermost true stretches that are severe or deeper."""
    found: list[Stretch] = []
    for episode in result.truth.get(country, []):
        if episode.severity == "partial":
            continue
        begin, end = episode.onset, result.end if episode.end is None else episode.end
        if found and begin < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _firsts(outages: Sequence[Stretch], opened: Sequence[Message]) -> dict[int, Message]:
    """The first opened of each outage, sent before it is over."""
    firsts: dict[int, Message] = {}
    for message in opened:
        outer = message.episodes[0]
        until = message.at + 1 if outer.end is None else outer.end
        for i, outage in enumerate(outages):
            if i not in firsts and message.at < outage[1] and overlap_s(outage, (outer.onset, until)):
                firsts[i] = message
                break
    return firsts


def _restored_errors(outages: Sequence[Stretch], restored: Sequence[Message]) -> list[int]:
    """How far the ends told are off, where the outage told and a true one are the same."""
    errors = []
    for message in restored:
        outer = message.episodes[0]
        assert outer.end is not None
        same = [o for o in outages if overlap_s(o, (outer.onset, outer.end))]
        if same:
            errors.append(min(abs(outer.end - o[1]) for o in same))
    return errors
