"""Every sentence about reports of others. Whose words they are is always said."""

from __future__ import annotations

SECTION = "What others said"
INTRO = (
    "Others said this of it; the program did not see it. Beside each stands what was measured at the time that it is "
    "about, and whether both can be true."
)
OVERVIEW = "What others said, beside what was measured:"
COLUMNS = ("Who said what", "Of which time", "What was measured", "Verdict")
CAPTION = (
    "Reports of others, in the order of the time that they are about. Times in UTC stand below those given."
)
KIND = {
    "observation": "observation",
    "claim": "claim",
    "denial": "denial",
    "context": "context",
}
VERDICT = {
    "agrees": "agrees",
    "contradicts": "contradicts what was measured",
    "not_comparable": "not comparable",
}
CONTEXT = "near in time, not evidence"
CONTEXT_FAR = "not evidence"
FAR = "Its time lies far from this incident: {away} away."
HEAD = "{by} ({kind}; {source}, {said_on}{url}): “{says}”"
URL = ", {url}"
LINE = "- {head}\n  Of {about}. Measured: {measured}. Verdict: {verdict}.{note}"
CONTEXT_LINE = "- {head}\n  Of {about}: {verdict}.{note}"
NO_OUTAGE = "no outage then"
OUTAGE = "{severity}, {onset} to {end} UTC"
OUTAGE_OPEN = "{severity} from {onset} UTC on, not seen to end"
SEVERITY = {
    "instability": "instability",
    "partial": "partial outage",
    "severe": "severe outage",
    "total": "total outage",
}
MORE_OUTAGES = "and {count} shorter"
NOT_COMPARED = "not compared"
WHAT = {"onset": "onset", "end": "end", "duration_s": "length", "outages": "outages"}
RULE = {"about": "{value}", "at_least": "{value} or more", "at_most": "{value} or less"}
RULE_OF_TIME = {"about": "{value}", "at_least": "{value} or later", "at_most": "{value} or earlier"}
FIGURE = "{what}: said {said}, measured {measured}"
FIGURE_NOT = "{what}: said {said}; {why}"
BETWEEN = "{least} to {most}"
MERGED = "It was attached to {id}, which turned out to be a part of this."
WITHDRAWN = "withdrawn at {at} by {who}: {why}"

TAKEN = {
    "attached": "attached {id}: {by}, {kind}",
    "known": "known already {id}: {by}, {kind}",
    "withdrawn": "was withdrawn, and stays so {id}: {by}, {kind}",
}
TAKEN_FAR = "; marked: its time lies far from the incident"
