"""Citations: what is meant can be told, and no name breaks the entry."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from nightside.publish import cite

Told = dict[str, Any]
ADDRESS = "https://example.org/incidents/KP-20141221T0310Z/revisions/1"


def test_the_text_names_all_that_is_needed(told: Callable[..., Told]) -> None:
    text = cite.text(told(), ADDRESS)
    # What is filled in when it is shown depends on what else a store holds.
    filled_in = ("acknowledgements", "causes", "diagnosis", "history", "related", "reports", "rules_version")
    kept = {key: value for key, value in told().items() if key not in filled_in}
    record = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    for part in (
        "North Korea's Internet is back after a 9-hour 31-minute outage",
        "KP-20141221T0310Z",
        "revision 1",
        "Nightside 0.1.0",
        "RIPE NCC RIS",
        hashlib.sha256(record.encode()).hexdigest(),
        ADDRESS,
    ):
        assert part in text


def test_a_reconstruction_says_so(told: Callable[..., Told]) -> None:
    incident = told()
    incident["provenance"]["reconstruction"] = True
    assert "not a recording" in cite.text(incident)
    assert "not a recording" in cite.bibtex(incident)


def test_bibtex_holds_any_name(told: Callable[..., Told]) -> None:
    incident = told()
    incident["entity"]["name"] = r"} , author = {Eve} \input{x} 100% & $5 #1 a_b ~ ^"
    entry = cite.bibtex(incident, "https://example.org/}{")
    plain = re.sub(r"\\[{}]", "", entry)
    depth = 0
    for i, c in enumerate(plain):
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth > 0 or i in (*range(len("@misc")), len(plain) - 1)
    assert depth == 0
    assert re.fullmatch(r"@misc\{[A-Za-z0-9]+,", entry.split("\n")[0])
    title = next(line for line in entry.split("\n") if line.startswith("  title"))
    assert not re.search(r"(?<!\\)[%&$#_]", title)
    assert r"\input" not in title
    fields = re.findall(r"^  (\w+) = ", entry, re.MULTILINE)
    assert fields == ["title", "author", "note", "url"]
