"""Every template of the stories in one place, each a whole sentence, clause or noun phrase.

A pair is (one, many), as gettext's ngettext takes it. Words in braces are filled in by name, so a
translation may put them in another order. "Seen" stands wherever the view is only a view.
"""

from __future__ import annotations

Pair = tuple[str, str]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DATE = "{day} {month} {year}"
SHORT_DATE = "{day} {month}"
DAY_OF_MONTH = "the {ordinal}"

# Moments, in UTC or the reader's own zone: without the place's, on the same day there, and on another day there.
INSTANT = (
    "{time} {zone} on {date}",
    "{time} {zone} on {date} ({local} in {city}, {offset})",
    "{time} {zone} on {date} ({local} on {local_day} in {city}, {offset})",
)
BETWEEN_ON_ONE_DAY = (
    "some time between {first} and {last} {zone} on {date}",
    "some time between {first} and {last} {zone} on {date} ({local_first} and {local_last} in {city}, {offset})",
    "some time between {first} and {last} {zone} on {date} "
    "({local_first} and {local_last} on {local_day} in {city}, {offset})",
)
BETWEEN = "some time between {first} and {last}"
SPAN_ON_ONE_DAY = (
    "from {first} to {last} {zone} on {date}",
    "from {first} to {last} {zone} on {date} ({local_first} to {local_last} in {city}, {offset})",
    "from {first} to {last} {zone} on {date} ({local_first} to {local_last} on {local_day} in {city}, {offset})",
)
# The same where there is no room for the offset.
INSTANT_IN_CITY = (
    INSTANT[0],
    "{time} {zone} on {date} ({local} in {city})",
    "{time} {zone} on {date} ({local} on {local_day} in {city})",
)
BETWEEN_ON_ONE_DAY_IN_CITY = (
    BETWEEN_ON_ONE_DAY[0],
    "some time between {first} and {last} {zone} on {date} ({local_first} and {local_last} in {city})",
    "some time between {first} and {last} {zone} on {date} "
    "({local_first} and {local_last} on {local_day} in {city})",
)
SPAN_ON_ONE_DAY_IN_CITY = (
    SPAN_ON_ONE_DAY[0],
    "from {first} to {last} {zone} on {date} ({local_first} to {local_last} in {city})",
    "from {first} to {last} {zone} on {date} ({local_first} to {local_last} on {local_day} in {city})",
)
SPAN = "from {first} to {last}"
SHORT_INSTANT = ("{date} {time} {zone}", "{date} {time} {zone} ({local_date} {local} {offset})")

# Subjects. The second country form is for names that end in s.
COUNTRY = ("{name}'s Internet", "{name}' Internet")
NAMED_AS = "AS{asn} ({name})"
BARE_AS = "AS{asn}"

# Outages as noun phrases, by severity.
OUTAGE_A = {
    "total": "a {length} outage",
    "severe": "a severe {length} outage",
    "partial": "a partial {length} outage",
}
OUTAGE_AN = {
    "total": "an {length} outage",
    "severe": "a severe {length} outage",
    "partial": "a partial {length} outage",
}
OUTAGE_BETWEEN = {
    "total": "an outage of between {shortest} and {longest}",
    "severe": "a severe outage of between {shortest} and {longest}",
    "partial": "a partial outage of between {shortest} and {longest}",
}
OUTAGE_AT_MOST = {
    "total": "an outage of at most {longest}",
    "severe": "a severe outage of at most {longest}",
    "partial": "a partial outage of at most {longest}",
}

# Headlines: one clause without a time.
BACK = "{subject} is back after {outage}"
NOT_WHOLLY_BACK = "{subject} is not wholly back after {outage}"
STILL_UNSTABLE = "{subject} is still unstable after {outage}"
DOWN = {
    "total": "{subject} is down",
    "severe": "{subject} is severely disrupted",
    "partial": "{subject} is partly down",
}
DOWN_AGAIN = {
    "total": "{subject} is down again after {outage}",
    "severe": "{subject} is severely disrupted again after {outage}",
    "partial": "{subject} is partly down again after {outage}",
}
RECOVERING = {
    "total": "{subject} seems to be coming back after an outage",
    "severe": "{subject} seems to be coming back after a severe outage",
    "partial": "{subject} seems to be coming back after a partial outage",
}
END_NOT_KNOWN = {
    "total": "{subject} was down, and when that ended is not known",
    "severe": "{subject} was severely disrupted, and when that ended is not known",
    "partial": "{subject} was partly down, and when that ended is not known",
}
NEW_LEVEL = "{subject} fell to a level that is now taken as normal"
WITHDRAWN = "The alarm about {subject} is withdrawn"
WITHDRAWN_FROM = "what was told of it since {onset} does not hold, our view was broken"
WAS_UNSTABLE = "{subject} was unstable for {length}"
IS_UNSTABLE = "{subject} is unstable"
RECONSTRUCTED = "{headline} (a reconstruction)"

# What the headline rests on: one clause with the times.
GONE_ENDED: Pair = ("its only network was gone {span}", "all {count} networks were gone {span}")
GONE_OPEN: Pair = (
    "its only network has been gone since {onset}, and no end has been seen",
    "all {count} networks have been gone since {onset}, and no end has been seen",
)
GONE_RECOVERING: Pair = (
    "its only network was gone from {onset}; the return counts once it has lasted {confirm}",
    "all {count} networks were gone from {onset}; the return counts once it has lasted {confirm}",
)
GONE_FROM: Pair = (
    "its only network was gone from {onset} on",
    "all {count} networks were gone from {onset} on",
)
LEFT_FROM = "at the lowest, {left} could be reached; it began at {onset}"
LASTED_FROM = "it began at {onset}"
LEFT_ENDED = "at the lowest, {left} could be reached; it lasted {span}"
LEFT_OPEN = "at the lowest, {left} could be reached; it has lasted since {onset}, and no end has been seen"
LEFT_RECOVERING = (
    "at the lowest, {left} could be reached; it began at {onset}, "
    "and the return counts once it has lasted {confirm}"
)
LEFT_NOTHING = "none of its address blocks"
LEFT_SHARE = "{percent} of its address blocks"
LEFT_UNITS = "{units} of its {baseline} address blocks ({percent})"
LASTED_ENDED = "it lasted {span}"
LASTED_OPEN = "it has lasted since {onset}, and no end has been seen"
LASTED_RECOVERING = "it began at {onset}; the return counts once it has lasted {confirm}"
UNSTABLE_ENDED: Pair = (
    "down, up, down and up again, {losses} loss of address blocks was counted {span}",
    "down, up, down and up again, {losses} losses of address blocks were counted {span}",
)
UNSTABLE_OPEN: Pair = (
    "down, up, down and up again, {losses} loss of address blocks has been counted since {onset}",
    "down, up, down and up again, {losses} losses of address blocks have been counted since {onset}",
)
SENTENCE = "{headline}: {detail}."

# The story's further paragraphs.
BEFORE_UNSTABLE: Pair = (
    "Instability came first: it began at {began}, {lead} before the outage, "
    "and {losses} loss of address blocks was counted.",
    "Instability came first: it began at {began}, {lead} before the outage, "
    "and {losses} losses of address blocks were counted.",
)
BEFORE_UNSTABLE_THROUGH: Pair = (
    "Instability came first, and went on: it began at {began}, {lead} before the outage, "
    "and ended at {ended}; {losses} loss of address blocks was counted in all.",
    "Instability came first, and went on: it began at {began}, {lead} before the outage, "
    "and ended at {ended}; {losses} losses of address blocks were counted in all.",
)
BEFORE_UNSTABLE_OPEN: Pair = (
    "Instability came first, and goes on: it began at {began}, {lead} before the outage; "
    "{losses} loss of address blocks has been counted so far.",
    "Instability came first, and goes on: it began at {began}, {lead} before the outage; "
    "{losses} losses of address blocks have been counted so far.",
)
BEFORE_SIGN = "The first sign was seen at {began}, {lead} before."
BEFORE_NOTHING = "Nothing was seen to precede it in the {window} before."
ENCLOSED = "Less than {threshold} of its address blocks could be reached {span}, {length} in all."
ENCLOSED_OPEN = (
    "Less than {threshold} of its address blocks have been reachable since {onset}, and no end has been seen."
)
NETWORKS: Pair = (
    "The network, and when it went and came back ({zone}):",
    "The {count} networks, and when each went and came back ({zone}):",
)
NETWORKS_LOCAL: Pair = (
    "The network, and when it went and came back ({zone}; in brackets the clocks of {city}):",
    "The {count} networks, and when each went and came back ({zone}; in brackets the clocks of {city}):",
)
NETWORK_BACK = "  {network}: gone {onset}, back {end}, {length}"
NETWORK_GONE = "  {network}: gone {onset}, not seen back"
NETWORK_KEPT = "  {network}: no loss seen"
NETWORK_ORIGINS = "{prefix} ({origins})"
AND_MORE = "  and {count} more"
SOLE_UPSTREAM = "Before it, {upstream} was the only upstream seen."
SOLE_UPSTREAM_BY: Pair = (
    "Before it, {upstream} was the only upstream seen, by {peers} peer AS.",
    "Before it, {upstream} was the only upstream seen, by {peers} peer ASes.",
)
UPSTREAMS_BEFORE = "Upstreams seen before it: {list}."
UPSTREAMS_BEFORE_BY: Pair = (
    "Upstreams seen before it, by {peers} peer AS: {list}.",
    "Upstreams seen before it, by {peers} peer ASes: {list}.",
)
UPSTREAM_SHARE = "{upstream} {percent}"
PATHS_LEFT = "While it lasted, {percent} of the paths seen before were left."
UPSTREAM_AGAIN = "It came back through {upstream}, the only upstream seen afterwards too."
UPSTREAMS_AFTER = "Upstreams seen afterwards: {list}."
AFTER_UNSTABLE: Pair = (
    "Then came a struggle: from {began} on, {losses} loss of address blocks was counted, "
    "never {quiet} of quiet, so all of this is one incident.",
    "Then came a struggle: from {began} on, {losses} losses of address blocks were counted, "
    "never {quiet} of quiet, so all of this is one incident.",
)
AFTER_UNSTABLE_ENDED: Pair = (
    "Then came a struggle {span}: {losses} loss of address blocks was counted, "
    "never {quiet} of quiet, so all of this is one incident.",
    "Then came a struggle {span}: {losses} losses of address blocks were counted, "
    "never {quiet} of quiet, so all of this is one incident.",
)
ANOTHER = {
    "total": "Another total outage lasted {length}, {span}.",
    "severe": "Another severe outage lasted {length}, {span}.",
    "partial": "Another partial outage lasted {length}, {span}.",
}
ANOTHER_OPEN = {
    "total": "Another total outage began at {onset}; no end has been seen.",
    "severe": "Another severe outage began at {onset}; no end has been seen.",
    "partial": "Another partial outage began at {onset}; no end has been seen.",
}
ANOTHER_MORE: Pair = (
    "{count} more of that severity was shorter than these.",
    "{count} more of that severity were shorter than these.",
)
LENGTH_BETWEEN = "between {shortest} and {longest}"
LENGTH_AT_MOST = "at most {longest}"
VIEW_WHOLE: Pair = (
    "Watched by {expected} full-feed peer AS, known throughout.",
    "Watched by {expected} full-feed peer ASes, all known throughout.",
)
VIEW_PART: Pair = (
    "Watched by {expected} full-feed peer AS; at the fewest, {known} was known.",
    "Watched by {expected} full-feed peer ASes; at the fewest, {known} were known.",
)
# The same where who is full feed is not known.
VIEW_WHOLE_ANY: Pair = (
    "Watched by {expected} peer AS, known throughout.",
    "Watched by {expected} peer ASes, all known throughout.",
)
VIEW_PART_ANY: Pair = (
    "Watched by {expected} peer AS; at the fewest, {known} was known.",
    "Watched by {expected} peer ASes; at the fewest, {known} were known.",
)
VIEW_NOT_KNOWN = "How many peer ASes could have seen this is not known."
NO_SIGHT = "There was no sight {span}: {why}."
NO_SIGHT_MORE: Pair = (
    "There was no sight in {count} more stretch.",
    "There was no sight in {count} more stretches.",
)
DATA = "Data: {sources}."
DATA_RECONSTRUCTED = "Data: a reconstruction, not a recording, in the archive layout of {sources}."
DATA_RECONSTRUCTED_ONLY = "Data: a reconstruction, not a recording."
NOTE = "Note: {note}"
OTHER_FILES: Pair = ("{count} file of another source", "{count} files of other sources")
SNAPSHOT = "Countries of networks: {snapshot}."
OPERATORS: Pair = ("Operator: {list}.", "Operators: {list}.")
OPERATORS_CUT: Pair = ("Operators: {list} and {count} more.", "Operators: {list} and {count} more.")

# The chart.
ALT = "Chart of reachability over time, {span}. {sentence} {panels} {unknown}"
ALT_NO_LANES = "No networks are drawn."
ALT_LANES: Pair = ("Below, {count} network as a lane.", "Below, {count} networks as lanes.")
ALT_LANES_OF = "Below, the {count} biggest of {all} networks as lanes."
ALT_UPSTREAMS = "Then the share of the paths through each upstream: {names}."
ALT_VIEW = "At the bottom, how many peer ASes were known."
ALT_UNKNOWN: Pair = (
    "{count} stretch without sight is hatched.",
    "{count} stretches without sight are hatched.",
)
SHARE_AXIS = "Reachable, % of the baseline\n({baseline})"
SHARE_AXIS_SHORT = "% reachable"
EPISODE_LABEL = "{length}\n{first} to {last} UTC"
OPEN_LABEL = "no end seen\nsince {first} UTC"
BASELINE: Pair = ("{count} address block", "{count} address blocks")
BASELINE_MOVED = "{fewest} to {most} address blocks"
BASELINE_NOT_KNOWN = "baseline not known"
UTC_AXIS = "UTC, {years}"
LOCAL_AXIS = "{city}\n{offsets}"
OFFSETS_CHANGED = "{first},\nthen {last}"
THRESHOLD = {"partial": "partial\nbelow {percent}", "severe": "severe\nbelow {percent}"}
THRESHOLD_TOTAL = "total at {percent}\nor less"
KEY = {
    "partial": "partial outage",
    "severe": "severe outage",
    "total": "total outage",
    "instability": "instability",
    "up": "network up",
    "down": "network down",
    "unknown": "no sight",
}
STAMP = "RECONSTRUCTION"
SHARE_NOT_KNOWN = "The share is not known"
MORE_LANES = "and {count} more"
VIEW_PANEL = "peer ASes known"
VIEW_MOST = "of {count} expected"
UPSTREAM_PANEL = "share of paths\nthrough each"
OTHERS = "all others"
NO_LANES = "No networks are known"
PEERS_KNOWN: Pair = (
    "{known} of {expected} peer AS known at the fewest.",
    "{known} of {expected} peer ASes known at the fewest.",
)
PEERS_NOT_KNOWN = "Number of peer ASes not known."
SIGNED = "Nightside {version}, {id}"


def choose(forms: Pair, count: int) -> str:
    """The form for `count` things."""
    return forms[0] if count == 1 else forms[1]
