from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from nightside.store.location import default_folder, open_store


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "named"))
    assert default_folder() == tmp_path / "named"
    open_store(None).close()
    assert (tmp_path / "named" / "nightside.sqlite").is_file()


@pytest.mark.parametrize("value", [None, ""])
def test_else_it_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    if value is None:
        monkeypatch.delenv("NIGHTSIDE_STORE", raising=False)
    else:
        monkeypatch.setenv("NIGHTSIDE_STORE", value)
    assert default_folder() == Path(platformdirs.user_data_dir("nightside", appauthor=False))


def test_the_folder_given_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "named"))
    open_store(tmp_path / "given").close()
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
