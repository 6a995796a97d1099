"""What is packaged names commands, options, settings and figures that exist, and the alerts are PromQL."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.conftest import missing
from web_store import fill

from nightside.cli.commands import COMMANDS, app
from nightside.engine.channels.configuration import SECRET
from nightside.engine.live.health import serving
from nightside.engine.live.metrics import Metrics
from nightside.engine.live.vitals import (
    ChannelVitals,
    CheckpointVitals,
    CollectorVitals,
    ShareVitals,
    SourceVitals,
    Vitals,
)
from nightside.sources.endpoints import CONFIG, Endpoints
from nightside.web.app import create_app

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "systemd" / "nightside-watch.service"
CONTAINER = PACKAGING / "container" / "Containerfile"
COMPOSE = PACKAGING / "container" / "compose.yaml"
RULES = PACKAGING / "prometheus" / "nightside.rules.yml"
OPERATIONS = ROOT / "docs" / "operations.md"
EVERYWHERE = [*sorted(p for p in PACKAGING.rglob("*") if p.is_file()), OPERATIONS]
SETTINGS = {f"NIGHTSIDE_{name.upper()}" for name in Endpoints.model_fields} | {
    CONFIG,
    SECRET,
    "NIGHTSIDE_STORE",
    "NIGHTSIDE_SEGMENTS",
}
OF_THE_UNIT = "NIGHTSIDE_WATCH"
FULL = Vitals(
    time.time(),
    int(time.time()) - 3,
    2.0,
    1,
    18,
    20,
    False,
    0,
    0,
    1,
    2,
    {"opened": 1},
    channels=(ChannelVitals("webhook", 0, False, 1, 0),),
    checkpoint=CheckpointVitals(1.0, 2, 3, True),
    collectors=(CollectorVitals("rrc00", True, None, 1.0),),
    sources=(SourceVitals("bmp", 1, 2, 3, 4, 5, 6, {("a", "b"): 1}),),
    share=ShareVitals(True, 2, ("rrc00",), ("judge",), 1, time.time()),
)


def options(command: str) -> set[str]:
    params = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    return {name for p in params for name in (*p.opts, *p.secondary_opts) if name.startswith("--")}


def check_call(words: list[str]) -> None:
    """Whether these words behind `nightside` are a command with its options."""
    assert words[0] in COMMANDS
    asked = {word.split("=")[0] for word in words if word.startswith("--")}
    assert asked <= options(words[0]), words


def unit() -> ConfigParser:
    """The unit; of what is said several times, the values in lines."""

    class Lines(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if key in self and isinstance(value, list):
                self[key].extend(value)
            else:
                super().__setitem__(key, value)

    parser = ConfigParser(
        strict=False, interpolation=None, dict_type=Lines, comment_prefixes="#", delimiters="="
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser


@pytest.mark.parametrize("path", EVERYWHERE, ids=lambda p: p.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bNIGHTSIDE_[A-Z_]+\b", path.read_text()))
    assert named - {OF_THE_UNIT} <= SETTINGS


def test_every_call_in_the_words_exists() -> None:
    calls = re.findall(rf"(?:^|`|bin/)nightside ((?:{'|'.join(COMMANDS)})\b[^`\n|]*)", OPERATIONS.read_text())
    assert len(calls) >= 4
    for call in calls:
        check_call(shlex.split(call))


# -- systemd ------------------------------------------------------------------------------------------


def test_the_unit_starts_a_command_that_exists_and_comes_back_whatever_happens() -> None:
    service = unit()["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/nightside/bin/nightside"
    check_call([word for word in words if word != f"${OF_THE_UNIT}"])
    assert service["Restart"] == "always"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"
    places = dict(line.split("=", 1) for line in service["Environment"].splitlines())
    assert places["NIGHTSIDE_STORE"] == f"/var/lib/{service['StateDirectory']}"
    assert places["NIGHTSIDE_CACHE"] == f"/var/cache/{service['CacheDirectory']}"
    assert Endpoints(health_listen=places["NIGHTSIDE_HEALTH_LISTEN"]).health_listen == "127.0.0.1:11020"
    users = (PACKAGING / "systemd" / "nightside.sysusers.conf").read_text()
    assert f"\nu {service['User']} " in users


def verified(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed")
    program = Path(sys.executable).parent / "nightside"
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/nightside/bin/nightside", str(program)))
    return subprocess.run(
        ["systemd-analyze", *words, str(copy)], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    done = verified(tmp_path, "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_unit_with_a_wrong_line_would_be_noticed(tmp_path: Path) -> None:
    done = verified(tmp_path, "--version")
    assert done.returncode == 0
    broken = tmp_path / UNIT.name
    broken.write_text(broken.read_text().replace("ProtectHome=", "ProtectHouse="))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(broken)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "ProtectHouse" in done.stderr


def test_the_unit_is_as_tight_as_systemd_can_see(tmp_path: Path) -> None:
    # By its own scale 0 is the tightest and 10 wide open; what is left is the network and a readable group.
    done = verified(tmp_path, "security", "--offline=true", "--no-pager", "--threshold=15")
    assert done.returncode == 0, done.stdout[-500:]


# -- containers ---------------------------------------------------------------------------------------


def instructions() -> Iterator[tuple[str, str]]:
    """(instruction, its words) of the last stage."""
    text = CONTAINER.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    last = max(n for n, line in enumerate(lines) if line.startswith("FROM"))
    for line in lines[last:]:
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def test_the_container_starts_a_command_that_exists_not_as_root() -> None:
    said: dict[str, str] = dict(instructions())
    assert said["ENTRYPOINT"] == '["nightside"]'
    check_call(yaml.safe_load(said["CMD"]))
    assert said["USER"] == "10001:10001"
    assert "--uid 10001" in said["RUN"]
    env = dict(pair.split("=", 1) for pair in shlex.split(said["ENV"]))
    volumes = yaml.safe_load(said["VOLUME"])
    assert [env["NIGHTSIDE_STORE"], env["NIGHTSIDE_CACHE"]] == volumes
    ports = [env[name].rpartition(":")[2] for name in ("NIGHTSIDE_BMP_LISTEN", "NIGHTSIDE_HEALTH_LISTEN")]
    assert said["EXPOSE"].split() == ports
    assert all(path in said["RUN"] for path in volumes)


def test_what_the_container_copies_is_there_and_is_let_in() -> None:
    copied = [
        word
        for line in CONTAINER.read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert all((ROOT / word).exists() for word in copied)
    let_in = (CONTAINER.with_name("Containerfile.dockerignore")).read_text().splitlines()
    assert {f"!{word}" for word in copied} <= set(let_in)
    config = (ROOT / "pyproject.toml").read_text()
    for needed in ("README.md", "LICENSE", "NOTICE"):
        assert needed in config
        assert needed in copied


@pytest.mark.parametrize(("behind_s", "code"), [(0, 0), (100, 1)])
def test_the_health_check_tells_well_from_sick(behind_s: int, code: int) -> None:
    words = yaml.safe_load(dict(instructions())["HEALTHCHECK"].partition("CMD")[2])
    assert words[0] == "python"

    async def main() -> int:
        vitals = Vitals(1000.0, 997 - behind_s, 2.0, 900, 18, 20, False, 0, 0, 0, 0, {})
        async with serving("127.0.0.1:0", lambda: vitals) as address:
            asked = [w.replace("http://127.0.0.1:11020/", str(address)) for w in words[1:]]
            assert asked != words[1:]
            process = await asyncio.create_subprocess_exec(
                sys.executable, *asked, stderr=asyncio.subprocess.DEVNULL
            )
            return await process.wait()

    assert asyncio.run(main()) == code


def test_the_compose_file_runs_commands_that_exist() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    for service in compose["services"].values():
        check_call(service["command"])
        assert service["restart"] == "always"
        # All published ports are this machine's own.
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        for volume in service["volumes"]:
            name, _, path = volume.partition(":")
            assert name in compose["volumes"]
            assert path in dict(instructions())["VOLUME"]
    build = compose["services"]["watch"]["build"]
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).resolve() == CONTAINER


# -- figures and alerts -------------------------------------------------------------------------------


def figures(store: Path) -> dict[str, set[str]]:
    """The labels of every figure of a watch, and of a server over this store, by its name."""
    fill(store)
    with TestClient(create_app(store)) as client:
        client.get("/api/1/incidents")
        served = client.get("/metrics").text
    found: dict[str, set[str]] = {}
    for text in (Metrics(lambda: FULL).text().decode(), served):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def selectors(expression: Any) -> Iterator[Any]:
    """Every selector of a parsed expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    elif isinstance(expression, promql_parser.MatrixSelector):
        yield expression.vector_selector
    elif isinstance(expression, promql_parser.BinaryExpr):
        yield from selectors(expression.lhs)
        yield from selectors(expression.rhs)
    elif isinstance(expression, promql_parser.Call):
        for argument in expression.args:
            yield from selectors(argument)
    elif isinstance(
        expression, (promql_parser.AggregateExpr, promql_parser.ParenExpr, promql_parser.UnaryExpr)
    ):
        yield from selectors(expression.expr)
    else:
        assert isinstance(expression, promql_parser.NumberLiteral), expression


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def asked_in_words() -> list[str]:
    return re.findall(r"```promql\n(.*?)\n```", OPERATIONS.read_text(), re.DOTALL)


def test_every_question_is_promql_about_figures_that_there_are(tmp_path: Path) -> None:
    known = figures(tmp_path / "store") | {"up": set()}
    questions = [rule["expr"] for rule in alerts()] + asked_in_words()
    assert len(questions) >= 16
    for question in questions:
        found = list(selectors(promql_parser.parse(question)))
        assert found
        for one in found:
            assert one.name in known, question
            labels = {matcher.name for matcher in one.matchers.matchers}
            assert labels <= known[one.name] | {"job", "instance"}, question


def test_every_alert_is_whole_and_the_words_say_what_to_do() -> None:
    in_words = set(re.findall(r"^\| (Nightside\w+) \| \S", OPERATIONS.read_text(), re.MULTILINE))
    assert {rule["alert"] for rule in alerts()} == in_words
    for rule in alerts():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def test_every_figure_stands_in_the_words_and_no_other(tmp_path: Path) -> None:
    known = figures(tmp_path / "store")
    in_words = set(re.findall(r"`(nightside_[a-z_]+)`", OPERATIONS.read_text()))
    assert in_words == {name for name in known if name.startswith("nightside_")}
    for name in re.findall(r"`(process_[a-z_]+)`", OPERATIONS.read_text()):
        assert name in known
