"""The page of one scene, and the index of all: what was said beside what the program found. Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tools.incident_pages.measured import Found, Json, seen

from nightside.model.instants import parse
from nightside.publish.causes_phrases import CAUSE, FAMILY
from nightside.publish.moments import Clock
from nightside.publish.services_words import finding
from nightside.scenes.scene import Basis, Claim

AGREES, CONTRADICTED = "agrees", "contradicted"
OUTSIDE, ELSEWHERE = "not checkable from outside", "not in the scene"
BUILT_ON = "used to build the scene"
AFTER_S = 3600
"""What services do so long after an incident belongs to it."""


@dataclass(frozen=True)
class Row:
    """One statement with what became of it."""

    says: str
    by: str
    finds: str
    verdict: str
    built_on: bool
    why: str


def row_of(claim: Claim, found: Found) -> Row:
    """The statement beside the result. ValueError where the script expects another verdict than the program gives."""
    # The script's own words for what the row says anyway.
    why = claim.reason or re.sub("^(used|agrees)([:;] |$)", "", claim.used)
    if claim.check is None:
        verdict = ELSEWHERE if claim.elsewhere else OUTSIDE
        return Row(claim.says, claim.by, "–", verdict, claim.built_on, why)
    result = seen(claim.check, found)
    if result.agrees is (claim.reason is not None):
        raise ValueError(
            f"{found.scene.name}: {claim.says!r} ({claim.by}) {'agrees' if result.agrees else 'does not agree'} "
            f"with what is found: {result.words}. Mend the scene, the claim or its reason."
        )
    verdict = AGREES if result.agrees else CONTRADICTED
    return Row(claim.says, claim.by, result.words, verdict, claim.built_on, why)


def rows_of(found: Found) -> list[Row]:
    """All statements about one scene, as its script has them."""
    return [row_of(claim, found) for claim in found.scene.claims]


def page(found: Found) -> str:
    """The whole page."""
    scene, rows = found.scene, rows_of(found)
    parts = [
        f"# {scene.title}",
        f"**No recording.** {scene.note}",
        f"**A statement on which the scene was built agrees by construction.** Such rows say “{BUILT_ON}”: they show "
        "that the program reads back what was put in, dates it and counts it right, and they are no evidence that the "
        "statement is true. The other rows were not put in: they show which statements fit together, and which do "
        "not. What the verdicts mean: [the index](README.md). More of the scene, and of what is disputed: "
        f"[docs/scenes.md](../scenes.md#{scene.name}).",
        f"See it, with its chart: `nightside demo {scene.name}`. This page is generated (`make incidents`).",
        "## What happened, in the program's words",
        *_told(found),
        "## What was said, and what the program finds",
        _sum(rows),
        _table(
            ("statement", "by", "what the program finds", "verdict", "why"),
            [(r.says, r.by, r.finds, _verdict(r), r.why) for r in rows],
        ),
        "## What is documented, and what is assumed",
        *_basis(found),
    ]
    return "\n\n".join(parts) + "\n"


def index(every: Sequence[Found]) -> str:
    """The README of the folder."""
    rows = []
    for found in sorted(every, key=lambda found: found.scene.begin):
        made = rows_of(found)
        put_in = sum(row.verdict == AGREES and row.built_on for row in made)
        count = Counter(row.verdict for row in made)
        counts = put_in, count[AGREES] - put_in, count[CONTRADICTED], count[OUTSIDE], count[ELSEWHERE]
        rows.append((f"[{found.scene.title}]({found.scene.name}.md)", *map(str, counts)))
    head = ("incident", f"agree: {BUILT_ON}", "agree: not put in", CONTRADICTED, OUTSIDE, ELSEWHERE)
    parts = [
        "# Incidents: what was said, and what the program finds",
        "Each page puts the checkable statements of news stories and measurement reports about one outage beside what "
        "Nightside finds when it replays that outage. **All of them are reconstructions**: the archives are made up "
        "from what is documented ([docs/scenes.md](../scenes.md)), none was recorded. So a page can show that the "
        "program dates, counts and reasons right, and which statements contradict each other. It cannot show that the "
        "documented ones are true; for that, replay the real archives of those days "
        "([how](../live.md)).",
        _table(head, rows),
        "- **agrees**: the result bears the statement out, within the tolerance that its wording allows. Where it "
        f"says “{BUILT_ON}”, that is so by construction.\n"
        "- **contradicted**: it does not; the last column gives the likely reason: a time zone, am for pm, another "
        "day's figure.\n"
        f"- **{OUTSIDE}**: neither routes nor checks of services show it, whoever looks: a motive, a mobile network, "
        "what somebody did by hand.\n"
        f"- **{ELSEWHERE}**: data from outside would tell, but other days or other counts than the scene has.",
        "A cause is not looked up but concluded, by rules that show their evidence "
        "([docs/diagnosis.md](../diagnosis.md)); several follow reasoning that the analysts of these very incidents "
        "published. So agreement on a cause is weaker than it looks. "
        f"{_places(every)} Where only that is asked, who always said “inside the country, cause undetermined” would "
        "agree as often.",
        "The statements are facts taken from reports, in our words; they live in the scenes' scripts "
        "(`src/nightside/scenes/scripts/`), where each has a check that a program can read. The pages are generated: "
        "`make incidents` writes them anew, and a test fails where a statement's verdict turns, or where a page is not "
        "what the program gives now.",
    ]
    return "\n\n".join(parts) + "\n"


def _places(every: Sequence[Found]) -> str:
    """Where the program puts the incidents of all scenes, and how many of them it names the cause of."""
    diagnoses = [incident["diagnosis"] for found in every for incident in found.incidents]
    family = Counter(found["family"] for found in diagnoses)
    named = sum(found["cause"] != "undetermined" for found in diagnoses)
    told = ", ".join(f"{FAMILY[name]} {count}" for name, count in sorted(family.items()))
    return f"Where the {len(diagnoses)} incidents of these pages lay: {told}; the cause is named of {named or 'none'}."


def _told(found: Found) -> list[str]:
    """Each incident as its story has it, and between them what services alone say; in the order of time."""
    parts: list[tuple[int, str]] = []
    for number, (incident, told) in enumerate(zip(found.incidents, found.told, strict=True)):
        # What all of a row of outages share is told once.
        alike = number > 0 and incident["related"]
        parts.append(
            (parse(incident["began"]), "\n\n".join([*(told[:1] if alike else told), _cause(incident)]))
        )
    if found.services is not None:
        clock = Clock.of(found.incidents[0])
        windows = [(parse(i["began"]), parse(i["ended"]) + AFTER_S) for i in found.incidents]
        parts += [
            (one.begin, "Between the incidents: " + finding(clock, found.services, one))
            for one in found.services.findings
            if not any(begin <= one.begin <= end for begin, end in windows)
        ]
    return [text for _, text in sorted(parts)]


def _cause(incident: Json) -> str:
    found = incident["diagnosis"]
    return f"Where it lay: {FAMILY[found['family']]}. What it was: {CAUSE[found['cause']]}."


def _sum(rows: Sequence[Row]) -> str:
    count = Counter(row.verdict for row in rows)
    put_in = sum(row.verdict == AGREES and row.built_on for row in rows)
    return (
        f"Statements: {len(rows)}. They agree: {count[AGREES]}, of which {put_in} were {BUILT_ON}. "
        f"Contradicted: {count[CONTRADICTED]}. Not checked here: {count[OUTSIDE] + count[ELSEWHERE]}."
    )


def _verdict(row: Row) -> str:
    return f"{row.verdict}; {BUILT_ON}" if row.built_on else row.verdict


def _basis(found: Found) -> list[str]:
    """What the happenings rest on, each text once with how often it stands."""
    scene = found.scene
    every: list[Basis] = [happening.basis for happening in scene.happenings]
    if scene.checks is not None:
        every += [loss.basis for loss in scene.checks.losses]
        every.append(Basis(None, f"all results of checks: {scene.checks.reason}"))
    documented = Counter(basis.source for basis in every if basis.source)
    assumed = Counter(basis.assumed for basis in every if basis.assumed)
    return ["Documented:", _list(documented), "Assumed, each with its reason:", _list(assumed)]


def _list(texts: Counter[str]) -> str:
    return "\n".join(
        f"- {text}" + (f" ({count} times)" if count > 1 else "") for text, count in texts.items()
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
