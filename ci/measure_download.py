"""What `pip install nightside` brings over the line: the wheels of all that it stands on, in bytes.

    python ci/measure_download.py [--python 3.13] [--platform linux-aarch64]

Downloads them all into a folder of its own (some 130 MB), and fails where they come to more than 200 MB, or where
one of them is to be had as source only: then an installation needs a compiler. docs/releases.md has the figures.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 200_000_000
"""Bytes; a promise of docs/releases.md."""
GLIBC = (28, 27, 26, 24, 17, 12, 5)
"""Minor versions that wheels for Linux are made for; an installation with the first takes all of these."""
OLD = ("manylinux2014", "manylinux2010", "manylinux1")
PLATFORMS = {
    f"linux-{machine}": [f"{name}_{machine}" for name in (*(f"manylinux_2_{n}" for n in GLIBC), *OLD)]
    for machine in ("x86_64", "aarch64")
} | {"macos-arm64": ["macosx_14_0_arm64"], "macos-x86_64": ["macosx_13_0_x86_64"]}


def requirements(root: Path = ROOT) -> list[str]:
    """What the default install asks for."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted: list[str] = project["dependencies"]
    return wanted


def main() -> int:
    """Download, add up, print the largest; 1 where it is too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", help="such as 3.13; unless given, this one")
    parser.add_argument("--platform", choices=sorted(PLATFORMS), help="unless given, this machine")
    asked = parser.parse_args()
    words = [f"--python-version={asked.python}"] if asked.python else []
    words += [f"--platform={tag}" for tag in PLATFORMS.get(asked.platform, ())]
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--only-binary=:all:", f"--dest={folder}", *words, *requirements()], check=False
        )
        if done.returncode:
            return 1
        sizes = sorted(((file.stat().st_size, file.name) for file in Path(folder).iterdir()), reverse=True)
    for size, name in sizes[:8]:
        print(f"{size:>12,}  {name}")
    total = sum(size for size, _ in sizes)
    print(f"{total:>12,}  bytes in {len(sizes)} wheels; at most {MOST:,} are promised")
    return 1 if total > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
