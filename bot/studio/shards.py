"""Which servers' films a process shows: Discord deals servers out to shards by id, direct messages to shard 0."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, Integer, func, literal, true

#: More shards than the largest bots have; a slip of the finger is more likely.
MAX_COUNT = 10_000
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """Those from `first` to `last`, of `count` in all."""

    first: int = 0
    last: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "A-B/N", or "A/N" for one shard. Raises `ValueError` with words for whoever typed it."""
        found = _RANGE.fullmatch(text.strip())
        if found is None:
            raise ValueError("write A-B/N: the first and the last shard, and how many there are in all, as in 0-3/8")
        first, last, count = (int(number) for number in (found[1], found[2] or found[1], found[3]))
        if not 1 <= count <= MAX_COUNT:
            raise ValueError(f"there are 1 to {MAX_COUNT} shards in all")
        if not first <= last < count:
            raise ValueError(f"of {count} shards the first is 0 and the last {count - 1}")
        return cls(first=first, last=last, count=count)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}/{self.count}"

    @property
    def ids(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def are_all(self) -> bool:
        return len(self.ids) == self.count

    def serve(self, guild_id: int | None) -> bool:
        """Whether what happens in this server (`None` in a direct message) comes to one of these."""
        return ((guild_id or 0) >> 22) % self.count in self.ids

    def among(self, guild_id: ColumnElement[int | None]) -> ColumnElement[bool]:
        """The same of a column, for a query's WHERE."""
        if self.are_all:
            return true()
        shard = func.coalesce(guild_id, 0).bitwise_rshift(literal(22, Integer)) % self.count
        return shard.between(self.first, self.last)


#: One process shows everything.
ALL_SHARDS = Shards()
