"""Every template of what channels say around the posts, in one place; `phrases` says how templates are written."""

from __future__ import annotations

from nightside.publish.phrases import Pair

TITLE = {
    "opened": {"total": "{name} is down", "severe": "{name} is severely disrupted"},
    "worsened": {"total": "{name} is now down", "severe": "{name} is severely disrupted"},
    "recovering": {"total": "{name} seems to be coming back", "severe": "{name} seems to be coming back"},
    "restored": {"total": "{name} is back", "severe": "{name} is back"},
    "resolved": {"total": "{name} is back", "severe": "{name} is back"},
    "digest": {"total": "{name} had short outages", "severe": "{name} had short severe outages"},
    "corrected": {
        "total": "Correction: {name} was down",
        "severe": "Correction: {name} was severely disrupted",
    },
    "withdrawn": {"total": "Withdrawn: {name} was not down", "severe": "Withdrawn: {name} was not disrupted"},
}
CORRECTED_OPEN = {
    "total": "Correction: {name} is down",
    "severe": "Correction: {name} is severely disrupted",
}
RECONSTRUCTION = "Reconstruction: {title}"

GROUP: dict[str, Pair] = {
    "opened": ("{count} outage has begun", "{count} outages have begun"),
    "worsened": ("{count} outage has worsened", "{count} outages have worsened"),
    "recovering": ("{count} seems to be coming back", "{count} seem to be coming back"),
    "restored": ("{count} is back", "{count} are back"),
    "resolved": ("{count} is back", "{count} are back"),
    "digest": ("short outages of {count}", "short outages of {count}"),
    "corrected": ("{count} correction", "{count} corrections"),
    "withdrawn": ("{count} outage is withdrawn", "{count} outages are withdrawn"),
}
HELD: Pair = (
    "{count} message was held back in the quiet hours until {end}",
    "{count} messages were held back in the quiet hours until {end}",
)
END = "%H:%M (%Z) on {day} %B %Y"
GROUP_LINE = "{title}, {at}"
AMONG = "{group}: {names}."
AMONG_MORE = "{group}: {names} and {more} more."
TEST_TITLE = "A test of Nightside"
TEST = "A test of the channel {name}, sent at {at}. There is no outage."
