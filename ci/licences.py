"""Whose licences a default install brings along, and whether they may be passed on with Apache-2.0.

    python ci/licences.py        # a table; exit code 1 where a licence is unknown or does not fit

What is installed here is looked at, by what each package says of itself: its licence expression, else its
`License` line where it is a name, else its classifiers. The libraries that a wheel of others bundles are theirs.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FREE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
    }
)
"""May be passed on in anything, with their notices. `BSD` is what old classifiers say, without its number."""
BY_FILE = frozenset({"MPL-2.0"})
"""May be passed on too; who changes their files must give these away as source."""
OTHER_NAMES = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
LONGEST_NAME = 40
"""Characters; a longer `License` line is the text of a licence."""


@dataclass(frozen=True)
class Licence:
    """What one package says of itself; `fits` is None where that is unknown."""

    package: str
    version: str
    said: str
    fits: bool | None


def dependencies(requirements: Iterable[str]) -> dict[str, importlib.metadata.Distribution]:
    """All that these requirements bring here, by name; the extras that they name with them."""
    found: dict[str, importlib.metadata.Distribution] = {}
    done: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, asked_as = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": asked_as}):
            continue
        name = canonicalize_name(requirement.name)
        found.setdefault(name, importlib.metadata.distribution(name))
        for extra in ("", *requirement.extras):
            if (name, extra) not in done:
                done.add((name, extra))
                waiting += [(Requirement(text), extra) for text in found[name].requires or ()]
    return dict(sorted(found.items()))


def licence(package: str, distribution: importlib.metadata.Distribution) -> Licence:
    """What a package says of its licence, and whether every licence named in that fits."""
    said = distribution.metadata.get("License-Expression") or ""
    names = [name for name in re.split(r"[()\s]+|\b(?:AND|OR)\b", said) if name]
    if not names:
        line = (distribution.metadata.get("License") or "").strip()
        classifiers = distribution.metadata.get_all("Classifier") or []
        names = [line] if line and len(line) <= LONGEST_NAME and "\n" not in line else []
        if not names or OTHER_NAMES.get(names[0], names[0]) not in FREE | BY_FILE:
            own = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
            names = [c for c in own if c != "OSI Approved"] or names
        names = [OTHER_NAMES.get(name, name) for name in names]
        said = ", ".join(names)
    fits = all(name in FREE | BY_FILE for name in names) if names else None
    return Licence(package, distribution.version, said or "not said", fits)


def licences(root: Path = ROOT) -> list[Licence]:
    """Of all that the project's own dependencies bring."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [licence(name, found) for name, found in dependencies(project["dependencies"]).items()]


def main() -> int:
    """Print the table."""
    found = licences()
    width = max(len(f"{one.package} {one.version}") for one in found)
    for one in found:
        verdict = {True: "", False: "  DOES NOT FIT", None: "  UNKNOWN"}[one.fits]
        print(f"{f'{one.package} {one.version}':{width}}  {one.said}{verdict}")
    bad = [one for one in found if not one.fits]
    print(f"{len(found)} packages, {len(bad)} to look at")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
