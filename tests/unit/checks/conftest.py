"""A web server and an authority that the tests of one file share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from certificate_authority import Authority, Credentials
from nginx_server import Nginx, have_nginx, nginx
from tests.conftest import missing

from nightside.checks.certificates import verifying


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Credentials]]:
    """Good and bad ones. The authority of the good ones is trusted, as the system's are, while a file's tests run."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, stranger = Authority(folder), Authority(folder, "Somebody")
    here = ["127.0.0.1", "::1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.file))
        verifying.cache_clear()
        yield {
            "good": authority.issue(here),
            "expired": authority.issue(
                here, datetime(1999, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)
            ),
            "early": authority.issue(
                here, datetime(2090, 1, 1, tzinfo=UTC), datetime(2091, 1, 1, tzinfo=UTC)
            ),
            "wrong_name": authority.issue(["www.elsewhere.example"]),
            "self_signed": authority.issue(here, self_signed=True),
            "stranger": stranger.issue(here),
            "many_names": authority.issue([*here, *(f"{'n' * 60}{i}.example" for i in range(500))]),
        }
    verifying.cache_clear()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, credentials: dict[str, Credentials]) -> Iterator[Nginx]:
    """nginx, with a port for each of the credentials."""
    if have_nginx() is None:
        missing("no nginx on this machine")
    folder: Path = tmp_path_factory.mktemp("nginx")
    with nginx(folder, credentials) as server:
        yield server
