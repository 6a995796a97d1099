"""Who has seen an incident, in words and on its page: whose words these are, and what is worse since."""

from __future__ import annotations

from typing import Any

import pytest
import web_store

from nightside.publish.acknowledged import acknowledgements, newest, seen
from nightside.publish.report import report
from nightside.publish.words import story

ITEM: dict[str, Any] = {
    "id": "85a33fec" * 4,
    "acknowledged": web_store.KP_ID,
    "at": "2014-12-22T17:00:30Z",
    "by": "Ana",
    "token": "on-call",
    "note": "the operator was asked",
    "revision": 1,
    "severity": "severe",
    "worsened": None,
    "withdrawn": None,
}
WORSE = {"worsened": {"severity": "total", "onset": "2014-12-22T18:00:00Z"}}
GONE = {"withdrawn": {"at": "2014-12-22T19:00:00Z", "by": "here", "why": "too early"}}


def incident(*items: dict[str, Any]) -> Any:
    found, series = web_store.finding(web_store.KP, web_store.ONSET, web_store.BACK)
    made = found.to_json(id=web_store.KP_ID, revision=2, corrections=[])
    return made | {"acknowledgements": list(items)}, series


def test_nobody_is_not_told_of() -> None:
    made, series = incident()
    assert acknowledgements(made) == newest(made) == []
    assert "seen it" not in story(made, series)


def test_who_saw_what_when() -> None:
    made, series = incident(ITEM)
    assert acknowledgements(made) == [
        "Who has seen it:",
        "- Ana, by the token on-call, 22 Dec 2014 17:00 UTC (revision 1, severe outage; the newest is 2): "
        "“the operator was asked”",
    ]
    assert "the operator was asked" in story(made, series)
    (own,) = acknowledgements(incident(ITEM | {"by": "on-call", "revision": 2})[0])[1:]
    assert own.startswith("- on-call, 22 Dec 2014 17:00 UTC (revision 2, severe outage; the newest): ")


def test_what_is_worse_since_is_told() -> None:
    made, _ = incident(ITEM | WORSE)
    worse = "Worse since: total outage from 22 Dec 2014 18:00 UTC on."
    assert acknowledgements(made)[1].endswith(f"“the operator was asked”. {worse}")
    assert newest(made) == ["Seen by Ana at 22 Dec 2014 17:00 UTC: “the operator was asked”.", worse]


def test_of_a_withdrawn_one_the_note_is_shown_no_more() -> None:
    made, series = incident(ITEM | WORSE | GONE)
    (line,) = acknowledgements(made)[1:]
    assert line.endswith(": withdrawn at 22 Dec 2014 19:00 UTC by here: too early")
    assert newest(made) == []
    assert "the operator was asked" not in story(made, series) + report(made, series).split("</article>")[0]
    (line,) = acknowledgements(
        incident(ITEM | {"withdrawn": {"at": ITEM["at"], "by": "on-call", "why": None}})[0]
    )[1:]
    assert line.endswith("withdrawn at 22 Dec 2014 17:00 UTC by on-call")


def test_the_newest_is_the_last_that_stands() -> None:
    later = ITEM | {"at": "2014-12-22T18:00:00Z", "by": "Ben"}
    made, _ = incident(ITEM, later, later | GONE)
    assert newest(made)[0].startswith("Seen by Ben at 22 Dec 2014 18:00 UTC")


def test_a_long_note_is_whole_in_the_list_alone() -> None:
    made, _ = incident(ITEM | {"note": "x" * 500})
    assert "x" * 500 in acknowledgements(made)[1]
    assert newest(made)[0].endswith(f"“{'x' * 119}…”.")


def test_one_of_a_part_says_of_which() -> None:
    made, _ = incident(ITEM | {"acknowledged": "KP-20141223T1500Z"})
    (one,) = seen(made)
    assert one.saw == "KP-20141223T1500Z, which turned out to be a part of this: revision 1, severe outage"


@pytest.mark.parametrize("key", ["by", "note"])
def test_the_words_of_others_stay_theirs(key: str) -> None:
    made, series = incident(ITEM | {key: "<script>alert(1)</script>\u202egone\x1b[2J\nnext"})
    page = report(made, series)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;gone" in page
    for text in (story(made, series), *acknowledgements(made)):
        assert not {"\x1b", "\u202e"} & set(text)
    assert len(acknowledgements(made)) == 2
