"""Copies every row of ours from one database to another: from a file that was outgrown to a PostgreSQL.

The engine's own rows stay behind. A film under way is begun again from its row, and the ledger knows what of it was
paid for.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, Table, func, insert, select, text

from bot.db import Database, Transaction
from bot.db.tables import metadata

#: Rows that travel at once.
CHUNK = 500


class NotEmpty(Exception):
    """The target has rows already; the text names a table."""


class Differs(Exception):
    """What arrived is not what left; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What must be the same on both sides: how many rows, and how much money stands in each column of it."""

    rows: int
    microusd: tuple[tuple[str, int], ...]


async def move(source: Database, target: Database) -> dict[str, Sum]:
    """Copy all, in one transaction each; what was copied, by table.

    Raises:
        NotEmpty: there is something in the target.
        Differs: counts or sums are not the same; the target stays empty.
    """
    moved = {}
    async with source.transaction() as leaving, target.transaction() as arriving:
        for table in metadata.sorted_tables:
            if (await _sum(arriving, table)).rows:
                raise NotEmpty(f"the target has rows in {table.name} already")
        for table in metadata.sorted_tables:  # what others refer to comes first
            await _copy(leaving, arriving, table)
            moved[table.name] = await _sum(leaving, table)
            if await _sum(arriving, table) != moved[table.name]:
                raise Differs(f"{table.name} did not arrive as it left")
    return moved


async def _copy(leaving: Transaction, arriving: Transaction, table: Table) -> None:
    result = await leaving.execute(select(table))
    rows = [dict(row) for row in result.mappings()]
    for begin in range(0, len(rows), CHUNK):
        await arriving.execute(insert(table), rows[begin : begin + CHUNK])
    (key, *others) = table.primary_key.columns
    if not others and isinstance(key.type, Integer) and key.autoincrement != False and rows:  # noqa: E712  # or "auto"
        top = max(int(row[key.name]) for row in rows)
        await arriving.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :key), :top)"),
            {"table": table.name, "key": key.name, "top": top},
        )


async def _sum(transaction: Transaction, table: Table) -> Sum:
    money = [column for column in table.columns if column.name.endswith("_microusd")]
    sums = [func.coalesce(func.sum(column), 0) for column in money]
    row = (await transaction.execute(select(func.count(), *sums).select_from(table))).one()
    return Sum(int(row[0]), tuple((column.name, int(each)) for column, each in zip(money, row[1:], strict=True)))
