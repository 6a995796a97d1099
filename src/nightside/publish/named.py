"""An incident with its country named in the reader's language. What is stored and sent has the English name."""

from __future__ import annotations

from nightside.publish.reading import Json
from nightside.world.languages import ENGLISH
from nightside.world.names import country_codes, country_name


def named_in(incident: Json, language: str) -> Json:
    """The incident (or one in short) with the name of its country in the language; one of an AS stays as it is."""
    entity = incident["entity"]
    if language == ENGLISH or entity["type"] != "country" or entity["code"] not in country_codes():
        return incident
    return {**incident, "entity": {**entity, "name": country_name(entity["code"], language)}}
