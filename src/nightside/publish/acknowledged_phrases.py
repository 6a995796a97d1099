"""Every sentence about acknowledgements. Whose words a note is, is always said."""

from __future__ import annotations

SECTION = "Who has seen it"
INTRO = (
    "People said that they have seen this, as it stood then. It is no part of what was measured, and changes nothing "
    "of it."
)
OVERVIEW = "Who has seen it:"
COLUMNS = ("Who", "When", "What they saw", "What they say")
CAPTION = "Acknowledgements, in the order in which they were given."
NEWEST = "Seen by {by} at {at}: “{note}”."
SAW = "revision {revision}, {severity}"
SAW_OF = "{id}, which turned out to be a part of this: revision {revision}, {severity}"
SEVERITY = {
    "instability": "instability",
    "partial": "partial outage",
    "severe": "severe outage",
    "total": "total outage",
}
THIS = "the newest"
OLDER = "the newest is {newest}"
WORSE = "Worse since: {severity} from {onset} on."
BY_TOKEN = "by the token {token}"
LINE = "- {by}, {at} ({saw}): “{note}”"
LINE_WITHDRAWN = "- {by}, {at} ({saw}): {withdrawn}"
WITHDRAWN = "withdrawn at {at} by {who}"
WITHDRAWN_WHY = "withdrawn at {at} by {who}: {why}"

TAKEN = {
    "acknowledged": "acknowledged {id}: {saw}",
    "known": "acknowledged already {id}: {saw}",
    "withdrawn": "withdrawn {id}: {saw}",
}
