from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from nightside.store.location import default_store, location_of, open_store, state_folder


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "named"))
    assert default_store() == tmp_path / "named"
    open_store(None).close()
    assert (tmp_path / "named" / "nightside.sqlite").is_file()


@pytest.mark.parametrize("value", [None, ""])
def test_else_it_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    if value is None:
        monkeypatch.delenv("NIGHTSIDE_STORE", raising=False)
    else:
        monkeypatch.setenv("NIGHTSIDE_STORE", value)
    assert default_store() == Path(platformdirs.user_data_dir("nightside", appauthor=False))


def test_the_folder_given_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "named"))
    open_store(tmp_path / "given").close()
    assert [path.name for path in tmp_path.iterdir()] == ["given"]


def test_a_database_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "NIGHTSIDE_STORE", "postgresql://me:secret@db.example:5433/night?password=x&sslmode=require"
    )
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    found = default_store()
    assert found == location_of("postgresql://me:secret@db.example:5433/night?password=x&sslmode=require")
    assert str(found) == "postgresql://me@db.example:5433/night"
    assert "secret" not in repr(found)
    # What a program keeps beside it is kept on its machine.
    assert state_folder(None) == Path("/somewhere/data/nightside/stores/postgresql-me-db.example-5433-night")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://db", "postgresql://db"),
        ("postgres://a@c:1,[::1]:2/x", "postgresql://a@c:1,[::1]:2/x"),
        ("postgresql://a:se@cret@c/x", "postgresql://a@c/x"),
        ("postgresql://a:se/cret@c/x", "postgresql://…"),
        ("postgresql://a:secret", "postgresql://…"),
        ("postgresql://a:se?cret@c/x", "postgresql://…"),
        ("postgresql://a/secret@c/x", "postgresql://…"),
        ("postgresql:///night?host=/run/postgresql", "postgresql:///night"),
        ("postgresql://[::1", "postgresql://…"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(said: str, shown: str) -> None:
    assert str(location_of(said)) == shown


def test_what_a_program_keeps_beside_a_folder_is_in_it(tmp_path: Path) -> None:
    assert location_of(str(tmp_path)) == tmp_path == state_folder(tmp_path)
