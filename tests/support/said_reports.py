"""Reports of others as somebody would write them: what was said of December 2014, and what changes a test makes."""

from __future__ import annotations

from typing import Any

from nightside.engine.reports.reading import read_report
from nightside.model.report import Report

Json = dict[str, Any]

XINHUA: Json = {
    "kind": "observation",
    "says": "not back at 12:30",
    "by": "Xinhua",
    "source": "Xinhua, 27 December 2014, by AFP and Reuters",
    "said_on": "2014-12-27",
    "about": {"at": "2014-12-27T21:30", "zone": "Asia/Pyongyang"},
    "figures": [{"what": "end", "value": "2014-12-27T21:30", "rule": "at_least"}],
}
MORNING: Json = {
    "kind": "claim",
    "says": "3G came to a standstill at 7:30 AM local time and returned to normal after 10 AM",
    "by": "a news site",
    "source": "A story on the shutdown of 27 December",
    "said_on": "2014-12-29",
    "about": {"from": "2014-12-27T07:30", "to": "2014-12-27T10:00", "zone": "Asia/Pyongyang"},
    "figures": [{"what": "onset", "value": "2014-12-27T07:30"}],
}
TWO_OUTAGES: Json = {
    "kind": "claim",
    "says": "two outages on Tuesday",
    "by": "USA Today",
    "source": "USA Today, 23 December 2014",
    "said_on": "2014-12-23",
    "about": {"at": "2014-12-23", "zone": "America/New_York"},
    "figures": [{"what": "outages", "value": 2}],
}
TWO_DAYS: Json = {
    "kind": "claim",
    "says": "offline for roughly two days",
    "by": "a news site",
    "source": "A story on the outage of 6 April 2016",
    "url": "https://news.example/kp?a=1&b=2",
    "said_on": "2016-04-07",
    "about": {"from": "2014-12-22", "to": "2014-12-23", "zone": "UTC"},
    "figures": [{"what": "duration_s", "value": 2 * 86_400}],
}
NINE_HOURS: Json = {
    "kind": "observation",
    "says": "restored after a 9 hour, 31 minute outage",
    "by": "Dyn Research",
    "source": "A post of 23 December 2014",
    "said_on": "2014-12-23",
    "about": {"from": "2014-12-22T16:15Z", "to": "2014-12-23T01:46Z"},
    "figures": [
        {"what": "duration_s", "value": 9 * 3600 + 31 * 60},
        {"what": "onset", "value": "2014-12-22T16:15Z"},
    ],
}
ZONE_ERROR: Json = {
    "kind": "claim",
    "says": "down again at 3:41 UTC",
    "by": "Business Insider",
    "source": "Business Insider, 23 December 2014",
    "said_on": "2014-12-23",
    "about": {"at": "2014-12-23T03:41", "zone": "UTC"},
    "figures": [{"what": "onset", "value": "2014-12-23T03:41"}],
}
DENIAL: Json = {
    "kind": "denial",
    "says": "the United States had no part in it",
    "by": "US officials",
    "source": "A story of 23 December 2014",
    "said_on": "2014-12-23",
    "about": {"from": "2014-12-22", "to": "2014-12-23", "zone": "America/New_York"},
}
CONTEXT: Json = {
    "kind": "context",
    "says": "a response to an intrusion was promised",
    "by": "The White House",
    "source": "A press conference",
    "said_on": "2014-12-19",
    "about": {"at": "2014-12-19", "zone": "America/New_York"},
}


def changed(given: Json, **changes: Any) -> Json:
    """The same with other values; None takes a key out."""
    return {k: v for k, v in (given | changes).items() if v is not None}


def report(given: Json = XINHUA, **changes: Any) -> Report:
    """What the reader makes of it."""
    return read_report(changed(given, **changes))
