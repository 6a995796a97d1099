"""The settings of the place: variables before the file before the defaults, and what makes no sense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nightside.model.errors import UsageError
from nightside.sources.endpoints import Endpoints, read_endpoints


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without our settings; the configuration file is in a folder of the test's own."""
    for name in [n for n in os.environ if n.startswith("NIGHTSIDE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "nightside" / "nightside.toml"


def write(config: Path, text: str) -> None:
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text)


def refusal() -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        read_endpoints()
    first, advice = str(caught.value).splitlines()
    return first, advice


def test_the_defaults_are_the_public_ones(tmp_path: Path) -> None:
    places = read_endpoints()
    assert places.ris_archive_url == "https://data.ris.ripe.net"
    assert places.routeviews_archive_url == "https://archive.routeviews.org"
    assert places.broker_url == "https://api.bgpkit.com/v3/broker"
    assert places.ris_live_url == "wss://ris-live.ripe.net/v1/ws/"
    assert places.bmp_listen == "127.0.0.1:11019"
    assert places.health_listen is None
    assert places.cache_folder == tmp_path / "cache" / "nightside"


def test_a_variable_counts_before_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, 'ris_archive_url = "http://127.0.0.1:1/mirror/"\nbroker_url = "http://127.0.0.1:2"\n')
    monkeypatch.setenv("NIGHTSIDE_BROKER_URL", "http://127.0.0.1:3")
    monkeypatch.setenv("NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL", "")
    places = read_endpoints()
    assert places.ris_archive_url == "http://127.0.0.1:1/mirror"
    assert places.broker_url == "http://127.0.0.1:3"
    assert places.routeviews_archive_url == "https://archive.routeviews.org"


def test_another_file_can_be_named(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, "cache_gib = 1\n")
    other = tmp_path / "other.toml"
    other.write_text(f'cache_gib = 2.5\ncache = "{tmp_path / "kept"}"\n')
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(other))
    places = read_endpoints()
    assert (places.cache_gib, places.cache_folder) == (2.5, tmp_path / "kept")


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(tmp_path / "none.toml"))
    assert refusal()[0] == f"{tmp_path / 'none.toml'}: no such file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NIGHTSIDE_RIS_ARCHIVE_URL", "data.ris.ripe.net"),
        ("NIGHTSIDE_RIS_ARCHIVE_URL", "ftp://data.ris.ripe.net"),
        ("NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL", "https://"),
        ("NIGHTSIDE_BROKER_URL", "http://broker:port/"),
        ("NIGHTSIDE_BROKER_URL", "http://broker/?x=1"),
        ("NIGHTSIDE_RIS_LIVE_URL", "gopher://ris-live"),
        ("NIGHTSIDE_BMP_LISTEN", "11019"),
        ("NIGHTSIDE_HEALTH_LISTEN", "11020"),
        ("NIGHTSIDE_HEALTH_LISTEN", "127.0.0.1:99999"),
        ("NIGHTSIDE_BMP_LISTEN", "127.0.0.1:bmp"),
        ("NIGHTSIDE_BMP_LISTEN", "127.0.0.1:70000"),
        ("NIGHTSIDE_CACHE_GIB", "much"),
        ("NIGHTSIDE_CACHE_GIB", "-1"),
        ("NIGHTSIDE_CACHE_GIB", "inf"),
        ("NIGHTSIDE_ARCHIVE_CONNECTIONS", "0"),
        ("NIGHTSIDE_ARCHIVE_CONNECTIONS", "many"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    first, _advice = refusal()
    assert first.startswith(f"{name}: ")
    assert repr(value) in first


def test_a_misspelt_line_of_the_file_is_no_silent_default(config: Path) -> None:
    write(config, 'ris_archiv_url = "http://127.0.0.1:1"\n')
    first, advice = refusal()
    assert first == f"{config}: ris_archiv_url: there is no such setting"
    assert "ris_archive_url" in advice


def test_a_broken_file_is_an_error_with_its_place(config: Path) -> None:
    write(config, "cache_gib = \n")
    first, _advice = refusal()
    assert first.startswith(f"{config}: not TOML: ")
    assert "line 1" in first


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Endpoints().broker_url = "http://127.0.0.1:1"


def test_each_setting_is_documented_with_its_default() -> None:
    live = (Path(__file__).resolve().parents[3] / "docs" / "live.md").read_text()
    for name, field in Endpoints.model_fields.items():
        (row,) = [line for line in live.splitlines() if line.startswith(f"| NIGHTSIDE_{name.upper()} |")]
        default = f"{field.default:g}" if isinstance(field.default, float) else field.default
        assert default is None or f" {default} " in row.replace("`", "")
