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
