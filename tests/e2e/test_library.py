"""`import nightside` offers what the command line does, as dicts and Arrow tables."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from as_stored import as_stored

import nightside
from nightside.model.errors import InputError, UsageError
from nightside.scenes.build import read_scene

WINDOW = {"begin": "2014-12-22T16:10Z", "end": "2014-12-22T20:00Z"}
HEAVY = ("numpy", "pyarrow", "duckdb", "matplotlib", "rich.progress", "isal")


def modules_after(*statements: str) -> set[str]:
    """What a new interpreter has loaded after these."""
    code = "\n".join(["import sys", *statements, "print('\\n'.join(sys.modules))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def loaded_after(*statements: str) -> set[str]:
    """Which heavy packages that are."""
    return modules_after(*statements) & set(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    call = (
        "import contextlib, io, runpy",
        "sys.argv = ['nightside', '--help']",
        "said = io.StringIO()",
        "with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):",
        "    runpy.run_module('nightside', run_name='__main__')",
        "assert 'replay' in said.getvalue()",
    )
    assert loaded_after(*call) <= {"rich.progress"}


def test_import_loads_nothing_heavy() -> None:
    assert loaded_after("import nightside", "assert nightside.__version__") == set()


@pytest.mark.parametrize(
    ("module", "rooms", "heavy"),
    [
        ("wire.decoder", {"model", "wire"}, set()),
        ("wire.lines", {"model", "wire"}, set()),
        ("routing.table", {"model", "routing"}, {"numpy", "isal"}),
    ],
)
def test_a_room_below_can_be_had_alone(module: str, rooms: set[str], heavy: set[str]) -> None:
    loaded = modules_after(f"import nightside.{module}")
    assert {name.split(".")[1] for name in loaded if name.startswith("nightside.")} <= rooms
    assert loaded & set(HEAVY) <= heavy


def test_what_is_not_there_is_said_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'replays'"):
        _ = nightside.replays


@pytest.fixture(scope="module")
def found(december: Path) -> Any:
    return nightside.replay([december], countries=["KP", "YE"], **WINDOW)


def test_replay_gives_incidents_as_the_command_line_does(found: Any, december: Path, quick: Any) -> None:
    ran = quick(
        "replay", december, "--country", "KP", "--country", "YE", "--json",
        "--from", WINDOW["begin"], "--to", WINDOW["end"],
    )  # fmt: skip
    assert as_stored(json.loads(json.dumps(found.incidents))) == as_stored(ran.incidents)
    assert [f"nightside: warning: {w}" for w in found.warnings] == ran.messages


def test_replay_gives_signals_as_an_arrow_table(found: Any) -> None:
    table = found.signals
    assert isinstance(table, pa.Table)
    assert table.column_names == ["type", "code", "time", "units", "quality"]
    rows = [row for row in table.to_pylist() if row["code"] == "KP"]
    instants = [row["time"] for row in rows]
    assert instants == sorted(set(instants))
    assert instants[0] == datetime(2014, 12, 22, 16, tzinfo=UTC)
    assert (rows[0]["units"], rows[0]["quality"]) == (4, "known")
    assert any(
        row["time"] == datetime(2014, 12, 22, 16, 15, tzinfo=UTC) and row["units"] == 0 for row in rows
    )
    dark = [row for row in rows if row["quality"] == "unknown"]
    assert dark
    assert all(row["units"] is None for row in dark)
    yemen = [row for row in table.to_pylist() if row["code"] == "YE"]
    assert {row["units"] for row in yemen if row["quality"] == "known"} == {yemen[0]["units"]}


def test_an_unchanged_signal_is_one_row(december: Path) -> None:
    table = nightside.replay(
        [december], countries=["YE"], begin="2014-12-22T16:10Z", end="2014-12-22T17:00Z"
    ).signals
    assert table.num_rows == 1


def test_no_signal_is_an_empty_table_of_the_same_shape(december: Path, found: Any) -> None:
    nobody = nightside.replay([december], countries=["AQ"], **WINDOW)
    assert nobody.incidents == []
    assert nobody.signals.schema == found.signals.schema
    assert nobody.signals.num_rows == 0


def test_settings_are_used_and_stored(december: Path) -> None:
    from nightside.model.settings import Settings

    rules = Settings(total_at=0.0, end_confirmed_s=60)
    (one,) = nightside.replay([str(december)], countries=["KP"], settings=rules, **WINDOW).incidents
    assert one["settings"]["end_confirmed_s"] == 60
    assert one["settings"]["total_at"] == 0.0
    assert one["settings"].keys() == rules.to_json().keys()


def test_errors_are_those_of_the_command_line(december: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no country"):
        nightside.replay([december], countries=["XX"])
    with pytest.raises(UsageError, match="not a time"):
        nightside.replay([december], begin="soon")
    with pytest.raises(InputError, match="cannot be read"):
        nightside.replay([tmp_path / "nothing"])


def test_networks_are_the_shape_they_say(december: Path) -> None:
    told = nightside.networks("KP", [december], at="2014-12-22T16:00Z")
    schema = json.loads((files("nightside.model") / "schemas" / "networks-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(told)
    assert [n["prefix"] for n in told["networks"]] == [f"175.45.{n}.0/24" for n in range(176, 180)]
    assert all(n["units"] == 1 and n["origin_asns"] == [131279] for n in told["networks"])
    (upstream,) = told["upstreams"]
    assert (upstream["asn"], upstream["share"], upstream["sole_way_share"]) == (4837, 1.0, 1.0)
    voters = read_scene("december-2014").voters(4)
    assert told["observed_peers"] == len(voters)
    assert told["at"] == "2014-12-22T16:00:00Z"


def test_networks_are_gone_while_the_country_is(december: Path) -> None:
    told = nightside.networks("KP", [december], at="2014-12-22T17:00Z")
    assert (told["networks"], told["upstreams"]) == ([], [])
    assert told["observed_peers"] > 20


def test_elements_come_as_arrow_batches_and_one_by_one(december: Path) -> None:
    table = december / "rrc00" / "2014.12" / "bview.20141222.1600.gz"
    reader = nightside.batches([table])
    assert isinstance(reader, pa.RecordBatchReader)
    rows = reader.read_all()
    assert rows.num_rows > 1000
    assert gzip.decompress(table.read_bytes())[4:8] == bytes((0, 13, 0, 1))
    assert sum(1 for _element in nightside.elements([table])) == rows.num_rows


def test_the_page_names_each_name_and_each_is_there() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "library.md").read_text()
    for name in set(nightside.__all__) - {"__version__"}:
        assert getattr(nightside, name) is not None
        assert re.search(rf"\b{name}\b", page), name
    assert set(dir(nightside)) >= set(nightside.__all__)
    words = re.findall(r"\bnightside\.([a-zA-Z]\w*)\(", page)
    assert set(words) <= set(nightside.__all__)


def test_networks_on_the_command_line(december: Path, quick: Any) -> None:
    ran = quick("networks", "KP", december, "--at", "2014-12-22T16:00Z", store=False)
    assert ran.code == 0
    assert "North Korea: 4 networks as seen by 25 peer ASes" in ran.out
    assert "AS4837" in ran.out
    told = quick("networks", "KP", december, "--at", "2014-12-22T16:00Z", "--json", store=False)
    assert json.loads(told.out) == nightside.networks("KP", [december], at="2014-12-22T16:00Z")
    assert not any("dated far" in line for line in told.messages)
