"""Preloaded by workers: their program is the one that the tests began with, though the checkout is edited meanwhile."""

from __future__ import annotations

import os

from nightside.engine.executors import program

program.digest = lambda: os.environ["TESTED_DIGEST"]
