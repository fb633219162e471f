"""Every import contract is broken once on purpose, in a copy of the tree, to see it bite."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "providers", "ratelimit", "sandbox")

# For each contract: a room that breaks it, and what it imports.
OFFENCES = {
    "ratelimit stands alone": ("ratelimit", "pydantic"),
    "providers know neither the bot nor the pool nor Discord": ("providers", "ratelimit"),
    "the sandbox is the other side of the wire": ("sandbox", "providers"),
    "nobody in the product imports the sandbox": ("bot.ui", "sandbox"),
    "only jobs imports the engine": ("bot.production", "dbos"),
    "only ui and app import discord": ("bot.jobs", "discord"),
    "the rooms of the bot": ("bot.studio", "bot.production"),
    "media, storage and db know nothing of ours but settings": ("bot.media", "ratelimit"),
}


def configured() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"])


def contracts() -> list[str]:
    listed = configured()["contracts"]
    assert isinstance(listed, list)
    return [str(contract["name"]) for contract in listed]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house, with an empty room where a contract names one that is not built yet."""
    copy = tmp_path_factory.mktemp("arrows")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for module in sorted(set(re.findall(r"\bbot\.\w+", str(configured()["contracts"])))):
        place = copy / module.replace(".", "/")
        if not place.with_suffix(".py").exists() and not (place / "__init__.py").exists():
            place.mkdir(exist_ok=True)
            (place / "__init__.py").touch()
    return copy


def lint(tree: Path) -> tuple[int, str]:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_contract_has_an_offence_here() -> None:
    assert sorted(OFFENCES) == sorted(contracts())


def test_every_contract_is_kept_and_names_the_offence_when_broken(tree: Path) -> None:
    code, before = lint(tree)
    assert code == 0, before

    for number, (room, imported) in enumerate(OFFENCES.values()):
        (tree / room.replace(".", "/") / f"offence_{number}.py").write_text(f"import {imported}\n")
    code, after = lint(tree)

    assert code == 1, after
    broken = after.partition("Broken contracts")[2]
    headings = re.split(r"(?m)^(.+)\n-+$", broken)  # text, heading, text, heading, text, …
    told = dict(zip(headings[1::2], headings[2::2], strict=True))
    missed = [
        name
        for number, (name, (room, imported)) in enumerate(OFFENCES.items())
        if not re.search(rf"{re.escape(room)}\.offence_{number} -> {re.escape(imported)}", told.get(name, ""))
    ]
    assert missed == [], after
