"""What Groq's chat and its ears have in common: clients, faults, and whoever hears of limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx

from providers.credential import Credential
from providers.groq.clients import GroqClients
from providers.groq.faults import PROVIDER, groq_fault
from providers.quota import Notice, ignore
from providers.transport import translated


class GroqService:
    """Args:
    http: shared connections; the caller closes them.
    base_url: `None` means Groq's own.
    read_timeout: seconds that an answer may stay silent.
    notice: hears what is left of the limits.
    clock: Unix seconds; a daily limit returns at a time.
    """

    name = PROVIDER

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        read_timeout: float = 60.0,
        notice: Notice = ignore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = GroqClients(http, base_url, read_timeout)
        self._notice = notice
        self._clock = clock

    async def close(self) -> None:
        self._clients.forget()

    def _translated(self, credential: Credential, model: str) -> AbstractContextManager[None]:
        return translated(PROVIDER, credential, lambda refusal: groq_fault(refusal, model=model, now=self._clock()))
