"""Guided by coverage: libFuzzer, by way of atheris, chooses what to change; records are its material.

    python -m fuzz.guided --way NAME --build NAME [what libFuzzer takes]...

The first byte of an input chooses the entrance. A broken rule is kept, and the search goes on; what ends the process
(a crash, a sanitizer's word, a hang) is libFuzzer's to keep.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["nightside.sources"]):
    from nightside.sources import local, packing, ripestat, ripestat_mrt, ris_frames  # noqa: F401

from fuzz import bmp, inputs, mrt
from fuzz.entrances import ENTRANCES
from fuzz.fields import Group, content_of, mutate
from fuzz.findings import Findings
from fuzz.limits import Limits

NAMES = list(ENTRANCES)


def with_entrance(name: str, content: bytes) -> bytes:
    """The input that takes the content to this entrance."""
    return bytes([NAMES.index(name)]) + content


def entrance_and_content(data: bytes) -> tuple[str, bytes]:
    """The other way round; any byte chooses one."""
    return NAMES[data[0] % len(NAMES)], data[1:]


def _split(name: str, content: bytes) -> list[bytes]:
    """Records of a file, or messages of a router, as far as their lengths lead."""
    parts, at = [], 0
    head, begin, least = (6, 1, 0) if name == "bmp" else (12, 8, 12)
    while len(content) - at >= head:
        size = least + int.from_bytes(content[at + begin : at + begin + 4], "big")
        if size < head or size > len(content) - at:
            break
        parts.append(content[at : at + size])
        at += size
    return [*parts, content[at:]]


def _another(random_: random.Random, name: str) -> bytes:
    """One record or message, sound or with a field that is wrong."""
    tree: Group = bmp.any_message(random_) if name == "bmp" else random_.choice(mrt.KINDS)(random_)
    mutate(random_, tree, [tree], random_.choice([0, 0, 1, 2]))
    return content_of(tree)


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Another input: with a record more, less or in another place; made anew; or as libFuzzer does it."""
    random_ = random.Random(seed)
    if not data:
        data = b"\0"
    name, content = entrance_and_content(data)
    what = random_.random()
    if what < 0.1:
        name = random_.choice(NAMES)
        return with_entrance(name, inputs.made(name, seed, 0))[:most]
    if what < 0.5 and name in ("mrt", "state", "bmp"):
        parts = _split(name, content)
        at = random_.randrange(len(parts))
        step = random_.random()
        if step < 0.4:
            parts.insert(at, _another(random_, name))
        elif step < 0.6:
            parts[at] = _another(random_, name)
        elif step < 0.75:
            parts.insert(at, random_.choice(parts))
        elif step < 0.9:
            del parts[at]
        else:
            random_.shuffle(parts)
        return with_entrance(name, b"".join(parts))[:most]
    changed: bytes = atheris.Mutate(content, most - 1)
    return with_entrance(name, changed)[:most]


def main() -> int:
    """Hand over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description="guided by coverage")
    parser.add_argument("--way", default="guided")
    parser.add_argument("--build", default="guided")
    parser.add_argument("--told", type=Path, help="the file that is told of findings")
    asked, rest = parser.parse_known_args()
    findings, limits = Findings(asked.way, asked.build), Limits()

    def one(data: bytes) -> None:
        if not data:
            return
        name, content = entrance_and_content(data)
        try:
            limits.enter(name, content)
        except Exception:
            findings.add(name, content, traceback.format_exc())
            if asked.told:
                asked.told.write_text(json.dumps(findings.counts))

    atheris.Setup([sys.argv[0], *rest], one, custom_mutator=mutated)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
