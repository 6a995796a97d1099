"""What the JSON Schemas promise, key by key, held against the records of what was released.

    python -m tools.record_shapes            # write tests/released/next.json anew
    python -m tools.record_shapes 0.2.0      # for a release: 0.2.0.json too

A record names, for each shape, every key with its types, whether it is always there, and the words it may be.
`docs/releases.md` says what may change. A record of a release is never written again. `next.json` is what the
next release will promise: a break of it is written only where CHANGELOG.md names the shape below [Unreleased].
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "src" / "nightside" / "model" / "schemas"
RELEASED = ROOT / "tests" / "released"
NEXT = RELEASED / "next.json"
TAKEN = frozenset({"acknowledging-1", "check-1", "report-1"})
"""Shapes that others write and we read: there a new key may not be one that must be given."""
OBJECT_WORDS = ("properties", "required", "additionalProperties", "patternProperties")


@dataclass(frozen=True)
class Key:
    """What is promised of one place in a shape; `words` are the values of an enumeration."""

    types: frozenset[str]
    optional: bool
    words: frozenset[str]

    def __str__(self) -> str:
        said = "|".join(sorted(self.types)) + (", optional" if self.optional else "")
        return f"{said}: {' '.join(sorted(self.words))}" if self.words else said

    @classmethod
    def parse(cls, text: str) -> Key:
        """The reverse of `str`."""
        said, _, words = text.partition(": ")
        types, _, optional = said.partition(", ")
        return cls(frozenset(types.split("|")), optional == "optional", frozenset(words.split()))


Shape = dict[str, Key]
"""By place: `episodes[].onset`; `share.lowest`; `details.*` for keys that are names; `range[0]` for pairs."""


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return {str: "string", int: "integer", float: "number", list: "array", dict: "object"}[type(value)]


def _alternatives(
    schema: Json, root: Json, seen: tuple[str, ...] = ()
) -> Iterable[tuple[Json, tuple[str, ...]]]:
    """The plain schemas that this one may be: references followed, anyOf and oneOf taken apart, allOf put together."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        if reference in seen:
            yield {"type": f"again {reference.removeprefix('#/$defs/')}"}, seen
            return
        yield from _alternatives(root["$defs"][reference.removeprefix("#/$defs/")], root, (*seen, reference))
        return
    if isinstance(reference, str):
        # Another shape, which has a record of its own.
        yield {"type": reference.removeprefix("urn:nightside:schema:").replace(":", "-")}, seen
        return
    chosen = schema.get("anyOf") or schema.get("oneOf")
    # Beside properties of its own, alternatives say only what goes together.
    if chosen and "properties" not in schema:
        for one in chosen:
            yield from _alternatives(one, root, seen)
        return
    if "allOf" in schema:
        merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
        for part in schema["allOf"]:
            for plain, _ in _alternatives(part, root, seen):
                for word, value in plain.items():
                    if word == "properties":
                        merged[word] = {**merged.get(word, {}), **value}
                    elif word == "required":
                        merged[word] = [*merged.get(word, []), *value]
                    else:
                        merged.setdefault(word, value)
        yield merged, seen
        return
    yield schema, seen


def _types(plain: Json) -> Iterable[str]:
    if "type" in plain:
        said = plain["type"]
        yield from [said] if isinstance(said, str) else said
    elif "const" in plain:
        yield _type_of(plain["const"])
    elif "enum" in plain:
        yield from map(_type_of, plain["enum"])
    elif any(word in plain for word in OBJECT_WORDS):
        yield "object"
    else:
        yield "any"


def shape_of(schema: Json) -> Shape:
    """Every place of a schema."""
    shape: Shape = {}

    def walk(place: str, part: Json, optional: bool, above: tuple[str, ...]) -> None:
        every = list(_alternatives(part, schema, above))
        words = [w for plain, _ in every for w in plain.get("enum", ()) if isinstance(w, str)]
        key = Key(frozenset(t for plain, _ in every for t in _types(plain)), optional, frozenset(words))
        if place in shape:
            other = shape[place]
            key = Key(key.types | other.types, key.optional or other.optional, key.words | other.words)
        shape[place] = key
        objects = [(plain, seen) for plain, seen in every if any(word in plain for word in OBJECT_WORDS)]
        for plain, seen in objects:
            for name, below in plain.get("properties", {}).items():
                # What only some of the alternatives have is not always there.
                always = all(name in other.get("required", ()) for other, _ in objects)
                walk(f"{place}.{name}".lstrip("."), below, not always, seen)
            named = [plain.get("additionalProperties"), *plain.get("patternProperties", {}).values()]
            for below in named:
                if isinstance(below, dict):
                    walk(f"{place}.*".lstrip("."), below, True, seen)
        for plain, seen in every:
            if isinstance(plain.get("items"), dict):
                walk(f"{place}[]", plain["items"], False, seen)
            for n, below in enumerate(plain.get("prefixItems", ())):
                walk(f"{place}[{n}]", below, False, seen)

    walk("", schema, False, ())
    return shape


def shapes_of(folder: Path = SCHEMAS) -> dict[str, Shape]:
    """Every shape of the project, by the name of its file."""
    return {
        path.stem: shape_of(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.json"))
    }


def recorded(path: Path) -> dict[str, Shape]:
    """A record as it was written."""
    said = json.loads(path.read_text(encoding="utf-8"))
    return {name: {place: Key.parse(text) for place, text in shape.items()} for name, shape in said.items()}


def written(shapes: Mapping[str, Shape]) -> str:
    """The text of a record."""
    said = {name: {place: str(key) for place, key in sorted(shape.items())} for name, shape in shapes.items()}
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def breaks(before: Mapping[str, Shape], now: Mapping[str, Shape]) -> dict[str, list[str]]:
    """By shape, what a program that was written for `before` would stumble over."""
    found: dict[str, list[str]] = {}
    for name, shape in before.items():
        told = found.setdefault(name, [])
        if name not in now:
            told.append("the shape is gone")
            continue
        for place, key in shape.items():
            new = now[name].get(place)
            if new is None:
                told.append(f"{place}: gone")
                continue
            if new.types != key.types:
                told.append(f"{place}: was {'|'.join(sorted(key.types))}, is {'|'.join(sorted(new.types))}")
            if new.optional and not key.optional:
                told.append(f"{place}: was always there, is optional")
            if name in TAKEN and key.optional and not new.optional:
                told.append(f"{place}: could be left out, must be given")
            if key.words - new.words and key.words:
                told.append(f"{place}: no longer says {', '.join(sorted(key.words - new.words))}")
        if name in TAKEN:
            told += [
                f"{place}: new, and must be given"
                for place, key in now[name].items()
                if place not in shape
                and not key.optional
                and not place.endswith("]")
                # Below something new that may itself be left out, nothing is asked of who leaves it out.
                and not any(up not in shape for up in _above(place))
            ]
    return {name: told for name, told in found.items() if told}


def _above(place: str) -> Iterable[str]:
    parts = re.split(r"(?=\.|\[)", place)
    for n in range(1, len(parts)):
        yield "".join(parts[:n])


def told_of(changelog: str, shape: str) -> bool:
    """Whether the section [Unreleased] names this shape (`nightside.incident/1` for incident-1)."""
    section = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    name, _, version = shape.rpartition("-")
    return section is not None and re.search(rf"\bnightside\.{name}/{version}\b", section[1]) is not None


def main() -> int:
    """Write the record; 1 where a break keeps it from being written."""
    now = shapes_of()
    promised = {path.name: breaks(recorded(path), now) for path in sorted(RELEASED.glob("[0-9]*.json"))}
    broken = [
        f"{record}: {name}: {one}"
        for record, f in promised.items()
        for name, told in f.items()
        for one in told
    ]
    if broken:
        sys.exit("\n".join(["Released shapes are kept: give the changed one a new number.", *broken]))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    since = breaks(recorded(NEXT), now) if NEXT.exists() else {}
    silent = [
        f"{name}: {one}" for name, told in since.items() if not told_of(changelog, name) for one in told
    ]
    if silent:
        sys.exit("\n".join(["CHANGELOG.md, [Unreleased], names none of these shapes.", *silent]))
    for name in ("next", *sys.argv[1:]):
        (RELEASED / f"{name}.json").write_text(written(now), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
