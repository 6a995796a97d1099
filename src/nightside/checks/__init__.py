"""Checks: whether anything answers. One file for each protocol: from a target to typed results, with phase times."""
