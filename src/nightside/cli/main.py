"""The command line's door: finds the command, and turns errors into one message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from nightside.model.errors import NightsideError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run the command line; exit 0, 1, 2 or 3 as the contract says (`nightside.model.errors`)."""
    # SIGPIPE stays ignored, as Python has it: the far end of a connection that has gone must not end this program.
    # A reader of standard output that has gone (head, less) does: it ends quietly then, with exit 1.
    try:
        if not _plain_elements(sys.argv[1:]):
            from nightside.cli.commands import app

            app()
    except NightsideError as error:
        print(f"nightside: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("nightside: interrupted", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = "" if error.filename is None else f"{error.filename}: "  # of standard output none is known
        print(
            f"nightside: {where}cannot write: {error.strerror}\nMake room, then run it again.",
            file=sys.stderr,
        )
        _forget_output()
        sys.exit(1)


def _plain_elements(words: list[str]) -> bool:
    """Run `elements [--summary] FILE...` at once, and tell whether that was asked for.

    A file of a few hundred kilobytes is decoded in less time than it takes to import what reads all other options.
    """
    files = [word for word in words[1:] if word != "--summary"]
    if words[:1] != ["elements"] or not files or any(file.startswith("-") for file in files):
        return False
    if "_NIGHTSIDE_COMPLETE" in os.environ:  # a shell asks for the words that may follow
        return False
    from nightside.cli.element_reading import print_elements

    try:
        print_elements([Path(file) for file in files], summary=len(files) < len(words) - 1)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        sys.exit(1)
    return True


def _forget_output() -> None:
    """What Python still holds of standard output goes nowhere, and nothing is said of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
