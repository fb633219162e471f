"""Reads single variables and gathers faults. It knows what a number or an address is, not what they are for."""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.settings.faults import Fault
from bot.settings.variables import PREFIXES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_SECRET_FILE = 64 * 1024
_DECIMAL = r"[0-9]{1,15}(\.[0-9]{1,6})?"
_QUOTES = "\"'`“”‘’"


class Environment:
    """The variables of one mapping. Methods return `None` for what is unset, and for what is faulty after noting why.

    An empty value counts as unset: compose files and copies of `.env.example` hold many.
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._from_file: set[str] = set()
        self.faults: list[Fault] = []

    def fault(self, name: str, problem: str, remedy: str) -> None:
        """Note that `name` cannot be used. `problem` and `remedy` never hold the value."""
        self.faults.append(Fault(f"{name}_FILE" if name in self._from_file else name, problem, remedy))

    def is_set(self, name: str) -> bool:
        from_file = VARIABLES[_family(name)].secret and self._mapping.get(f"{name}_FILE")
        return bool(self._mapping.get(name) or from_file)

    def text(self, name: str) -> str | None:
        """The value as it stands: one line, with nothing around it."""
        variable = VARIABLES[_family(name)]
        value = self._mapping.get(name) or None
        if variable.secret and self._mapping.get(f"{name}_FILE"):
            value = self._read_file(name, already_set=value is not None, many=variable.many)
        return value if value and self._is_clean(name, value) else None

    def items(self, name: str) -> list[str]:
        """The members of a comma-separated list, none of them blank."""
        members = [member.strip() for member in (self.text(name) or "").split(",")]
        if members == [""]:
            return []
        if not all(members):
            self.fault(name, "has a blank item in its list", "remove the comma too many")
        elif any(re.search(r"[\s;|]", member) or member[0] in _QUOTES for member in members):
            self.fault(name, "has a quote, space or semicolon in its list", "separate the items by commas alone")
            return []
        return [member for member in members if member]

    def discord_ids(self, name: str) -> frozenset[int]:
        """Ids of Discord's, from a comma-separated list; none where one of them is none."""
        ids = self.items(name)
        # A snowflake counts milliseconds since 2015 in its upper bits: 17 digits since late 2015, 64 bits at most.
        if not all(re.fullmatch(r"[0-9]{17,20}", one) and int(one) < 2**64 for one in ids):
            self.fault(name, "holds something that is not a Discord id", "give ids of 17 to 20 digits")
            return frozenset()
        return frozenset(int(one) for one in ids)

    def integer(self, name: str) -> int | None:
        """A whole number within the variable's bounds; its default where unset."""
        # Not int() alone: it takes "1_000" and other scripts' digits, and its exception quotes the value.
        value = self._number(
            name, r"-?[0-9]{1,15}", "is not a whole number", "give one from {between}, in digits alone"
        )
        return None if value is None else int(value)

    def decimal(self, name: str) -> float | None:
        """A number within the variable's bounds, perhaps with decimals; its default where unset."""
        value = self._number(name, _DECIMAL, "is not a number", "give one from {between}, such as {example}")
        return None if value is None else float(value)

    def microusd(self, name: str) -> int | None:
        """Dollars within the variable's bounds as whole micro-dollars, exactly; its default where unset."""
        hint = "give a plain number, such as {example}"
        value = self._number(name, _DECIMAL, "is not an amount of dollars", hint)
        return None if value is None else int(value * 1_000_000)

    def _number(self, name: str, shape: str, wrong: str, remedy: str) -> Decimal | None:
        """A number of this shape within the variable's bounds."""
        variable = VARIABLES[name]
        assert variable.between is not None
        lowest, highest = variable.between
        value = self.text(name) or variable.default
        if value is None:
            return None
        if not re.fullmatch(shape, value):
            self.fault(name, wrong, remedy.format(between=f"{lowest} to {highest}", example=variable.example))
        elif not lowest <= Decimal(value) <= highest:
            self.fault(name, "is out of range", f"give a number from {lowest} to {highest}")
        else:
            return Decimal(value)
        return None

    def limit(self, name: str) -> int:
        """A whole number of a variable that has a default."""
        value = self.integer(name)
        return value if value is not None else int(VARIABLES[name].default or 0)

    def choice(self, name: str) -> str:
        """One of the variable's words, in lower case."""
        variable = VARIABLES[name]
        assert variable.default is not None
        value = (self.text(name) or variable.default).lower()
        if value not in variable.choices:
            self.fault(name, "is not one of its words", f"give one of: {', '.join(variable.choices)}")
        return value

    def name(self, name: str, pattern: str, remedy: str) -> str | None:
        """A value that must have a shape."""
        value = self.text(name)
        if value is None or re.fullmatch(pattern, value):
            return value
        self.fault(name, "does not have the right shape", remedy)
        return None

    def url(self, name: str, scheme: str = "http") -> str | None:
        """An address without its last slash: encrypted, or on loopback. `scheme` is `http` or `ws`."""
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in {scheme, f"{scheme}s"} or re.search(r"[\s\\]", value):
            self.fault(name, "is not an address we can use", f"give one that begins with {scheme}s://")
        elif parts.username is not None or parts.password is not None or "?" in value or "#" in value:
            self.fault(name, "holds a user, a query or a fragment", "give the plain address")
        elif parts.scheme == scheme and not is_loopback(host):
            self.fault(name, "is not encrypted and not on this machine", f"use {scheme}s://")
        else:
            return value.rstrip("/")
        return None

    def find_strangers(self) -> tuple[str, ...]:
        """Variables that look like ours and are not: faults where a typo is plain, else remarks to show."""
        remarks = []
        for name in sorted(self._mapping):
            if not self._mapping[name] or _is_known(name):
                continue
            prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
            meant = _closest(name, prefix)
            if meant and self.is_set(meant):
                meant = None
            if prefix and meant:
                self.fault(name, "is not a setting", f"did you mean {meant}?")
            elif meant:
                remarks.append(f"{name} is not a setting of ours and is ignored; did you mean {meant}?")
            elif prefix and prefix != "MAX_":
                remarks.append(f"{name} is not a setting of ours and is ignored")
        return tuple(remarks)

    def numbered(self, name: str) -> list[str]:
        """The names `name`, `name_2`, `name_3`, … that are set, by number."""
        found = {}
        for key in self._mapping:
            match = re.fullmatch(rf"{name}(?:_([0-9]{{1,6}}))?(?:_FILE)?", key)
            if match and self._mapping[key]:
                found[key.removesuffix("_FILE")] = int(match[1] or 0)
        return sorted(found, key=lambda key: (found[key], key))

    def _is_clean(self, name: str, value: str) -> bool:
        if not value.strip():
            self.fault(name, "is blank", "give a value, or remove the variable")
        elif not value.isprintable():
            self.fault(name, "holds a line break or another control character", "put it on one line")
        elif value != value.strip():
            self.fault(name, "has spaces around it", "remove them")
        elif value[0] in _QUOTES or value[-1] in _QUOTES:
            self.fault(name, "has quotes around it", "remove them")
        elif VARIABLES[_family(name)].secret and value == VARIABLES[_family(name)].example:
            self.fault(name, "still holds the example of .env.example", "put yours, or remove the variable")
        else:
            return True
        return False

    def _read_file(self, name: str, *, already_set: bool, many: bool) -> str | None:
        path = self._mapping[f"{name}_FILE"]
        if already_set:
            self.fault(name, f"is set, and so is {name}_FILE", "remove one of them")
            return None
        self._from_file.add(name)
        try:
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST_SECRET_FILE + 1)
            lines = [line.strip() for line in content.decode("utf-8-sig").strip().splitlines()]
        except OSError as error:
            self.fault(name, f"cannot be read ({error.strerror})", "name a file that the bot's user may read")
        except ValueError:
            self.fault(name, "does not name a text file", "name a file with the secret in it and nothing else")
        else:
            if not any(lines):
                self.fault(name, "names an empty file", "put the secret into it")
            elif len(content) > _LARGEST_SECRET_FILE:
                self.fault(name, "names a file far too large", "name a file with the secret in it and nothing else")
            else:
                return ",".join(line.rstrip(", ") for line in lines if line) if many else "\n".join(lines)
        return None


def is_loopback(host: str) -> bool:
    """Whether an address, or "localhost", is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _family(name: str) -> str:
    """The variable of the table that `name` is, or is a numbered sibling of."""
    family = re.sub(r"_[0-9]{1,6}$", "", name)
    return family if family in VARIABLES and VARIABLES[family].numbered else name


def _is_known(name: str) -> bool:
    if _family(name) in VARIABLES:
        return True
    variable = VARIABLES.get(_family(name.removesuffix("_FILE")))
    return variable is not None and variable.secret


def _closest(name: str, prefix: str | None) -> str | None:
    """The variable that `name` was probably meant to be. Behind a prefix of ours, only the rest is compared."""
    if prefix is None:
        near = get_close_matches(name, VARIABLES, n=1, cutoff=0.9)
        return near[0] if near else None
    rests = [known.removeprefix(prefix) for known in VARIABLES if known.startswith(prefix)]
    # Other programs' limits begin with MAX_, too, so there the likeness must be greater.
    cutoff = 0.8 if prefix == "MAX_" else 0.7
    near = get_close_matches(name.removeprefix(prefix), rests, n=1, cutoff=cutoff)
    return prefix + near[0] if near else None
