"""Make a release: look whether all is as it has to be, build what is uploaded, look through that.

    python ci/release.py                           # look, build into dist/, say what comes next; nothing leaves
    python ci/release.py --wheels FOLDER           # with the wheels that cibuildwheel made elsewhere
    python ci/release.py --wheels FOLDER --upload  # and upload; only from the tag, only where all of it passed

Needs what `pip install -e '.[release]'` brings. docs/releases.md tells the whole way.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
MOST = 10_000_000
"""Bytes of our own wheel; a promise of docs/releases.md."""
PYTHONS = ("cp311", "cp312", "cp313", "cp314")
MACHINES = {
    "Linux x86-64": r"manylinux_\d+_\d+_x86_64",
    "Linux aarch64": r"manylinux_\d+_\d+_aarch64",
    "macOS x86-64": r"macosx_\d+_\d+_x86_64",
    "macOS arm64": r"macosx_\d+_\d+_arm64",
}
LICENCES = (
    "LICENSE",
    "NOTICE",
    "uplot/LICENSE",
    "htmx/LICENSE",
    "world-atlas/LICENSE",
    "i18n-iso-countries/LICENSE",
)


def git(root: Path, *words: str) -> str:
    """What git answers; empty where it does not know."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def version_of(root: Path) -> str:
    """By pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def wrong_with_tree(root: Path, *, tagged: bool) -> list[str]:
    """What keeps this checkout from being released; `tagged` where the tag must be there."""
    version = version_of(root)
    found = []
    if git(root, "status", "--porcelain"):
        found.append("the checkout has changes that are not committed")
    code = (root / "src" / "nightside" / "__init__.py").read_text(encoding="utf-8")
    if f'__version__ = "{version}"' not in code:
        found.append(f"src/nightside/__init__.py does not say version {version}, as pyproject.toml does")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d))?$", changelog, re.MULTILINE)
    if next(((name, day) for name, day in headings if name != "Unreleased"), ("", ""))[0] != version:
        found.append(f"the newest release in CHANGELOG.md is not {version}")
    elif not dict(headings)[version]:
        found.append(f"CHANGELOG.md does not say the day of {version}: ## [{version}] - YYYY-MM-DD")
    recorded, newest = (root / "tests" / "released" / f"{name}.json" for name in (version, "next"))
    if not recorded.exists() or recorded.read_bytes() != newest.read_bytes():
        found.append(f"the shapes of {version} are not recorded: python -m tools.record_shapes {version}")
    tag, head = git(root, "rev-list", "-n1", f"v{version}"), git(root, "rev-parse", "HEAD")
    if tag and tag != head:
        found.append(f"the tag v{version} is another commit than this one")
    elif tagged and not tag:
        found.append(f"there is no tag v{version}")
    return found


def wrong_with_wheel(wheel: Path) -> list[str]:
    """What a wheel lacks, or has and should not."""
    found = []
    if wheel.stat().st_size > MOST:
        found.append(f"{wheel.stat().st_size:,} bytes, more than {MOST:,}")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    found += [
        f"without the licence {name}" for name in LICENCES if not any(n.endswith(f"/{name}") for n in names)
    ]
    ours = ("nightside/", f"{wheel.name.rsplit('-', 3)[0]}.dist-info/")
    strange = [name for name in names if name.endswith((".c", ".pyx", ".o")) or not name.startswith(ours)]
    found += [f"{name} does not belong there" for name in strange]
    compiled = {n.split(".")[0] for n in names if n.endswith(".so")}
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {module["name"].replace(".", "/") for module in config["tool"]["setuptools"]["ext-modules"]}
    found += [f"without {name}, compiled" for name in sorted(asked - compiled)]
    return [f"{wheel.name}: {one}" for one in found]


def missing_wheels(wheels: Iterable[Path]) -> list[str]:
    """Which of the promised wheels are not among these."""
    tags = {
        (tag.interpreter, tag.platform) for wheel in wheels for tag in parse_wheel_filename(wheel.name)[3]
    }
    return [
        f"no wheel for {python} on {machine}"
        for python in PYTHONS
        for machine, pattern in MACHINES.items()
        if not any(python == one and re.fullmatch(pattern, platform) for one, platform in tags)
    ]


def run(*words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run one step in the open; its failure is the end."""
    print("==", *words, flush=True)
    code = subprocess.run([*map(str, words)], cwd=cwd, env=env, check=False).returncode
    if code:
        sys.exit(code)


def built(into: Path) -> tuple[Path, Path]:
    """The source distribution, and this machine's wheel, compiled from it and nothing else.

    The times within are the commit's: the same commit gives the same wheel, with the same compiler.
    """
    shutil.rmtree(into, ignore_errors=True)
    env = os.environ | {"SOURCE_DATE_EPOCH": git(ROOT, "log", "-1", "--format=%ct")}
    run(sys.executable, "-m", "build", "--outdir", into, ROOT, env=env)
    (source,), (wheel,) = into.glob("*.tar.gz"), into.glob("*.whl")
    if sys.platform == "linux":
        # Which systems it runs on is found in what it links to.
        whole = os.environ | {"PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}
        run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", into, wheel, env=whole)
        wheel.unlink()
        (wheel,) = into.glob("*.whl")
    return source, wheel


def tried(wheel: Path) -> None:
    """Install this machine's wheel as a user does, from the package index, without a compiler; run the demo."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / "bin"
        bare = {
            name: value for name, value in os.environ.items() if not name.startswith(("NIGHTSIDE", "PYTHON"))
        }
        env = bare | {"PATH": str(programs), "CC": "/bin/false"}
        away = Path(folder)
        run(
            programs / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary=:all:",
            wheel,
            cwd=away,
            env=env,
        )
        run(programs / "python", ROOT / "ci" / "demo_told.py", cwd=away, env=env)


def main() -> int:
    """All of it, in order; 1 where something is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="what cibuildwheel made, of every machine"
    )
    parser.add_argument(
        "--upload", action="store_true", help="upload to the package index when all has passed"
    )
    asked = parser.parse_args()
    version = version_of(ROOT)
    wrong = wrong_with_tree(ROOT, tagged=asked.upload)
    if wrong:
        print(f"{version} cannot be released:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    source, own = built(ROOT / "dist")
    wheels = sorted(asked.wheels.glob("*.whl")) if asked.wheels else [own]
    run(sys.executable, "-m", "twine", "check", "--strict", source, *wheels)
    wrong = [one for wheel in wheels for one in wrong_with_wheel(wheel)]
    wrong += [
        f"{wheel.name} is not version {version}" for wheel in wheels if f"-{version}-" not in wheel.name
    ]
    if asked.wheels or asked.upload:
        wrong += missing_wheels(wheels)
    if wrong:
        print(f"{version} cannot be released:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    tried(own)
    for file in (source, *wheels):
        print(f"{file.stat().st_size:>11,}  {file}")
    if asked.upload:
        run(sys.executable, "-m", "twine", "upload", source, *wheels)
        print(f"{version} is out. Next: git push origin v{version}")
        return 0
    print(
        f"Nothing was uploaded. Next, unless done: git tag -s v{version}; cibuildwheel on each kind of machine;"
    )
    print("python ci/release.py --wheels FOLDER, and the same with --upload")
    return 0


if __name__ == "__main__":
    sys.exit(main())
