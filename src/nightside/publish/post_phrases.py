"""Every template of the posts in one place, each a whole sentence, clause or noun phrase.

As in `phrases`: a pair is (one, many), and words in braces are filled in by name. Posts are read aloud too, so
there is no sign in them that has no name.
"""

from __future__ import annotations

from nightside.publish.phrases import Pair

RECONSTRUCTED = "A reconstruction, not a recording."

# While it lasts. `total` and `severe` are what holds when the post is sent.
OPENED = {
    "total": "{subject} is down: no more than {percent} of its address blocks have been reachable "
    "since {since}.",
    "severe": "{subject} is severely disrupted: less than {percent} of its address blocks have been "
    "reachable since {since}.",
}
OPENED_GONE: Pair = (
    "{subject} is down: its only network has been gone since {since}.",
    "{subject} is down: all {count} networks have been gone since {since}.",
)
WORSENED = (
    "{subject} is now down: no more than {percent} of its address blocks have been reachable since {since}."
)
WORSENED_GONE: Pair = (
    "{subject} is now down: its only network has been gone since {since}.",
    "{subject} is now down: all {count} networks have been gone since {since}.",
)
DISRUPTED_FROM = "It was severely disrupted from {first} on."
UNSTABLE_BEFORE = "It had been unstable for {lead}."
RECOVERING = (
    "{subject} seems to be coming back: at least {percent} of its address blocks have been reachable again "
    "since {since}, after {length}."
)
RECOVERING_BRIEF = (
    "{subject} seems to be coming back: at least {percent} of its address blocks have been reachable again "
    "since {since}."
)

# When it is over.
RESTORED = "{subject} is back after {outage}: {was} {span}."
RESTORED_PARTLY = "{subject} is partly back after {outage}: {was} {span}."
RESTORED_BRIEF = "{subject} is back: {was} {span}."
RESTORED_PARTLY_BRIEF = "{subject} is partly back: {was} {span}."
WAS = {"total": "it was down", "severe": "it was severely disrupted"}
AT_THE_LOWEST = "At the lowest, {percent} of its address blocks could be reached."
DISRUPTED_UNTIL = "It was severely disrupted until {end}."
NOT_YET_WHOLLY = "Less than {percent} of it can be reached so far."
DIGEST_ONE = "{subject} had {outage} {span}."
DIGEST_ONE_BRIEF = {
    "total": "{subject} had an outage {span}.",
    "severe": "{subject} had a severe outage {span}.",
}
DIGEST = {
    "total": "{subject} had {count} short outages, each shorter than {confirm}, {span}.",
    "severe": "{subject} had {count} short severe outages, each shorter than {confirm}, {span}.",
}
DIGEST_OVER: Pair = ("It is over.", "All of them are over.")
DOWN_SINCE = {
    "total": "It has been down since {since}.",
    "severe": "It has been severely disrupted since {since}.",
}

# When later data says otherwise.
CORRECTED = {
    "total": "Correction: {subject} was down {span}, {length} in all.",
    "severe": "Correction: {subject} was severely disrupted {span}, {length} in all.",
}
CORRECTED_BRIEF = {
    "total": "Correction: {subject} was down {span}.",
    "severe": "Correction: {subject} was severely disrupted {span}.",
}
CORRECTED_OPEN = {
    "total": "Correction: {subject} has been down since {since}.",
    "severe": "Correction: {subject} has been severely disrupted since {since}.",
}
REPLACES = "This replaces what was said before."
WITHDRAWN = {
    "total": "Withdrawn: that {subject} was down at {onset} does not hold. Our view was broken.",
    "severe": "Withdrawn: that {subject} was severely disrupted at {onset} does not hold. Our view was broken.",
}

# How sure it is.
PROVISIONAL = "Provisional."
PROVISIONAL_NEW = "Provisional: this has only just been seen."
PROVISIONAL_LASTED = "Provisional: it has lasted {length} so far."
PROVISIONAL_RETURN = "Provisional: the return counts once it has lasted {confirm}."
CONFIRMED = "Confirmed."
CONFIRMED_RETURN = "Confirmed: the return has lasted {confirm}."

DATA = "Data: routes from {sources}."
AND = "{firsts} and {last}"

# Instants where there is room for next to nothing.
BRIEF_INSTANT = "{date} {year} {time} UTC"
BRIEF_RANGE = "between {first} and {last}"

# The chapter of a story.
CHAPTER: Pair = ("What would have been posted:", "What would have been posted, each at its time:")
CHAPTER_LINE = "  {at}\n    {text}"
CHAPTER_MORE = "  and {count} more; the report (`--html`) has them all"
