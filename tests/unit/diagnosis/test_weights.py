"""The table of weights: whole as shipped, its published figures counted again, and refused where it does not fit."""

from __future__ import annotations

import re
from importlib.resources import files
from math import log
from pathlib import Path

import pytest

from nightside.diagnosis.rules import RULES
from nightside.diagnosis.weights import shipped, weights_of
from nightside.model.diagnosis import CAUSES, FAMILIES
from nightside.model.errors import InputError

TEXT = files("nightside.diagnosis").joinpath("data", "weights.toml").read_text(encoding="utf-8")


def test_the_shipped_table_has_a_row_for_every_level_with_a_reason_and_a_source() -> None:
    table = shipped()
    assert set(table.rows) == {(r.id, level) for r in RULES for level in r.levels}
    assert all(row.why and row.source for row in table.rows.values())
    assert table.version == "1.1"


def test_priors_are_shares_of_one() -> None:
    table = shipped()
    for priors in (table.prior_family, *table.prior_causes.values()):
        assert sum(2.718281828**p for p in priors.values()) == pytest.approx(1.0, abs=0.02)
    assert tuple(table.prior_family) == FAMILIES
    assert {f: tuple(c) for f, c in table.prior_causes.items()} == CAUSES


def test_the_figures_of_the_published_list_are_in_the_rows_of_the_clock() -> None:
    """Government 89 %, power 40 %, cable 10 %, unknown 42 % on the hour, against the mean of the family."""
    priors = shipped().prior_causes
    share = {f: {c: 2.718281828**p for c, p in priors[f].items()} for f in priors}
    on = {"power_or_equipment": 0.40, "deliberate_shutdown": 0.89, "cable_cut": 0.10}
    for family in ("internal", "upstream"):
        mean = sum(part * on.get(cause, 0.42) for cause, part in share[family].items())
        for cause in set(on) & set(share[family]):
            rows = shipped().rows
            assert rows["clock", "on"].causes[family][cause] == pytest.approx(log(on[cause] / mean), abs=0.02)
            off = log((1 - on[cause]) / (1 - mean))
            assert rows["clock", "off"].causes[family][cause] == pytest.approx(off, abs=0.03)


def test_another_table_is_read_and_its_version_says_that_it_is_another(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(TEXT.replace("internal = -0.51", "internal = -1.51"))
    read = weights_of(mine)
    assert read.prior_family["internal"] == -1.51
    assert re.fullmatch(r"1\.1\+[0-9a-f]{12}", read.version)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 1", "version = 1\nextra = 2", "extra"),
        ("version = 1", "version = true", "version"),
        ("family = 0.75", "family = 1.5", "above 0"),
        ("pieces = 3", "pieces = -1", "pieces"),
        ("internal = -0.51", "inner = -0.51", "inner"),
        ("internal = -0.51", "", "internal"),
        ("internal = -0.51", 'internal = "x"', "no number"),
        ("internal = -0.51", "internal = nan", "no number"),
        ("internal = -0.51", "internal = 11", "beyond"),
        ('level = "unstable"', 'level = "shaky"', "no rule says before shaky"),
        ('level = "sign"', 'level = "unstable"', "two rows"),
        ('rule = "schedule"\nlevel = "no_series"', 'rule = "schedule"\nlevel = "nothing"', "no rule says"),
        ("[verdict]", "[verdict", "weights.toml"),
        ("attack = -0.29", "attack = -0.29\nsabotage = 0", "sabotage"),
        ("why = \"Hours of down", "reason = \"Hours of down", "reason"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        weights_of(wrong)
    assert says in str(refused.value) or says == "weights.toml"
    assert str(wrong) in str(refused.value)


@pytest.mark.parametrize("bytes_", [b"\xff\xfe", b"\x00" * 9, b"[[[[", b"prior = 3", b""])
def test_no_bytes_do_more_than_be_refused(tmp_path: Path, bytes_: bytes) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_bytes(bytes_)
    with pytest.raises(InputError):
        weights_of(wrong)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        weights_of(tmp_path / "none.toml")
