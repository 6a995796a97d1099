"""The tables of docs/diagnosis.md, from the rules and the weights themselves.

python -m tools.tell_diagnosis            prints them
python -m tools.tell_diagnosis --write    puts them into docs/diagnosis.md, between their marks
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from nightside.diagnosis.rules import RULES
from nightside.diagnosis.weights import Weights, shipped
from nightside.model.diagnosis import CAUSES, FAMILIES

PAGE = Path(__file__).parent.parent / "docs" / "diagnosis.md"
BEGIN, END = "<!-- begin {name} -->", "<!-- end {name} -->"


def rules_table() -> str:
    """Each rule with what it looks at and can say."""
    lines = ["| rule, version | looks at | says | who reasons so |", "| --- | --- | --- | --- |"]
    for rule in RULES:
        levels = "; ".join(f"`{level}`: {means}" for level, means in rule.levels.items())
        lines.append(f"| `{rule.id}`, {rule.version} | {rule.looks_at} | {levels} | {rule.source} |")
    return "\n".join(lines)


def weights_table(weights: Weights) -> str:
    """Each row of weights, families first, with its reason and source."""
    lines = [
        "| rule | says | family | cause within it | why | source |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rule in RULES:
        for level in rule.levels:
            row = weights.rows[rule.id, level]
            inner = "; ".join(_numbers(row.causes[f]) for f in FAMILIES if f in row.causes)
            lines.append(
                f"| `{rule.id}` | `{level}` | {_numbers(row.family) or 'moves none'} | {inner or 'moves none'} "
                f"| {row.why} | {row.source} |"
            )
    return "\n".join(lines)


def priors_table(weights: Weights) -> str:
    """What is taken before any evidence."""
    lines = ["| family | prior | its causes, within it |", "| --- | --- | --- |"]
    for family in FAMILIES:
        causes = _numbers(weights.prior_causes[family], CAUSES[family])
        lines.append(f"| `{family}` | {weights.prior_family[family]:+.2f} | {causes} |")
    return "\n".join(lines)


def _numbers(numbers: Mapping[str, float], order: tuple[str, ...] = ()) -> str:
    return ", ".join(f"{name} {numbers[name]:+.2f}" for name in order or numbers if name in numbers)


def tables() -> dict[str, str]:
    """By name, as they stand between their marks."""
    weights = shipped()
    return {"rules": rules_table(), "priors": priors_table(weights), "weights": weights_table(weights)}


def filled(page: str) -> str:
    """The page with its tables as they are now. Raises ValueError where a mark is missing."""
    for name, table in tables().items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        head, tail = page.index(begin) + len(begin), page.index(end)
        page = f"{page[:head]}\n\n{table}\n\n{page[tail:]}"
    return page


def main() -> None:
    """Print, or write."""
    asked = argparse.ArgumentParser(prog="python -m tools.tell_diagnosis")
    asked.add_argument("--write", action="store_true")
    if asked.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n\n".join(tables().values()))


if __name__ == "__main__":
    main()
