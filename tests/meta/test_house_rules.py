"""Rules of the house that no linter holds. Each is a function over source, shown to bite before it is trusted."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "providers", "ratelimit")

# The command line passes the environment in; settings read what they are given.
MAY_TOUCH_THE_ENVIRONMENT = {"bot/__main__.py"}
# A task without an owner: "path: reason". Empty, and to be kept so.
MAY_START_BARE_TASKS: dict[str, str] = {}


def sources(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def breaches(rule: Callable[[ast.Module], Iterator[int]], *rooms: str, allowed: set[str] | None = None) -> list[str]:
    return [
        f"{names(path)}:{line}"
        for path in sources(*rooms)
        if names(path) not in (allowed or set())
        for line in rule(ast.parse(path.read_text(encoding="utf-8")))
    ]


# The rules


def uses_of_the_environment(tree: ast.Module) -> Iterator[int]:
    found = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in found:
                yield node.lineno
            case ast.ImportFrom(module="os", names=imported) if found & {alias.name for alias in imported}:
                yield node.lineno
            case ast.Attribute(value=ast.Attribute(attr="path"), attr="expandvars" | "expanduser"):
                yield node.lineno


def bare_tasks(tree: ast.Module) -> Iterator[int]:
    """Tasks that no group owns: asyncio's own functions, and the loop's method under any usual name."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="asyncio"), attr="create_task" | "ensure_future"):
                yield node.lineno
            case ast.ImportFrom(module="asyncio", names=imported) if {"create_task", "ensure_future"} & {
                alias.name for alias in imported
            }:
                yield node.lineno
            case ast.Attribute(value=owner, attr="create_task") if "loop" in ast.unparse(owner):
                yield node.lineno


def imports_of_mock(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                modules = [alias.name for alias in imported]
            case ast.ImportFrom(module=str(module), names=imported):
                modules = [module, *(f"{module}.{alias.name}" for alias in imported)]
            case _:
                continue
        if {"unittest.mock", "mock", "pytest_mock"} & set(modules):
            yield node.lineno


def names_of_registries(lock: str) -> list[str]:
    """Lines of a lock that say where to fetch from, rather than what."""
    told = re.compile(r"://|^\s*(?:-i|-f|--(?:extra-)?index-url|--find-links|--trusted-host)\b")
    return [line for line in lock.splitlines() if told.search(line)]


def machine_paths(text: str) -> list[str]:
    # Spelt in brackets, or this file would be the first to break its rule.
    return re.findall(r"(?<![\w.~-])/(?:wor[k]|roo[t]|far[m])/[^\s\"']*", text)


# They bite


@pytest.mark.parametrize(
    ("rule", "offence"),
    [
        (uses_of_the_environment, "import os\nprint(os.environ['A'])"),
        (uses_of_the_environment, "import os\nos.getenv('A')"),
        (uses_of_the_environment, "from os import environ"),
        (uses_of_the_environment, "import os\nos.path.expandvars('$A')"),
        (bare_tasks, "import asyncio\nasyncio.create_task(x())"),
        (bare_tasks, "import asyncio\nasyncio.ensure_future(x())"),
        (bare_tasks, "from asyncio import create_task"),
        (bare_tasks, "import asyncio\nasyncio.get_running_loop().create_task(x())"),
        (bare_tasks, "self.loop.create_task(x())"),
        (imports_of_mock, "import unittest.mock"),
        (imports_of_mock, "from unittest import mock"),
        (imports_of_mock, "from unittest.mock import patch"),
    ],
)
def test_a_rule_finds_an_offence(rule: Callable[[ast.Module], Iterator[int]], offence: str) -> None:
    assert list(rule(ast.parse(offence)))


def test_a_group_may_start_tasks() -> None:
    assert not list(bare_tasks(ast.parse("group.create_task(x())\nself._tasks.create_task(x())")))


def test_a_lock_that_names_a_registry_is_found() -> None:
    lock = "a==1 \\\n    --hash=sha256:00\n--index-url example\nb @ https://example.org/b.whl\n-f wheels"

    assert len(names_of_registries(lock)) == 3


def test_a_machines_path_is_found_and_an_ordinary_one_is_not() -> None:
    name = "work"  # apart from its slashes, for this file is searched as well
    assert machine_paths(f"open('/{name}/main/x')")
    assert not machine_paths(f"https://example.org/{name}/ and ./{name}/x and /var/{name}.d/")


# The house keeps them


def test_nothing_but_the_command_line_touches_the_environment() -> None:
    assert breaches(uses_of_the_environment, *PRODUCT, allowed=MAY_TOUCH_THE_ENVIRONMENT) == []


def test_every_task_has_an_owner() -> None:
    assert breaches(bare_tasks, *PRODUCT, allowed=set(MAY_START_BARE_TASKS)) == []


def test_no_test_uses_mock() -> None:
    assert breaches(imports_of_mock, "tests", "sandbox") == []


def test_locks_say_what_and_not_where_from() -> None:
    locks = sorted(ROOT.glob("requirements*.txt"))

    assert [lock.name for lock in locks] == ["requirements-bench.txt", "requirements-dev.txt", "requirements.txt"]
    assert {lock.name: found for lock in locks if (found := names_of_registries(lock.read_text()))} == {}


def test_no_file_names_a_path_of_one_machine() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 (git, wherever it is)
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so what belongs to it is unknown")
    found = {}
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file():  # deleted and not committed yet
            paths = machine_paths(path.read_text(encoding="utf-8", errors="ignore"))
            found.update({name: paths} if paths else {})

    assert found == {}
