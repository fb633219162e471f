"""What language models took, answer by answer: a row each, priced by the catalogue."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.db import Database
from bot.db.tables import answers
from bot.studio.minds import Spent
from providers.catalogue import Catalogue

logger = logging.getLogger(__name__)


class Answers:
    """Writes the rows. An answer that could not be written down is worth more than its row: it is only logged."""

    def __init__(self, database: Database, catalogue: Catalogue, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._prices = {(model.provider, model.id): model for model in catalogue.language}
        self._clock = clock

    async def keep(self, spent: Spent) -> None:
        model = self._prices.get((spent.provider, spent.model))
        cost = model.price_microusd(spent.usage.input_tokens, spent.usage.output_tokens) if model else 0
        row = {
            "at": self._clock(),
            "user": spent.user,
            "purpose": spent.purpose,
            "provider": spent.provider,
            "model": spent.model,
            "key_id": spent.key_id,
            "input_tokens": spent.usage.input_tokens,
            "output_tokens": spent.usage.output_tokens,
            "cost_microusd": cost,
        }
        try:
            async with self._database.transaction() as transaction:
                await transaction.execute(insert(answers).values(row))
        except (OperationalError, NoConnection):
            logger.warning(
                "usage not recorded", extra={key: row[key] for key in ("provider", "model", "cost_microusd")}
            )
