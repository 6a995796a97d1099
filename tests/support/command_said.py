"""Commands called within this process, through the door that everybody uses."""

from __future__ import annotations

import sys

import pytest


def command_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str, str]:
    """What `nightside` with these words ended with, and said on standard output and on standard error."""
    from nightside.cli.main import main

    monkeypatch.setattr(sys, "argv", ["nightside", *map(str, words)])
    capsys.readouterr()
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    said = capsys.readouterr()
    return code, said.out, said.err
