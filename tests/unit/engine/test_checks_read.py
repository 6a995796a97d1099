"""Results of others read: our own lines, and the daily files of world-observer with what they say, and no more."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nightside.engine.checks.reading import read_results
from nightside.model.check import CheckResult
from nightside.model.errors import InputError
from nightside.model.ndjson import dumps

T = 1_770_576_429.994
"""2026-02-08T18:47:09.994Z, the time of the older form below."""

OLDER = {
    "timestamp": "2026-02-08T18:47:09.994228+00:00",
    "observer": "north-korea-connectivity",
    "targets": [
        {
            "name": "Naenara",
            "host": "naenara.com.kp",
            "ping": {"ok": False, "rtt_ms": None, "error": "no_reply"},
            "tcp_443": {"ok": False, "connect_ms": None, "error": "TimeoutError"},
            "dns": {
                "a": {"status": "ok", "answers": ["175.45.176.67"], "error": None},
                "aaaa": {"status": "error", "answers": [], "error": "AttributeError"},
            },
        },
        {
            "name": "Korea Computer Center",
            "host": "kcc.kp",
            "ping": {"ok": True, "rtt_ms": 88.5, "error": None},
            "tcp_443": {"ok": False, "connect_ms": None, "error": "gaierror"},
            "dns": {
                "a": {"status": "error", "answers": [], "error": "NXDOMAIN"},
                "aaaa": {"status": "error", "answers": [], "error": "AttributeError"},
            },
        },
    ],
    "notes": "",
}
NEWER = {
    "observer": "north-korea-connectivity",
    "date_utc": "2026-02-11",
    "layers": {
        "dns": {"success_rate": 0.25, "mean_latency_ms": 2.66, "probe_count": 8, "data_completeness": 1.0},
        "tcp": {"success_rate": 0.0, "probe_count": 24, "data_completeness": 1.0},
        "icmp": {"success_rate": None, "probe_count": 0, "data_completeness": 0.0},
    },
}


def read(tmp_path: Path, content: Any) -> list[CheckResult]:
    path = tmp_path / "day.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return list(read_results(path, pytest.fail))


def test_the_older_form_says_what_came_of_each_target(tmp_path: Path) -> None:
    found = read(tmp_path, OLDER)
    said = {(one.target, one.kind, one.family): (one.outcome, one.failed_in) for one in found}
    assert said == {
        ("Naenara", "icmp", 4): ("timed_out", "first_byte"),
        ("Naenara", "tcp", 4): ("timed_out", "connect"),
        ("Naenara", "dns", 4): ("ok", None),
        ("Naenara", "dns", 6): ("not_possible", None),
        ("Korea Computer Center", "icmp", 4): ("ok", None),
        # Whether the name does not exist, or nobody answered for it, the file does not say.
        ("Korea Computer Center", "tcp", 4): ("cause_unknown", "resolve"),
        ("Korea Computer Center", "dns", 4): ("cause_unknown", "resolve"),
        ("Korea Computer Center", "dns", 6): ("not_possible", None),
    }
    assert {(one.place, one.country, one.group) for one in found} == {
        ("north-korea-connectivity", "KP", "not told")
    }
    assert {round(one.at, 3) for one in found} == {T}
    assert {one.first_byte_ms for one in found if one.kind == "icmp"} == {None, 88.5}


def test_a_family_that_is_not_told_is_said_to_be_none_that_was_told(tmp_path: Path) -> None:
    for one in read(tmp_path, OLDER):
        assert one.facts.get("family") == (None if one.kind == "dns" else "not told")


def test_the_newer_form_is_a_days_shares_and_stays_that(tmp_path: Path) -> None:
    dns, tcp, icmp = read(tmp_path, NEWER)
    midnight = 1_770_768_000  # 2026-02-11T00:00Z by `date -u -d 2026-02-11 +%s`
    assert {one.at for one in (dns, tcp, icmp)} == {midnight}
    assert (dns.kind, dns.outcome, dns.detail) == ("dns", "ok", "2 of 8 probes succeeded")
    assert (tcp.kind, tcp.outcome, tcp.detail) == ("tcp", "cause_unknown", "0 of 24 probes succeeded")
    assert icmp.outcome == "not_possible"
    assert dns.facts["success_rate"] == 0.25
    assert dns.facts["at"] == "the day; its hour is not told"
    assert dns.total_ms is None, "a mean over probes is no time of a check"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "7",
        "{}",
        '{"observer": "north-korea-connectivity"}',
        '{"observer": "south-korea-connectivity", "targets": []}',
        '{"observer": ["north-korea-connectivity"], "targets": []}',
        json.dumps({**OLDER, "timestamp": "yesterday"}),
        json.dumps({**OLDER, "targets": [{"name": "x"}]}),
        json.dumps({**OLDER, "targets": [{**OLDER["targets"][0], "name": "x" * 101}]}),  # type: ignore[index,dict-item]
        json.dumps({**NEWER, "layers": {"dns": {"success_rate": 7, "probe_count": 8}}}),
        json.dumps({**NEWER, "layers": {"dns": {"success_rate": "all", "probe_count": 8}}}),
        json.dumps({**NEWER, "layers": []}),
        "[" * 100_000,
    ],
    ids=range(15),
)
def test_what_is_no_such_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, content)
    assert "day.json" in refused.value.where
    assert refused.value.exit_code == 3


def mine(n: int) -> CheckResult:
    return CheckResult(
        T + n, "here", "KP", "KCNA", "state media", "http", "", 4, None, "timed_out", "connect", None
    )


def lines(count: int) -> str:
    return "".join(f"{dumps(mine(n).to_json())}\n" for n in range(count))


def test_our_own_lines_come_back(tmp_path: Path) -> None:
    found = read(tmp_path, lines(3))
    assert [round(one.at - T) for one in found] == [0, 1, 2]
    assert {one.target for one in found} == {"KCNA"}


def test_a_torn_last_line_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "cut.ndjson"
    path.write_text(lines(3)[:-40])
    warned: list[str] = []
    assert len(list(read_results(path, warned.append))) == 2
    assert warned == [f"{path}: line 3: it has no end, and is left out"]


def test_a_bad_line_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "bad.ndjson"
    path.write_text(lines(1) + '{"schema":"nightside.check/1"}\n' + lines(1))
    with pytest.raises(InputError, match="is missing") as refused:
        list(read_results(path, pytest.fail))
    assert refused.value.where == f"{path}: line 2"


def test_a_line_without_end_is_not_read_on_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "long.ndjson"
    path.write_text(lines(1) + "x" * 1_000_000)
    with pytest.raises(InputError, match="a line of more than 65536 bytes"):
        list(read_results(path, pytest.fail))


@pytest.mark.shared_data
def test_all_of_the_real_days_are_read(shared_data: Path) -> None:
    found = [
        one
        for path in sorted((shared_data / "checks").glob("*.json"))
        for one in read_results(path, pytest.fail)
    ]
    assert {one.place for one in found} == {"north-korea-connectivity"}
    # Two days of four targets with four results each; 76 days of four layers, of which only look-ups ever succeeded.
    assert len(found) == 2 * 16 + 76 * 4
    assert Counter(one.kind for one in found if one.outcome == "ok") == {"dns": 76}
    own_fault = [one for one in found if one.detail == "the observer's own program failed: AttributeError"]
    assert Counter(one.outcome for one in own_fault) == {"not_possible": 2 * 8}
