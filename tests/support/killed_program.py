"""A program that is killed while it is at work, and all that it said until then."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence

WAIT_S = 60


def killed(words: Sequence[str], after_s: float) -> str:
    """Start this, kill it so long after its first line, and give what it wrote to standard output."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        # Unbuffered: what is read ahead here would be missing in what is read afterwards.
        said = b""
        while b"\n" not in said:
            some = program.stdout.read(1)
            assert some, program.stderr.read()
            said += some
        time.sleep(after_s)
        program.send_signal(signal.SIGKILL)
        rest, errors = program.communicate(timeout=WAIT_S)
        assert (program.returncode, errors) == (-signal.SIGKILL, b"")
    return (said + rest).decode()
