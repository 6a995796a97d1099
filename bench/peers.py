"""The programs that we are measured against: whether they are here, and how they get here.

    python -m bench.peers        # install what is missing and can be had; says what cannot

mrtparse and pybgpkit-parser are the extra `bench` of pyproject.toml. quickrib needs Python 3.12: where there is one, it
gets a virtual environment of its own in build/bench. bgpdump is Debian's. pybgpstream needs libbgpstream.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "bench"
QUICKRIB = CACHE / "quickrib"
QUICKRIB_NEEDS = ("quickrib==0.1.0", "pybgpkit==0.6.2")
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
PATIENCE_S = 180


def python_312() -> str | None:
    """An interpreter of Python 3.12: on the path, or one of pyenv's."""
    found = [
        shutil.which("python3.12"),
        *sorted((Path.home() / ".pyenv" / "versions").glob("3.12*/bin/python")),
    ]
    check = "import sys, venv; sys.exit(sys.version_info[:2] != (3, 12))"
    for python in filter(None, found):
        if not subprocess.run([python, "-c", check], capture_output=True, check=False).returncode:
            return str(python)
    return None


def quickrib_python() -> str | None:
    """The interpreter that has quickrib; None where it was not installed."""
    python = QUICKRIB / "bin" / "python"
    return str(python) if (QUICKRIB / "installed").exists() else None


def missing(name: str) -> str | None:
    """Why a peer cannot be measured; None where it can."""
    if name == "bgpdump":
        return None if shutil.which("bgpdump") else "not installed"
    if name == "quickrib":
        return None if quickrib_python() else "not installed (needs Python 3.12)"
    if importlib.util.find_spec(name):
        return None
    return "not installed (needs libbgpstream)" if name == "pybgpstream" else "not installed"


def versions() -> dict[str, str]:
    """Of each peer that is here."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("mrtparse", "pybgpkit-parser", "pybgpstream", "isal", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if quickrib_python():
        found["quickrib"] = QUICKRIB_NEEDS[0].partition("==")[2]
    if shutil.which("bgpdump"):
        said = subprocess.run(["bgpdump", "-T"], capture_output=True, text=True, check=False)
        words = (said.stdout + said.stderr).split()
        found["bgpdump"] = next((w for w in words if w[0].isdigit() and "." in w), "of Debian")
    return found


def _pip(python: str, wanted: list[str]) -> str | None:
    """Install; why it did not work, or None."""
    try:
        done = subprocess.run(
            [python, *PIP, *wanted], capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return f"not done after {PATIENCE_S} s"
    return None if not done.returncode else (done.stderr.strip().splitlines() or ["pip has failed"])[-1]


def main() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["bench"]
    modules = {"mrtparse": "mrtparse", "pybgpkit-parser": "pybgpkit_parser"}
    wanted = [need for need in extra if not importlib.util.find_spec(modules[re.split("[=>]", need)[0]])]
    if wanted and (why := _pip(sys.executable, wanted)):
        print(f"bench: {' '.join(wanted)}: {why}", file=sys.stderr)
    if not quickrib_python() and (python := python_312()):
        shutil.rmtree(QUICKRIB, ignore_errors=True)
        subprocess.run([python, "-m", "venv", QUICKRIB], check=True)
        if why := _pip(str(QUICKRIB / "bin" / "python"), list(QUICKRIB_NEEDS)):
            print(f"bench: quickrib: {why}", file=sys.stderr)
        else:
            (QUICKRIB / "installed").touch()


if __name__ == "__main__":
    main()
