"""Draws `docs/configuration.md` from the table: `python -m bot.settings.reference > docs/configuration.md`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.settings.variables import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.variable import Group, Variable

_HEAD = """\
# Configuration

Every setting is a variable of the environment. Only `DISCORD_TOKEN` is required; what is not set has the value in the
second column. `python -m bot check` reads them all and names every fault at once; `python -m bot check --online` tries
them against the services, too. `.env.example` is the same list to fill in.

What is marked *secret* is never logged or shown, and may come from a file: set the name with `_FILE` behind it to the
file's path, as container platforms do. Lists are separated by commas. This page is drawn from the code
(`python -m bot.settings.reference`), so it is never behind.
"""


def configuration() -> str:
    """The text of `docs/configuration.md`."""
    return "\n".join((_HEAD, *(line for group in GROUPS for line in _draw_group(group))))


def _draw_group(group: Group) -> Iterator[str]:
    yield f"## {group.title}\n"
    yield f"{group.introduction}\n"
    yield "| variable | where not set | what it is |\n|---|---|---|"
    for variable in group.variables:
        yield f"| {_name(variable)} | {_unset(variable)} | {_cell(variable.means)}{_facts(variable)} |"
    yield ""


def _name(variable: Variable) -> str:
    more = f", `{variable.name}_2`, …" if variable.numbered else ""
    return f"`{variable.name}`{more}{' *secret*' if variable.secret else ''}"


def _unset(variable: Variable) -> str:
    if variable.default is not None:
        return f"`{variable.default}`"
    return _cell(variable.assumed) if variable.assumed is not None else "–"


def _facts(variable: Variable) -> str:
    facts = [", ".join(f"`{choice}`" for choice in variable.choices)] if variable.choices else []
    if variable.between:
        facts.append("{} to {}".format(*variable.between))
    return f" ({'; '.join(facts)})" if facts else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(configuration())
