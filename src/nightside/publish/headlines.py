"""The headline of an incident, and the one sentence: what, how long, from when to when.

Input is an incident as JSON (`nightside.incident/1`, `nightside.model.incident`). What is null there is
left out here, or said to be not known; nothing is guessed.
"""

from __future__ import annotations

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import phrases, reading
from nightside.publish.literal import LONGEST, one_line
from nightside.publish.moments import Clock, adjective, instant_or_range, span, starts_with_vowel_sound
from nightside.publish.phrases import choose
from nightside.publish.reading import Json


def subject(incident: Json, longest: int = LONGEST) -> str:
    """Whom it happened to: `North Korea's Internet`, `AS131279 (Star Joint Venture)`.

    Of its name at most `longest` characters are shown.
    """
    entity = incident["entity"]
    name = one_line(entity["name"] or "", longest)
    if entity["type"] == "asn":
        return as_name(one_line(entity["code"], longest), name)
    name = name or one_line(entity["code"], longest)
    return phrases.COUNTRY[name.endswith("s")].format(name=name)


def as_name(asn: int | str, name: str | None) -> str:
    """`AS4837 (China Unicom)`, or the number alone where there is no name."""
    name = one_line(name or "")
    if name in ("", str(asn), f"AS{asn}"):
        return phrases.BARE_AS.format(asn=asn)
    return phrases.NAMED_AS.format(asn=asn, name=name)


def percent(share: float) -> str:
    """A share of one as `40 %`, cut (not rounded) to a tenth: 0.4999 is not yet 50 %."""
    tenths = int(round(share * 1000, 4))
    if tenths == 0 and share > 0:
        return "less than 0.1 %"
    return f"{tenths / 10:g} %"


def headline(incident: Json) -> str:
    """One clause without times: `North Korea's Internet is back after a 9-hour 31-minute outage`."""
    severity = incident["severity"]
    template = {
        "ended": phrases.BACK,
        "not_wholly": phrases.NOT_WHOLLY_BACK,
        "still_unstable": phrases.STILL_UNSTABLE,
        "open": phrases.DOWN.get(severity, ""),
        "open_again": phrases.DOWN_AGAIN.get(severity, ""),
        "recovering": phrases.RECOVERING.get(severity, ""),
        "end_not_known": phrases.END_NOT_KNOWN.get(severity, ""),
        "new_level": phrases.NEW_LEVEL,
        "was_unstable": phrases.WAS_UNSTABLE,
        "is_unstable": phrases.IS_UNSTABLE,
        "withdrawn": phrases.WITHDRAWN,
    }[reading.state(incident)]
    text = template.format(
        subject=subject(incident),
        outage=outage(incident),
        length=duration_words(incident["duration_s"] or 0),
    )
    if incident["provenance"]["reconstruction"]:
        return phrases.RECONSTRUCTED.format(headline=text)
    return text


def detail(incident: Json, reader: str | None = None) -> str:
    """One clause with the times: `all 4 networks were gone from 16:15 UTC on 22 December 2014 … to …`."""
    clock = Clock.of(incident, reader)
    onset, end = parse_iso(incident["onset"]), reading.second(incident["end"])
    onset_range = reading.range_of(incident["onset_range"])
    words = {
        "onset": instant_or_range(clock, onset, onset_range),
        "span": "",
        "confirm": duration_words(int(reading.setting(incident, "end_confirmed_s"))),
    }
    if end is not None:
        words["span"] = span(clock, onset, end, onset_range, reading.range_of(incident["end_range"]))
    if reading.state(incident) == "withdrawn":
        return phrases.WITHDRAWN_FROM.format(**words)
    if incident["severity"] == "instability":
        losses = sum(s["losses"] for s in incident["instability"])
        forms = phrases.UNSTABLE_OPEN if end is None else phrases.UNSTABLE_ENDED
        return choose(forms, losses).format(losses=f"{losses:,}", **words)
    which = {"ongoing": 1, "recovering": 2}.get(incident["status"], 3) if end is None else 0
    if reading.all_networks_gone(incident):
        count = len(incident["networks"])
        forms = (phrases.GONE_ENDED, phrases.GONE_OPEN, phrases.GONE_RECOVERING, phrases.GONE_FROM)[which]
        return choose(forms, count).format(count=f"{count:,}", **words)
    left = _left(incident)
    if left:
        template = (phrases.LEFT_ENDED, phrases.LEFT_OPEN, phrases.LEFT_RECOVERING, phrases.LEFT_FROM)[which]
        return template.format(left=left, **words)
    lasted = (phrases.LASTED_ENDED, phrases.LASTED_OPEN, phrases.LASTED_RECOVERING, phrases.LASTED_FROM)
    return lasted[which].format(**words)


def sentence(incident: Json, reader: str | None = None) -> str:
    """The incident in one sentence, with UTC (or the zone of who reads) and the clocks of the place."""
    return phrases.SENTENCE.format(headline=headline(incident), detail=detail(incident, reader))


def length_of(episode: Json) -> str:
    """How long an episode lasted: exactly, between two lengths, or at most; empty while it lasts."""
    lengths = reading.shortest_and_longest(episode)
    if lengths is None:
        return ""
    shortest, longest = (duration_words(s) for s in lengths)
    if lengths[0] == lengths[1]:
        return longest
    if lengths[0] == 0:
        return phrases.LENGTH_AT_MOST.format(longest=longest)
    return phrases.LENGTH_BETWEEN.format(shortest=shortest, longest=longest)


def outage(episode: Json) -> str:
    """An episode, or an incident's headline, as a noun phrase: `a 9-hour 31-minute outage`; empty while it lasts."""
    lengths = reading.shortest_and_longest(episode)
    severity = episode["severity"]
    if lengths is None or severity == "instability":
        return ""
    shortest, longest = lengths
    if shortest == longest:
        length = adjective(longest)
        forms = phrases.OUTAGE_AN if starts_with_vowel_sound(length) else phrases.OUTAGE_A
        return forms[severity].format(length=length)
    words = {"shortest": duration_words(shortest), "longest": duration_words(longest)}
    return (phrases.OUTAGE_BETWEEN if shortest else phrases.OUTAGE_AT_MOST)[severity].format(**words)


def _left(incident: Json) -> str:
    """What was left at the lowest of the headline episode; empty where that is not known."""
    head, share = reading.headline_episode(incident), incident["share"]
    if head is None or head["lowest"] is None:
        return ""
    if head["lowest"] == 0:
        return phrases.LEFT_NOTHING
    left = percent(head["lowest"])
    if head["lowest"] != share["lowest"] or None in (share["lowest_units"], share["baseline_units"]):
        return phrases.LEFT_SHARE.format(percent=left)
    return phrases.LEFT_UNITS.format(
        percent=left, units=f"{share['lowest_units']:,}", baseline=f"{share['baseline_units']:,}"
    )
