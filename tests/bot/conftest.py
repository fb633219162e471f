"""A real database for every test that wants one: a SQLite file, or a new database in PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bot.db import Database, open_database
from tests.postgres import postgres

__all__ = ["postgres"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules whose rows must be right on both databases say so: `ON_BOTH_DATABASES = True`."""
    if "database" in metafunc.fixturenames and getattr(metafunc.module, "ON_BOTH_DATABASES", False):
        metafunc.parametrize("database", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if getattr(request, "param", "sqlite") == "postgres":
        url = request.getfixturevalue("postgres_database")
    else:
        url = f"sqlite+aiosqlite:///{tmp_path}/greenlight.sqlite3"
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
def postgres_database(postgres: str) -> str:
    """The URL of an empty database of the test's own; it goes with its server."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)
