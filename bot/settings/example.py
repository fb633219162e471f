"""Draws `.env.example` from the table: `python -m bot.settings.example > .env.example`."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from bot.settings.variables import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.variable import Group, Variable

_HEAD = """\
# Settings of Greenlight. Copy this file to .env and change what you need; `python -m bot check` says what is wrong.
# Only DISCORD_TOKEN is required. Values stand bare: no quotes, no spaces around them; an empty one counts as not set.
# What is marked as secret may also come from a file: set its name with _FILE behind it to the file's path.
"""
_WIDTH = 100
_REQUIRED = "DISCORD_TOKEN"


def env_example() -> str:
    """The text of `.env.example`: everything commented out but what is required."""
    return "\n".join((_HEAD, *(line for group in GROUPS for line in _draw_group(group))))


def _draw_group(group: Group) -> Iterator[str]:
    yield f"# ---- {group.title} ".ljust(_WIDTH, "-")
    yield from _comment(group.introduction)
    yield ""
    for variable in group.variables:
        yield from _draw(variable)


def _draw(variable: Variable) -> Iterator[str]:
    facts = [" | ".join(variable.choices)] if variable.choices else []
    if variable.between:
        facts.append("{} to {}".format(*variable.between))
    if variable.default is not None:
        facts.append(f"default {variable.default}")
    if variable.assumed is not None:
        facts.append(f"if not set: {variable.assumed}")
    if variable.secret:
        facts.append("secret")
    yield from _comment(f"{variable.means} ({'; '.join(facts)})" if facts else variable.means)
    yield f"{'' if variable.name == _REQUIRED else '#'}{variable.name}={variable.example}"
    if variable.numbered:
        yield f"#{variable.name}_2={variable.example.replace('one', 'two')}"
    yield ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False, break_long_words=False
    )


if __name__ == "__main__":
    sys.stdout.write(env_example())
