"""A fixture: one real PostgreSQL for the whole session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.postgres import NoPostgres, cluster, programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL; skips where there is none, unless this machine must have one."""
    try:
        programs()
    except NoPostgres as missing:
        assert "GREENLIGHT_REQUIRE_POSTGRES" not in os.environ, "this machine must have a PostgreSQL"
        pytest.skip(f"no PostgreSQL on this machine: {missing}")
    with cluster() as url:
        yield url
