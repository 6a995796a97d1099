"""One message that says that it is a test, sent to a channel at once, past its rules and whatever waits."""

from __future__ import annotations

from nightside.engine.channels.senders import Answer, sender_for
from nightside.model.channel import Channel
from nightside.model.instants import iso
from nightside.publish.channels import alerts, bodies, words

TEST_LASTS_S = 60


async def try_channel(channel: Channel, now: int) -> Answer:
    """What became of it."""
    text, key = words.for_test(channel.name, now), f"test/{channel.name}/{now}"
    test = alerts.alert_of_test(channel.name, iso(now), text)
    if channel.kind == "apprise":
        body = words.said("" if channel.short else words.TEST_TITLE, text)
    elif channel.kind == "alertmanager":
        body = alerts.for_api([test], now, TEST_LASTS_S)
    elif channel.kind == "alertmanager-webhook":
        body = alerts.for_webhook([test], channel.name, channel.base_url)
    else:
        body = bodies.for_test(channel.name, key, iso(now), text)
    async with sender_for(channel) as sender:
        return await sender.send(key, body)
