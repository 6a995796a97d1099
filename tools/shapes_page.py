"""Write docs/shapes.md: every key of every shape, with its types and what it means.

    python -m tools.shapes_page

What a key means stands in its schema; what many schemas have in common, in `shape_words.toml` beside this file: by the
end of its place (`name`, `operators.name`), with the shape before it where that is needed (`evaluation-1:by`). The
longest that fits counts. A test fails where a key has no words.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.record_shapes import ROOT, SCHEMAS, Key, shapes_of

PAGE = ROOT / "docs" / "shapes.md"
WORDS = Path(__file__).with_name("shape_words.toml")
HEAD = """# Shapes

<!-- made by tools/shapes_page.py of the schemas: change these, or tools/shape_words.toml -->

Every shape that commands print, that the API gives and takes, and that is stored, key by key. Each object says its \
shape in `schema`. Every key is always there unless it is *optional* here; what is not known is null, or an empty \
list. Times are ISO 8601 with Z, shares are fractions of one, lengths are seconds where the name ends in `_s`.

The same as JSON Schemas, for programs: `src/nightside/model/schemas`. What later versions may change: \
[releases](releases.md#shapes).
"""


def page_text() -> str:
    """The page. Raises ValueError, naming them, where keys have no words."""
    missing: list[str] = []
    parts = [HEAD]
    shapes = shapes_of()
    parts.append("\n".join(f"- [`{said_as(name)}`](#{anchor(name)})" for name in shapes) + "\n")
    for name, shape in shapes.items():
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        about = schema.get("description") or schema["title"]
        parts.append(f"## `{said_as(name)}`\n\n{about}\n")
        parts.append(
            "| key | types | what it is |\n|---|---|---|\n"
            + "\n".join(_rows(name, schema, shape, missing))
            + "\n"
        )
    if missing:
        raise ValueError(f"no words for: {', '.join(missing)}")
    return "\n".join(parts)


def said_as(name: str) -> str:
    """`nightside.incident/1` of incident-1."""
    shape, _, version = name.rpartition("-")
    return f"nightside.{shape}/{version}"


def anchor(name: str) -> str:
    """Of its heading."""
    return said_as(name).replace(".", "").replace("/", "")


def _rows(
    name: str, schema: Mapping[str, Any], shape: Mapping[str, Key], missing: list[str]
) -> Iterator[str]:
    (own, referred), words = _described(schema), tomllib.loads(WORDS.read_text(encoding="utf-8"))
    for place, key in shape.items():
        if place == "" or place.endswith("]"):
            continue
        said = own.get(place) or _common(name, place, words) or referred.get(place)
        if said is None:
            missing.append(f"{name}: {place}")
            continue
        yield f"| `{place}` | {_types(place, key, shape)} | {said.replace('|', chr(92) + '|')} |"


def _common(name: str, place: str, words: Mapping[str, str]) -> str | None:
    """The words for the longest end of the place; those of this shape first."""
    parts = re.sub(r"\[\d*\]", "", place).split(".")
    ends = [".".join(parts[n:]) for n in range(len(parts))]
    return next((words[key] for key in [*(f"{name}:{end}" for end in ends), *ends] if key in words), None)


def _types(place: str, key: Key, shape: Mapping[str, Key]) -> str:
    """In words: a list names what it is of."""
    kinds = sorted(key.types - {"null"})
    items = shape.get(f"{place}[]")
    if "array" in kinds and items is not None:
        kinds = [f"list of {'/'.join(sorted(items.types))}" if k == "array" else k for k in kinds]
    said = " or ".join(
        ["list" if kind == "array" else kind for kind in kinds] + ["null"] * ("null" in key.types)
    )
    enum = key.words or (items.words if items is not None else frozenset())
    said += f": {', '.join(f'`{word}`' for word in sorted(enum))}" if enum else ""
    return said + (", *optional*" if key.optional else "")


def _described(schema: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What the schema says of each place; and what it says of the definition that a place refers to."""
    own: dict[str, str] = {}
    referred: dict[str, str] = {}

    def walk(place: str, part: Any, above: tuple[str, ...], found: dict[str, str]) -> None:
        if not isinstance(part, Mapping):
            return
        if "description" in part and place:
            found.setdefault(place, part["description"])
        reference = part.get("$ref", "")
        if reference.startswith("#/$defs/") and reference not in above:
            definition = schema["$defs"][reference.removeprefix("#/$defs/")]
            if "description" in definition:
                referred.setdefault(place, definition["description"])
            plain = {word: value for word, value in definition.items() if word != "description"}
            walk(place, plain, (*above, reference), found)
        for one in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
            walk(place, one, above, found)
        for name, below in part.get("properties", {}).items():
            walk(f"{place}.{name}".lstrip("."), below, above, found)
        for below in (part.get("additionalProperties"), *part.get("patternProperties", {}).values()):
            walk(f"{place}.*".lstrip("."), below, above, found)
        walk(f"{place}[]", part.get("items"), above, found)

    walk("", schema, (), own)
    # A list whose items alone are described is described by them.
    for found in (own, referred):
        for place in [place for place in found if place.endswith("[]")]:
            found.setdefault(place.removesuffix("[]"), f"Each: {found[place]}")
    return own, referred


if __name__ == "__main__":
    try:
        PAGE.write_text(page_text(), encoding="utf-8")
    except ValueError as error:
        sys.exit(str(error))
