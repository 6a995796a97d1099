"""Every word about services in stories, charts and reports: whole sentences, clauses, labels.

A pair is (one, many). Words in braces are filled in by name. What a target is called comes from outside: it is made
one line before it is filled in.
"""

from __future__ import annotations

from nightside.publish.phrases import Pair

SERVICES = {"names": "name servers", "mail": "mail servers", "sites": "sites", "path": "hosts on the path"}

# The chart.
ROW = "{service} ({count})"
PANEL: Pair = ("share answering\none place", "share answering\n{count} places")
PANEL_MADE_UP = "reconstruction"
KEY_OF = {"answering": "answering", "silent": "not answering"}
KEY_BOTH = {"answering": "network up, or answering", "silent": "network down, or not answering"}
ALT: Pair = (
    "Then the share of each service that answered, seen from one place: {names}.",
    "Then the share of each service that answered, seen from {count} places: {names}.",
)
ALT_MADE_UP = "What answered is reconstructed, not measured."

# The story: what went and how it came back, one sentence for each service.
SERVICE: dict[str, Pair] = {
    "names": ("name server", "name servers"),
    "mail": ("mail server", "mail servers"),
    "sites": ("site", "sites"),
    "path": ("host on the path", "hosts on the path"),
}
PLACES: Pair = ("one place", "{count} places")
WENT: Pair = (
    "The one {service} checked from {places} did not answer from {down} on",
    "Of {count} {service} checked from {places}, none answered from {down} on",
)
WENT_PARTLY = "Of {count} {service} checked from {places}, {left} answered at the worst, from {down} on"
NOT_BACK = "; no return was seen."
BACK_ONE = "; it answered again at {first}."
BACK_AT_ONCE = "; all were back at {first}."
BACK = "; the first was back at {first}, {further}."
BACK_STEPS = {"half": "half at {at}", "nine_tenths": "nine tenths at {at}", "all": "all at {at}"}
BACK_NOT = {
    "half": "half not seen back",
    "nine_tenths": "nine tenths not seen back",
    "all": "not all seen back",
}
CHECKED = "Checked from {places}: {services}."
CHECKED_ITEM = "{count} {service}"
NONE_WENT = "None of them was seen to fail while the routes were gone."
NOTHING_KNOWN = "What they did while the routes were gone is not known: no place could tell."
FURTHER: Pair = (
    "Services failed {count} more time within this incident.",
    "Services failed {count} more times within this incident.",
)
ONE_PLACE = "All of this rests on one place, {place}: what does not answer it may answer others."
UNWATCHED = "No place watched its own line: where nothing at all answered one, what it says is left out."
MADE_UP = "The results of these checks are reconstructed, not measured."

# The findings, closed and open: each kind has its phrase.
FINDINGS: dict[str, Pair] = {
    "services_down": (
        "{services} were down {span}; what the routes did meanwhile is not known.",
        "{services} have been down since {begin}; what the routes do meanwhile is not known.",
    ),
    "services_down_routes_up": (
        "The routes were up and services were down, {span}: {services}.",
        "The routes are up and services have been down since {begin}: {services}.",
    ),
    "services_down_routes_down": (
        "Services were down with the routes, {span}: {services}.",
        "Services have been down with the routes since {begin}: {services}.",
    ),
    "services_up_routes_down": (
        "Services answered though the routes were down, {span}: {services}.",
        "Services answer though the routes are down, since {begin}: {services}.",
    ),
    "path_dead_routes_up": (
        "The paths were dead behind steady routes, {span}: no host answered at all, not even to refuse.",
        "The paths are dead behind steady routes since {begin}: no host answers at all, not even to refuse.",
    ),
    "slow_return": (
        "The return was slow: from the first answer to nine tenths of what had answered before took {length}, {span}.",
        "The return is slow: it began at {begin}, and nine tenths of what had answered before are not seen back.",
    ),
    "names_first": (
        "Name servers were back first, at {begin}, {length} before anything else.",
        "Name servers were back first, at {begin}; nothing else was seen back.",
    ),
    "mail_first": (
        "Mail was back first, at {begin}, {length} before anything else.",
        "Mail was back first, at {begin}; nothing else was seen back.",
    ),
    "sites_first": (
        "Sites were back first, at {begin}, {length} before anything else.",
        "Sites were back first, at {begin}; nothing else was seen back.",
    ),
    "place_lost": (
        "The place {place} told nothing that counts {span}: {why}. That says nothing about the country.",
        "The place {place} has told nothing that counts since {begin}: {why}. That says nothing about the country.",
    ),
}
ABROAD = "Their addresses are abroad ({countries})."
WHY_LOST = {"lost": "its own line was down", "unheard": "nothing was heard of it"}
AND = "{first} and {last}"
MORE_PLACES = "{count} more"
RESTS_ON = "Seen from {places}."

# The report.
SECTION = "Services"
TABLE_CAPTION = "What was checked, and what it did while the routes were gone."
TABLE_COLUMNS = ("What", "Stopped answering", "Answering again", "Answers within")
PART = "{target} ({part})"
SIX = "IPv6"
ANSWERED = "answered"
NOT_AGAIN = "not seen"
LATENCY = {
    "both": "{before} ms before, {after} ms after",
    "before": "{before} ms before",
    "after": "{after} ms after",
}
REST: Pair = ("{count} more stands in the data.", "{count} more stand in the data.")
CHECKED_TOO = (
    "Routes and services are two things: an address block counts as reachable while the world's routers know a way to "
    "it; a service answers when somebody asks it. Mobile networks can be shut, and traffic slowed, with every route up."
)

# A country's page.
STATE = {
    "up": "Services answering",
    "partly": "Services partly answering",
    "down": "Services not answering",
    "unknown": "Services: not known",
}
HOW_MANY = "{up} of {count} {service}"
HOW_MANY_SHARE = "{share} of {count} {service}"
HOW_MANY_SOME = "{up} of {count} {service} ({unknown} not known)"
HOW_MANY_NOT_KNOWN = "{count} {service} not known"
