"""Every word of the report, the feeds and the citations that is not in `phrases.py` already.

Whole headings, sentences or labels; a pair is (one, many). Words in braces are filled in by name.
"""

from __future__ import annotations

from nightside.publish.phrases import Pair

HOUSE = "Nightside"
MOTTO = "An open observatory for national Internet outages"
SKIP = "Skip to the report"
PAGE_TITLE = "{headline} · {id}, revision {revision} · Nightside"

SEVERITY = {
    "instability": "Instability",
    "partial": "Partial outage",
    "severe": "Severe outage",
    "total": "Total outage",
}
STATUS = {"ongoing": "going on", "recovering": "recovering", "restored": "restored", "closed": "closed"}

# Banners.
RECONSTRUCTION = "A reconstruction, not a recording."
RECONSTRUCTION_WHY = "What of it is documented, and what is assumed"
OLD_REVISION = "This is revision {revision} of {latest}. It stays here for good; later revisions say more."
MERGED = "This turned out to be a part of another incident: {id}."

# When, how long, how sure.
FACTS = "When, how long, how sure"
BEGAN = {
    "instability": "Instability began",
    "partial": "Began",
    "severe": "Began",
    "total": "Began",
}
ENDED = "Ended"
LASTED = "Lasted"
SURE = "How sure"
NO_END_YET = "no end seen yet"
NO_END = "not known"
NOT_CONFIRMED = "not confirmed yet"
STILL = "still going on"
LOWEST: Pair = (
    "{units} of {baseline} address block left at the lowest ({percent}).",
    "{units} of {baseline} address blocks left at the lowest ({percent}).",
)
SINCE_FIRST = "{length} from the first sign to the last recovery."
PEERS = "{known} of {expected} observers"
PEERS_NOTE = "could see, at the fewest."
PEERS_UNKNOWN = "not known"
PEERS_UNKNOWN_NOTE = "is how many observers could see."
EXACT = "Begin and end to the second."
EXACT_OPEN = "The begin to the second."
INEXACT = "Not to the second: ranges."
BLIND: Pair = ("{count} stretch without sight.", "{count} stretches without sight.")
PROVISIONAL = {
    "ongoing": "Provisional: it goes on.",
    "recovering": "Provisional: the return is not confirmed yet.",
    "restored": "Provisional for now: within six hours, a further loss would still join it.",
    "closed": "Final, unless later data corrects it.",
}
SURE_RECONSTRUCTION = "Reconstructed, not recorded."

# The strip and the chart.
STRIP = "Light where address blocks could be reached, dark where not, hatched where nobody could see. UTC."
CHART = "The chart"
CHART_SCROLL = "The chart; scroll sideways to see all of it"
CHART_TABLE = "The chart as a table"
CHART_LATEST = "The chart is that of the latest revision."
COURSE_CAPTION = "Lowest number of reachable address blocks in each {step}."
COURSE_NO_SIGHT = "no sight"
COURSE_PART = "{share}; without sight for {length}"
CAPTION = "Share of address blocks (/24 of IPv4) that could be reached, by time. {data}"
FIGURE_FULL = "The picture alone"

# Headings.
STORY = "What happened"
EPISODES = "Episodes"
EPISODES_CAPTION = "Stretches below one threshold; deeper ones nest inside shallower ones."
EPISODES_PICKED = "The worst and longest {count} of {all}."
EPISODES_ALL = "All {all} episodes"
INSTABILITY = "Instability"
INSTABILITY_CAPTION = "Down, up, down and up again: stretches of repeated losses."
POSTS = "As it was told"
POSTS_NOTE = "Posts with their times: what could be said at that moment, and no more."
POSTS_ALL = "All {all} posts"
OPERATORS = "Who lost it"
OPERATORS_CAPTION = "Operators in the order of loss; those who kept all are last."
OPERATOR_CARD = "{operator}: {role}; owned by {owners} ({source}, {date})."
OPERATOR_CARD_NO_OWNERS = "{operator}: {role} ({source}, {date})."
KNOWN_NOT_SEEN = "Known, not seen: {upstream} for {operator}: {says} ({source}, {date})."
NETWORKS = "Networks"
NETWORKS_CAPTION = "Each routed network, and its longest loss during the outage."
NETWORKS_REST: Pair = ("{count} more network", "{count} more networks")
NETWORKS_CUT: Pair = (
    "{count} more network is in the data only.",
    "{count} more networks are in the data only.",
)
UPSTREAMS = "Ways out"
UPSTREAMS_CAPTION = (
    "Share of the paths seen before that went through each upstream: before, during and after."
)
UPSTREAMS_NOTE = (
    "An upstream is the first network on the way out. "
    "BGP shows best paths only: a way that was not used is not seen."
)
VIEW = "What we could see"
VIEW_CAPTION = "Stretches without sight."
ROUTES_ONLY = (
    "Routes are watched, services are not checked: an address block counts as reachable while the world's "
    "routers know a way to it. Mobile networks can be shut, and traffic slowed, with every route up."
)
WHY = "Why"
NOT_DIAGNOSED = "Not diagnosed. Nothing on this page says what, or who, caused it."
BASIS = "What this rests on"
REVISIONS = "Revisions and corrections"
DATA = "The data"
ELSEWHERE = "The same hours elsewhere"
ELSEWHERE_NOTE = (
    "Other observatories, asked for the same window. "
    "They may hold no data of that time, and they count differently."
)
CITE = "How to cite this"
CITE_NOTE = "Add the day you read it."
CITE_BIBTEX = "BibTeX"

# Columns.
SEVERITY_COLUMN = "Severity"
ONSET = "Onset"
END = "End"
LENGTH = "Lasted"
LOWEST_COLUMN = "Lowest"
FIRST_LOSS = "First loss"
LAST_RETURN = "Last return"
LOSSES = "Losses"
BLOCKS = "Address blocks"
OPERATOR = "Operator"
BEFORE = "Before"
AT_LOWEST = "At the lowest"
LOST_AT = "All it lost was gone at"
BACK_AT = "Back at"
NETWORK = "Network"
ORIGINS = "Announced by"
GONE_AT = "Gone at"
UPSTREAM = "Upstream"
DURING = "During"
AFTER = "After"
FROM = "From"
TO = "To"
WHY_COLUMN = "Why"
FILE = "File"
SHA256 = "SHA-256"
SETTING = "Setting"
VALUE = "Value"
TIME = "From"
REACHABLE = "Reachable, lowest"
SHARE = "Share"

# Cells.
BETWEEN = "between"
AND = "and"
NOT_YET = "not seen"
NO_LOSS = "no loss"
NOT_KNOWN = "not known"
PLACE = "in {city}, {offset}"
PLACE_TIMES = "Below each time, the clocks of {city}."

# Provenance.
INPUTS: Pair = ("{count} input file", "{count} input files")
INPUTS_CAPTION = "Input files, each with the SHA-256 of its bytes"
NO_INPUTS = "The input files were not recorded."
SETTINGS = "The settings it was found with"
SETTINGS_CAPTION = "Thresholds in force; the definitions say what each means"
PROGRAM = "Found by Nightside {version}."
RULES = "Diagnosed by rules {version}."

# Revisions.
FIRST_REVISION = "First stored."
CHANGED = "Changed: {keys}."
CHANGE = "{key}: {old} → {new}"
ONLY_REVISION = "This is the only revision."
REVISION = "Revision {revision}"
THIS_ONE = "this page"
LATEST = "The latest"
FINGERPRINT = "Fingerprint (SHA-256 of the record): {sha256}"
KEYS = {
    "entity": "name", "status": "status", "closed_as": "how it was closed", "severity": "severity",
    "onset": "onset", "end": "end", "duration_s": "duration", "onset_range": "range of the onset",
    "end_range": "range of the end", "began": "first sign", "ended": "last recovery",
    "share": "share that was left", "episodes": "episodes", "instability": "instability",
    "networks": "networks", "operators": "operators", "upstreams": "upstreams", "view": "view",
    "causes": "causes", "history": "history", "related": "related incidents", "local_time": "local time",
    "provenance": "what it rests on", "settings": "settings", "rules_version": "rules",
}  # fmt: skip
NOTHING = "none"

# Downloads.
FILE_NAMES = {
    "share": "Reachability over time",
    "networks": "Networks as lanes",
    "services": "Services that answered",
    "upstreams": "Upstream shares",
    "view": "Health of the view",
}
FORMAT_CSV = "CSV"
RECORD = "The whole record"
FLIPS = "Which peer lost which prefix, when"
PICTURES = "Pictures"
FOR_POSTS = "PNG, 16:9 for posts"
KILOBYTES = "{count} kB"

# Other observatories.
IODA_SHOWS = "routing, active probing and telescope traffic"
RADAR_SHOWS = "traffic as Cloudflare sees it"
RIPESTAT_COUNTRY_SHOWS = "the country's prefixes and ASes in RIS, every five minutes (JSON)"
RIPESTAT_AS_SHOWS = "the AS's routing history (JSON)"
BGPLAY_SHOWS = "every change of path of {resource}, played back"
RADAR_TOO_YOUNG = "Cloudflare Radar opened in 2020, after this."

# Citation.
CITED = "Nightside {version}, incident {id}, revision {revision}."
CITED_FINGERPRINT = "SHA-256 of the record: {sha256}."

# The foot of the page.
FOOT_ROUTES = "Routing data: RIPE NCC RIS and RouteViews, where the inputs say so."
FOOT_LICENCE = "Creative Commons Attribution 4.0"
FOOT_NAMES = "Names and countries of ASes:"
FOOT_NAMES_REST = "RouteViews and the Number Resource Organization; changed."

# Feeds.
FEED_TITLE = "Internet outages: Nightside"
FEED_TITLE_OF = "Internet outages, {what}: Nightside"
