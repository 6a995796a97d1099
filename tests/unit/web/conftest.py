"""A small store, and the app over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from web_store import KP_ID, fill

from nightside.web.app import create_app


@pytest.fixture(scope="session")
def web_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small store. Nobody may write into it."""
    folder = tmp_path_factory.mktemp("web") / "store"
    fill(folder)
    return folder


@pytest.fixture
def client(web_store: Path) -> Iterator[TestClient]:
    """Asks the app, within this process."""
    with TestClient(create_app(web_store), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def kp_id() -> str:
    """The incident that has everything."""
    return KP_ID
