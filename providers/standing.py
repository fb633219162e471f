"""How an account stands at its service, and which models the service lists for it. Both are free to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from providers.credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStanding:
    """What an account may do with one model. `None` where the service does not tell."""

    room: int | None = None  # operations open at once
    per_day: int | None = None
    used_today: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """An account as its service sees it.

    Attributes:
        key_id: of the credential that asked.
        plan: the service's name for what was bought, such as a tier; "" where it does not tell.
        left: credits or characters that may still be spent, in `unit`s; `None` where it does not tell.
        resets_at: Unix seconds when `left` is whole again; `None` where only a payment brings it back.
    """

    key_id: str
    plan: str = ""
    left: int | None = None
    unit: str = "credits"
    resets_at: float | None = None
    models: Mapping[str, ModelStanding] = field(default_factory=dict)


class AccountReader(Protocol):
    """A service that tells how an account stands."""

    @property
    def name(self) -> str: ...

    async def standing(self, credential: Credential) -> AccountStanding: ...


class ModelLister(Protocol):
    """A service that lists its models."""

    @property
    def name(self) -> str: ...

    async def listed(self, credential: Credential) -> frozenset[str]:
        """The ids of every model that this key may use now, as the catalogue writes them. Raises `ProviderError`."""
