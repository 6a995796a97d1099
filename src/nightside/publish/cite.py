"""How to cite an incident: a line of text, and BibTeX. No date of today: the reader adds when it was read.

The fingerprint is the SHA-256 of the record as the program writes it (`nightside show ID --json`, without the
line end and without the keys of `OF_THE_STORE`), so that a reader can tell that this very revision is meant.
"""

from __future__ import annotations

import re
from hashlib import sha256

from nightside.model.ndjson import dumps
from nightside.publish import attribution, report_phrases
from nightside.publish.headlines import headline
from nightside.publish.literal import one_line
from nightside.publish.reading import Json

OF_THE_STORE = ("acknowledgements", "causes", "diagnosis", "history", "related", "reports", "rules_version")
"""What is filled in when an incident is shown: another store may say otherwise of the same incident."""

_BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "&%$#_"},
}


def fingerprint(incident: Json) -> str:
    """SHA-256 of the record in hexadecimal, without what depends on what else a store holds."""
    record = {key: value for key, value in incident.items() if key not in OF_THE_STORE}
    return sha256(dumps(record).encode()).hexdigest()


def text(incident: Json, address: str | None = None) -> str:
    """One line: title, incident and revision, program, data, fingerprint, address where there is one."""
    parts = [f"{headline(incident)}.", *_notes(incident), address or ""]
    return " ".join(part for part in parts if part)


def bibtex(incident: Json, address: str | None = None) -> str:
    """The same as an entry `@misc`, which all of BibTeX's styles know."""
    key = re.sub(r"[^A-Za-z0-9]", "", str(incident["id"]))
    fields = {
        "title": f"{{{_escaped(headline(incident))}}}",
        "author": "{Nightside}",
        "note": _escaped(" ".join(_notes(incident))),
    }
    if address:
        # Inside url = {…} the special characters of TeX stand as they are; only braces would end it.
        fields["url"] = re.sub(r"[{}\\\s]", "", address)
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{nightside{key}r{incident['revision']},\n{body}\n}}"


def _notes(incident: Json) -> list[str]:
    record = report_phrases.CITED.format(
        id=one_line(incident["id"]),
        revision=incident["revision"],
        version=one_line(incident["provenance"]["version"]),
    )
    mark = report_phrases.CITED_FINGERPRINT.format(sha256=fingerprint(incident))
    return [part for part in (record, attribution.data_line(incident), mark) if part]


def _escaped(words: str) -> str:
    return "".join(_BIBTEX.get(c, c) for c in words)
