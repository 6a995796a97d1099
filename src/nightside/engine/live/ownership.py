"""Whose a file or folder is: what is loaded from it may run as us, so nobody else may have written it."""

from __future__ import annotations

import os
import stat

OTHERS = stat.S_IWGRP | stat.S_IWOTH


def why_not_ours(found: os.stat_result) -> str | None:
    """Why others than this user and root may have written it; None where they may not."""
    if found.st_uid not in (0, os.geteuid()):
        return f"it belongs to another user (uid {found.st_uid})"
    if found.st_mode & OTHERS:
        return f"others than its owner may write it (mode {stat.S_IMODE(found.st_mode):04o})"
    return None


def for_us_alone(path: str, flags: int) -> int:
    """As `opener` of `open`: what is made so, nobody else reads or writes."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
