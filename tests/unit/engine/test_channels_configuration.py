"""`channels.toml`: what each row means; one file for each refusal (`channels_refused/`), with file, row and advice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from told_messages import message

from nightside.engine.channels.configuration import MESSAGES, channels_of, read_channels, webhook_channel
from nightside.engine.channels.routing import why_not
from nightside.model.channel import Channel, Quiet, Route
from nightside.model.errors import UsageError

REFUSED = sorted((Path(__file__).parent / "channels_refused").glob("*.toml"))
DOCS = Path(__file__).parents[3] / "docs" / "channels.md"


def read(tmp_path: Path, text: str) -> tuple[Channel, ...]:
    path = tmp_path / "channels.toml"
    path.write_text(text)
    return read_channels(path)


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_each_refusal_names_file_and_row_and_says_what_to_do(path: Path) -> None:
    """The first line of each file says in which row what is refused."""
    row, what = re.fullmatch(r"# row (\d+): (.*)", path.read_text().splitlines()[0]).groups()  # type: ignore[union-attr]
    with pytest.raises(UsageError) as caught:
        read_channels(path)
    where = str(path) if what == "not TOML" else f"{path}:{row}"
    assert (what in caught.value.what, caught.value.where) == (True, where), caught.value
    assert caught.value.advice
    assert caught.value.exit_code == 2
    if what == "not TOML":
        assert f"line {row}" in caught.value.what


@pytest.mark.parametrize("key", ["url_env", "secret_env"])
def test_an_address_in_place_of_a_variable_is_refused_and_not_said_again(tmp_path: Path, key: str) -> None:
    url = "" if key == "url_env" else 'url = "https://example.org"\n'
    with pytest.raises(UsageError, match=f"{key} is an address") as caught:
        read(tmp_path, f'[ops]\nkind = "webhook"\n{url}{key} = "https://example.org/T0KEN"\n')
    assert "T0KEN" not in str(caught.value) + repr(caught.value.advice)


def test_there_are_refusals() -> None:
    assert len(REFUSED) > 30


def test_all_that_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_SECRET", "night")
    (tmp_path / "address").write_text("https://example.org/T0KEN\n")
    (found,) = read(
        tmp_path,
        f"""base_url = "https://nightside.example/"
[ops]
kind = "webhook"
url_env = "{tmp_path}/address"
secret_env = "OPS_SECRET"
countries = ["kp"]
asns = [131279]
entities = ["country"]
severity = "total"
messages = ["opened", "restored"]
reconstructions = true
group_s = 5
per_minute = 30
[ops.quiet]
from = "22:30"
to = "07:00"
zone = "Asia/Pyongyang"
days = ["sat", "sun"]
breaks_through = "nothing"
""",
    )
    assert found == Channel(
        name="ops",
        kind="webhook",
        url="https://example.org/T0KEN",
        secret="night",
        route=Route(
            frozenset({"KP"}),
            frozenset({"131279"}),
            frozenset({"country"}),
            "total",
            frozenset({"opened", "restored"}),
            True,
        ),
        quiet=Quiet(1350, 420, "Asia/Pyongyang", frozenset({5, 6}), None),
        group_s=5,
        per_minute=30,
        base_url="https://nightside.example",
    )
    assert "T0KEN" not in f"{found!r} {found.where}"
    assert "night'" not in repr(found)


def test_no_file_is_no_channel_and_the_webhook_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(tmp_path / "nightside.toml"))
    assert channels_of(None) == ()
    monkeypatch.setenv("NIGHTSIDE_WEBHOOK_SECRET", "night")
    (hook,) = channels_of("https://example.org/hook")
    assert (hook.name, hook.secret, hook.route.reconstructions) == ("webhook", "night", True)
    (tmp_path / "channels.toml").write_text('[webhook]\nkind = "webhook"\nurl = "https://example.org"\n')
    with pytest.raises(UsageError, match="--webhook is the channel webhook"):
        channels_of("https://example.org/hook")


def test_the_example_of_the_documentation_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DOCS.read_text().split("```toml\n")[1].split("```")[0]
    mail = tmp_path / "mail.url"
    mail.write_text("mailto://user:password@example.org?to=noc@example.org")
    monkeypatch.setenv("OPS_SECRET", "night")
    monkeypatch.setenv("MATRIX_URL", "matrixs://user:password@matrix.example.org/#room")
    found = read(tmp_path, text.replace("/etc/nightside/mail.url", str(mail)))
    assert [one.name for one in found] == ["ops", "people", "flaps", "pager"]


def test_every_row_and_every_kind_of_message_stands_in_the_documentation(tmp_path: Path) -> None:
    text = DOCS.read_text()
    with pytest.raises(UsageError) as caught:
        read(tmp_path, '[a]\nkind = "apprise"\nx = 1\n')
    for row in re.findall(r"\w+", caught.value.advice.removeprefix("There are: ")):
        assert f"`{row}`" in text or f"`{row}." in text, row
    for kind in MESSAGES:
        assert f"`{kind}`" in text


RULES = [
    (Route(countries=frozenset({"SY"})), "countries: KP is not among them"),
    (Route(asns=frozenset({"1"})), "countries: KP is not among them"),
    (Route(types=frozenset({"asn"})), "entities: no country goes there"),
    (Route(severity="total"), "severity: severe is less than total"),
    (Route(messages=frozenset({"digest"})), "messages: opened is not among them"),
    (Route(), "reconstructions: what is made up does not go there"),
]


@pytest.mark.parametrize(("route", "why"), RULES, ids=lambda x: x if isinstance(x, str) else "")
def test_each_rule_keeps_back_and_says_so(route: Route, why: str) -> None:
    channel = Channel("ops", "webhook", "https://example.org", route=route)
    told, _incident = message(severity="severe", reconstruction="reconstructions" in why)
    assert why_not(channel, told) == [why]
    assert why_not(webhook_channel("https://example.org", None), told) == []
