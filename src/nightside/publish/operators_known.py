"""What sources say of an incident's operators: claims, each with its source, apart from what was seen."""

from __future__ import annotations

from datetime import UTC, datetime

from nightside.model.instants import parse_iso
from nightside.publish import report_phrases as words
from nightside.publish.headlines import as_name
from nightside.publish.reading import Json
from nightside.world.names import as_name as known_name
from nightside.world.operators import operator_card


def known_of_operators(incident: Json) -> list[str]:
    """A sentence for each card and for each upstream that is known for those days and in no route of the incident.

    Empty where nothing is known of any operator.
    """
    day = datetime.fromtimestamp(parse_iso(incident["began"]), UTC).date()
    seen = {u["asn"] for u in incident["upstreams"] if u["before"] or u["during"] or u["after"]}
    told = []
    for operator in incident["operators"]:
        card = operator_card(operator["asn"])
        if card is None:
            continue
        mine = as_name(operator["asn"], operator["name"])
        source = {"source": card.source, "date": card.date.isoformat()}
        told.append(
            (words.OPERATOR_CARD if card.owners else words.OPERATOR_CARD_NO_OWNERS).format(
                operator=mine, role=card.role, owners=" and ".join(card.owners), **source
            )
        )
        told += [
            words.KNOWN_NOT_SEEN.format(
                upstream=as_name(known.asn, known_name(known.asn)),
                operator=mine,
                says=known.says,
                source=known.source,
                date=known.date.isoformat(),
            )
            for known in card.known_upstreams(day)
            # Where no way was seen at all, nothing is said of ways that were not.
            if seen and known.asn not in seen
        ]
    return told
