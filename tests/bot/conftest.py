"""A real database for every test that wants one: a SQLite file, or a database of its own in PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bot.db import Database, open_database
from bot.db.tables import metadata
from tests.postgres import postgres

__all__ = ["postgres"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules whose rows must be right on both databases say so: `ON_BOTH_DATABASES = True`."""
    if "database" in metafunc.fixturenames and getattr(metafunc.module, "ON_BOTH_DATABASES", False):
        metafunc.parametrize("database", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Brought up to date once a session, and copied or emptied for each of the thousands of tests that want one."""
    if getattr(request, "param", "sqlite") == "postgres":
        url = request.getfixturevalue("shared_in_postgres")
        _empty(url)
    else:
        file = tmp_path / "greenlight.sqlite3"
        shutil.copyfile(request.getfixturevalue("template_file"), file)
        url = f"sqlite+aiosqlite:///{file}"
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
def postgres_database(postgres: str) -> str:
    """The URL of an empty database of the test's own; it goes with its server."""
    return _created(postgres)


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "greenlight.sqlite3"
    _bring_up_to_date(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def shared_in_postgres(postgres: str) -> str:
    """The URL of a database that is up to date, for one test after the other."""
    url = _created(postgres)
    _bring_up_to_date(url)
    return url


def _bring_up_to_date(url: str) -> None:
    """In a thread of its own: the first to ask may be a fixture that runs in a loop."""

    async def once() -> None:
        await (await open_database(url)).close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, once()).result()


def _created(postgres: str) -> str:
    name = f"test_{uuid.uuid4().hex}"
    with _connected(postgres) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


def _empty(url: str) -> None:
    """Without rows, and counting from 1 again. To make a database takes half a second, and this a hundredth."""
    with _connected(url) as connection:
        counters = connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'").fetchall()
        statements = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # noqa: S608  # our names
        statements += [f"ALTER SEQUENCE {name} RESTART" for (name,) in counters]
        connection.execute("; ".join(statements).encode())


def _connected(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, options="-c lock_timeout=10s")
