"""Builds of the compiled modules that tell of wrong reads, and of what has been reached. Each in its own folder.

| build | compiler | what it does |
|---|---|---|
| `plain` | as installed | nothing more |
| `sanitized` | gcc | address sanitizer, undefined behaviour sanitizer |
| `guided` | clang | coverage for libFuzzer, undefined behaviour sanitizer |
| `guided-sanitized` | clang | coverage for libFuzzer, address sanitizer |
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "fuzz"
BUILDS = ("plain", "sanitized", "guided", "guided-sanitized")
# What Cython writes adds nothing to null pointers; that one kind of undefined behaviour is let be.
_UNDEFINED = "-fsanitize=undefined -fno-sanitize-recover=undefined -fno-sanitize=pointer-overflow"
_FLAGS = {
    "sanitized": f"-O1 -fno-omit-frame-pointer -fsanitize=address {_UNDEFINED}",
    "guided": f"-O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link {_UNDEFINED}",
    "guided-sanitized": "-O1 -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link",
}
_LEFT_OUT = ("changes", "cover", "visibility", "votes", "loss_count")
"""Compiled modules that no entrance reaches: they cost half of a build's time."""
_COPIED = ("*.py", "*.pyx", "*.pxd", "*.pyi", "*.json", "*.toml", "*.txt", "*.md", "*.gz", "*.csv")


class BuildError(Exception):
    """A build that is not to be had here; the text says what is missing."""


def is_guided(build: str) -> bool:
    """Whether libFuzzer is told of what a build reaches."""
    return build.startswith("guided")


def _compiler(build: str) -> str:
    name = "clang" if is_guided(build) else "gcc"
    if shutil.which(name) is None:
        raise BuildError(f"the build `{build}` needs {name}: on Debian, apt-get install {name}")
    if is_guided(build) and find_spec("atheris") is None:
        raise BuildError(f"the build `{build}` needs atheris: pip install -e '.[fuzz]'")
    return name


def _preloaded(build: str) -> str:
    """The library that must be loaded before Python."""
    if build == "sanitized":
        asked = ["gcc", "-print-file-name=libasan.so"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    spec = find_spec("atheris")
    assert spec is not None
    assert spec.origin is not None
    name = "asan_with_fuzzer.so" if build == "guided-sanitized" else "ubsan_with_fuzzer.so"
    return str(Path(spec.origin).parent.parent / name)


def environment(build: str) -> dict[str, str]:
    """The environment in which a Python process uses a build. Its `PYTHONPATH` names the build, then this folder."""
    found = dict(os.environ)
    source = ROOT / "src" if build == "plain" else WORK / build / "src"
    found["PYTHONPATH"] = os.pathsep.join((str(source), str(ROOT)))
    found["PYTHONHASHSEED"] = "0"
    if build != "plain":
        found["PYTHONMALLOC"] = "malloc"
        found["LD_PRELOAD"] = _preloaded(build)
        # A length field that makes for more than this is a finding.
        found["ASAN_OPTIONS"] = (
            "detect_leaks=0:abort_on_error=1:max_allocation_size_mb=256:quarantine_size_mb=32"
        )
        found["UBSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:print_stacktrace=1"
    return found


def make(build: str) -> None:
    """Build what has changed. Raises BuildError where a tool is missing or the compiler fails."""
    if build == "plain":
        return
    compiler = _compiler(build)
    to = WORK / build
    for name in ("setup.py", "README.md", "LICENSE", "NOTICE"):
        _copy(ROOT / name, to / name)
    parts = (ROOT / "pyproject.toml").read_text().split("\n[[tool.setuptools.ext-modules]]\n")
    parts = [
        part for part in parts if not part.split('"')[1].endswith(tuple("." + name for name in _LEFT_OUT))
    ]
    (to / "pyproject.toml").write_text("\n[[tool.setuptools.ext-modules]]\n".join(parts))
    kept = set()
    for pattern in _COPIED:
        for source in (ROOT / "src" / "nightside").rglob(pattern):
            target = to / source.relative_to(ROOT)
            kept.add(target)
            _copy(source, target)
    for old in (to / "src").rglob("*.p*"):
        if old.suffix in (".py", ".pyx", ".pxd") and old not in kept:
            old.unlink()
    log = WORK / f"{build}.build.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
            cwd=to,
            env=dict(os.environ)
            | {"CC": compiler, "LDSHARED": f"{compiler} -shared", "CFLAGS": _FLAGS[build]},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise BuildError(f"the build `{build}` fails; {log} tells why")


def _copy(source: Path, target: Path) -> None:
    """Copy a file that is another than its copy; its time goes with it."""
    told = source.stat()
    if (
        target.exists()
        and target.stat().st_mtime_ns == told.st_mtime_ns
        and target.stat().st_size == told.st_size
    ):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
