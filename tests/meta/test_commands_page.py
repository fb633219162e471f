"""The page on commands names every command, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sandbox.process import ROOT

UI = ROOT / "bot" / "ui"


def declared() -> Iterator[str]:
    """What decorators and constructors name a command, those of `/admin` with it before them."""
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "command":
                for keyword in node.keywords:
                    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                        group = "admin " if path.is_relative_to(UI / "admin") else ""
                        yield group + str(keyword.value.value)


def test_the_page_names_every_command() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")

    assert set(re.findall(r"`/([a-z]+(?: [a-z]+)?)`", page)) - {"admin"} == set(declared())
