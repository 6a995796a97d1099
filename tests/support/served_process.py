"""`nightside serve` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nightside_serve(store: Path, *words: str) -> Iterator[str]:
    """The address (`http://127.0.0.1:12345/`) of a server over this store, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nightside", "serve", "--store", str(store), "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, "it did not start"
        yield address
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
