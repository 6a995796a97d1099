"""What is said of an outage's place in history: whole sentences and clauses, filled in by name.

A pair is (one, many).
"""

from __future__ import annotations

LOSS = {
    "total": ("total loss", "total losses"),
    "severe": ("severe loss", "severe losses"),
    "partial": ("partial loss", "partial losses"),
}
"""What a set holds: stretches at this depth; those of deeper outages are among them."""

# The place by length.
ONLY = "the only {losses} known here {when}"
LONGEST = "longest of the {known} {losses} known here {when}"
NTH = "{ordinal} longest of the {known} {losses} known here {when}"
BETWEEN = "between the {best} and the {worst} longest of the {known} {losses} known here {when}"
BETWEEN_FIRST = "between the longest and the {worst} longest of the {known} {losses} known here {when}"
BY_NOW = "by its length until now {place}"
FOR_YEAR = "for {period} so far"
FOR_DAYS = "for the {period} to its end"
UNSETTLED = "not all lengths are known well enough"
AS_LONG = ("with one other exactly as long", "with {count} others exactly as long")
DOCUMENTED = (
    "{count} documented by others, not measured here",
    "{count} documented by others, not measured here",
)
RECONSTRUCTED = "reconstructions among them"
OBSERVED = "{percent} of that time observed"
NOT_RANKED = (
    "No place is given: of {period} up to its end {percent} was observed here, and a place needs 90 %."
)
AND_ALSO = "; and "

# Whole countries.
RARE = "{says} ({by}, {date}); compare {list}."
COMPARED = "{country} in {year} ({length}, from {onset} on)"
COMPARED_OPEN = "{country} in {year} (from {onset} on)"

# A series.
SERIES = (
    "Began at about the same time of day on {days} days from {first} to {last}, {clock}. "
    "{count} of the {all} outages that began in these days are in this series."
)
CLOCK = "between {first} and {last} in {place}"
CLOCK_ONE = "at {first} in {place}"
UTC = "UTC"

# What is usual.
USUAL = (
    "On average {availability} of {subject} could be reached in the last {days} observed days before it: "
    "{crossings}{longest}."
)
USUAL_PART = (
    "On average {availability} of {subject} could be reached in the {observed} days before it that are observed "
    "here, from {since} on: {crossings}{longest}."
)
CROSSINGS = ("{count} {losses}", "{count} {losses}")
NO_CROSSINGS = "not one loss of more than a tenth"
LONGEST_LOSS = ", the longest of {length}"

USUAL_BEFORE = "What was usual before it: by the known time alone."
USUAL_NOW = "What is usual, up to the end of what is stored: by the known time alone."
USUAL_COLUMNS = (
    "Over", "From, to (UTC)", "Observed", "Reachable on average", "Losses", "The longest",
)  # fmt: skip
PERIOD = "{days} observed days"
PERIOD_PART = "{observed} observed days, of {days} wanted"
FROM_TO = "{first} to {last}"
COUNTS = "{total} total, {severe} severe or worse, {partial} partial or worse"
LONGEST_ONE = "{length} ({severity})"
NONE = "none"

# What others say.
TITLE = "{what} ({kind})"
TITLE_ON = "{when}: {what} ({kind})"
KINDS = {
    "total": "told of as total",
    "partial": "told of as partial",
    "services": "services only",
    "instability": "told of as instability",
}
SAID = "{by}: {says}"
SAID_WHERE = "{source}, {date}"
AGAINST = "Contradicted: {why}"
HERE = {
    "found": "Found here:",
    "not_found": "Documented, but not found here, though that time was observed; why is not known.",
    "unknown": "Documented; that time was not observed well enough here.",
    "not_stored": "Documented; nothing of that time is stored here.",
    "not_by_routes": "Documented by traffic or services alone; routes do not show such an outage.",
}

# Titles.
HISTORY = "In history"
DOCUMENTED_TITLE = "What others said of this time"
DOCUMENTED_NOTE = "Documented by others, not measured here. Claims that disagree stand side by side."
