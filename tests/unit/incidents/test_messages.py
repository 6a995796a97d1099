"""Messages: when what is told of an outage, and that flapping does not ring the bell each time."""

from __future__ import annotations

from dataclasses import replace

from three_days import three_days

from nightside.incidents.messages import Message, Unstable, known_unstable, messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode, InstabilityStretch, Severity
from nightside.model.instants import parse
from nightside.model.settings import Settings
from nightside.model.signal import Loss
from nightside.scenes.truth import truth

KP = Entity("country", "KP", "North Korea")
LATER = 1 << 40


def episode(severity: Severity, onset: int, end: int | None, recovering: int | None = None) -> Episode:
    return Episode(severity, onset, end, 0.0, 0, recovering_since=recovering)


def said(
    *episodes: Episode, unstable: tuple[Unstable, ...] = (), until: int = LATER
) -> list[tuple[str, int, str, int, int | None]]:
    return [
        (m.kind, m.at, m.severity, m.onset, m.end)
        for m in messages(KP, episodes, unstable, Settings(), until)
    ]


def test_an_outage_is_opened_worsened_recovering_and_restored() -> None:
    told = said(episode("partial", 900, 8100), episode("severe", 1000, 8000), episode("total", 1300, 7000))
    assert told == [
        ("opened", 1000, "severe", 1000, None),
        ("worsened", 1300, "total", 1000, None),
        ("recovering", 8000, "total", 1000, 8000),
        # Ten minutes later, with the crossing's time; of its longest episode of the worst severity.
        ("restored", 8600, "total", 1300, 7000),
    ]


def test_a_partial_outage_rings_no_bell() -> None:
    assert said(episode("partial", 1000, 9000)) == []


def test_what_is_total_at_once_is_opened_as_total() -> None:
    told = said(episode("severe", 1000, 8000), episode("total", 1000, 8000))
    assert [(kind, severity) for kind, _at, severity, *_ in told][:1] == [("opened", "total")]
    assert "worsened" not in {kind for kind, *_ in told}


def test_of_several_nested_ones_the_longest_is_told_and_worse_is_said_once() -> None:
    told = said(
        episode("severe", 1000, 20_000),
        episode("total", 2000, 3000),
        episode("total", 5000, 9000),
        episode("total", 12_000, 16_000),
    )
    assert [t for t in told if t[0] == "worsened"] == [("worsened", 2000, "total", 1000, None)]
    # Of two as long the earlier.
    assert told[-1] == ("restored", 20_600, "total", 5000, 9000)


def test_nothing_is_sent_before_its_time() -> None:
    outage = episode("severe", 1000, 8000)
    assert [k for k, *_ in said(outage, until=999)] == []
    assert [k for k, *_ in said(outage, until=7999)] == ["opened"]
    assert [k for k, *_ in said(outage, until=8599)] == ["opened", "recovering"]
    assert [k for k, *_ in said(outage, until=8600)] == ["opened", "recovering", "restored"]


def test_what_nobody_saw_begin_is_told_when_sight_is_back() -> None:
    outer = replace(episode("severe", 1000, 8000), onset_range=(1000, 1900))
    deeper = replace(episode("total", 1000, 7000), onset_range=(1000, 2100))
    told = [(kind, at, severity, onset) for kind, at, severity, onset, _end in said(outer, deeper)]
    assert told[:2] == [("opened", 1900, "severe", 1000), ("worsened", 2100, "total", 1000)]


def test_an_end_that_is_not_confirmed_is_only_recovering() -> None:
    assert [k for k, *_ in said(episode("severe", 1000, None, recovering=8000))] == ["opened", "recovering"]


def test_a_short_one_gets_a_resolution_and_a_digest_and_no_restored() -> None:
    told = said(episode("severe", 1000, 1300))
    assert told == [
        ("opened", 1000, "severe", 1000, None),
        ("recovering", 1300, "severe", 1000, 1300),
        ("resolved", 1900, "severe", 1000, 1300),
        ("digest", 1300 + 21_600, "severe", 1000, 1300),
    ]


def test_after_a_short_one_opened_waits_until_the_loss_is_ten_minutes_old() -> None:
    first = episode("severe", 1000, 1300)
    told = said(first, episode("severe", 5000, 5200), episode("severe", 9000, 12_000))
    opened = [(at, onset) for kind, at, _s, onset, _e in told if kind == "opened"]
    assert opened == [(1000, 1000), (9600, 9000)]
    digests = [t for t in told if t[0] == "digest"]
    # One digest for both short ones.
    assert digests == [("digest", 5200 + 21_600, "severe", 1000, 5200)]
    # Six hours after the last short one the patience is over: this one is told at the crossing.
    assert ("opened", 5201 + 21_600, "severe", 5201 + 21_600, None) in said(
        episode("severe", 5000, 5200), episode("severe", 5201 + 21_600, 90_000)
    )


def test_while_unstable_opened_waits_and_says_what_it_is_by_then() -> None:
    told = said(episode("severe", 5000, 9000), episode("total", 5300, 8000), unstable=((4000, 20_000),))
    assert told[0] == ("opened", 5600, "total", 5000, None)
    assert "worsened" not in {kind for kind, *_ in told}


def test_an_instability_is_known_from_its_third_loss() -> None:
    losses = [Loss(t, t + 60, 0, 4) for t in (100, 400, 900, 1500)]
    stretch = InstabilityStretch(100, 1560, 4, 4)
    assert known_unstable([stretch], losses, Settings()) == [(900, 1560)]


def test_keys_are_the_same_whenever_the_same_is_told_again() -> None:
    early = messages(KP, [episode("severe", 1000, None)], (), Settings(), 2000)
    late = messages(KP, [episode("severe", 1000, 8000)], (), Settings(), LATER)
    assert [m.key for m in early] == [m.key for m in late if m.kind == "opened"]
    assert len({m.key for m in late}) == len(late)


def december_2014() -> list[Message]:
    scene = three_days()
    true = truth(scene)["KP"]
    episodes = [episode(e.severity, e.onset, e.end) for e in true]
    unstable = (
        (parse("2014-12-21T05:18:05Z"), parse("2014-12-23T01:46:40Z")),
        (parse("2014-12-23T04:40:15Z"), parse("2014-12-23T10:21:44Z")),
    )
    return messages(KP, episodes, unstable, Settings(), LATER)


def test_december_2014_both_documented_outages_are_restored_with_their_durations() -> None:
    restored = [m for m in december_2014() if m.kind == "restored" and m.onset >= parse("2014-12-22T16:00Z")]
    hours = {m.duration_s for m in restored}
    assert 9 * 3600 + 31 * 60 in hours
    assert 31 * 60 in hours


def test_december_2014_no_flap_under_ten_minutes_rings_the_bell_once_flapping_is_known() -> None:
    scene = three_days()
    flaps = [e for e in truth(scene)["KP"] if e.severity == "severe"]
    short = {e.onset for e in flaps if e.end is not None and e.end - e.onset < 600}
    sent = december_2014()
    opened = [m for m in sent if m.kind == "opened"]
    assert len(short) >= 15
    # Only the first one of each of the two spells, when nobody could know yet that others would follow.
    assert [m.onset for m in opened if m.onset in short] == [
        parse("2014-12-21T04:02:15Z"),
        parse("2014-12-23T03:05:30Z"),
    ]
    assert all(m.at == m.onset + 600 for m in opened if m.onset not in short)
    # One digest for each spell, with all the short ones in it.
    assert [len(m.episodes) for m in sent if m.kind == "digest"] == [
        sum(o < parse("2014-12-22T16:00Z") for o in short),
        sum(o > parse("2014-12-22T16:00Z") for o in short),
    ]
