"""Which program this is: what must be the same wherever jobs of one run are done."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nightside

LIBRARIES = ("numpy", "pyarrow", "distributed")
"""Pickles, the bytes of Parquet files, and what is said on the wire depend on these."""
SOURCES = frozenset((".py", ".pyx", ".pxd", ".json", ".toml", ".npz"))
"""What of ours results depend on. No compiled code: it differs between machines that were given the same source."""


@cache
def program() -> dict[str, str]:
    """What the program is made of, by name, with its version; as it was when this process first asked."""
    told = {
        "nightside": f"{nightside.__version__} ({digest()[:8]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
    for library in LIBRARIES:
        try:
            told[library] = version(library)
        except PackageNotFoundError:
            told[library] = "missing"
    return told


def difference(theirs: dict[str, str]) -> str:
    """What of another program is not as it is here: `nightside 0.1.0 (5f0c…), here 0.1.0 (77aa…)`; empty: nothing."""
    ours = program()
    return ", ".join(
        f"{name} {theirs.get(name, 'missing')}, here {ours[name]}"
        for name in ours
        if theirs.get(name) != ours[name]
    )


@cache
def digest() -> str:
    """SHA-256 over the names and contents of our files, so that a changed checkout is seen."""
    root = Path(nightside.__file__).parent
    files = (path for path in root.rglob("*") if path.suffix in SOURCES and path.is_file())
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
