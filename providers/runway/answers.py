"""Runway's answers, read once into types. A field that is not there is told apart from one that cannot be read."""

from __future__ import annotations

from pydantic import BaseModel, Field

from providers.errors import OperationFailed
from providers.runway.faults import failure_of
from providers.runway.wire import PROVIDER
from providers.standing import AccountStanding, ModelStanding
from providers.video import Failed, OperationState, Running, Succeeded

_MICROUSD_PER_CREDIT = 10_000  # a credit is one cent; docs.dev.runwayml.com pricing, 2026-11


class Credits(BaseModel):
    credits: float

    @property
    def microusd(self) -> int:
        return round(self.credits * _MICROUSD_PER_CREDIT)


class Accepted(BaseModel):
    """A task that was created; its estimate is the most that it may cost."""

    id: str = Field(min_length=1)
    estimated_cost: Credits | None = Field(default=None, alias="estimatedCost")


class UploadTarget(BaseModel):
    """Where to bring a file to, and its name afterwards."""

    upload_url: str = Field(alias="uploadUrl")
    fields: dict[str, str]
    uri: str = Field(alias="runwayUri", pattern="^runway://", max_length=5000)


class Task(BaseModel):
    status: str
    progress: float | None = None
    output: list[str] = []
    cost: Credits | None = None
    failure: str = ""
    failure_code: str | None = Field(default=None, alias="failureCode")

    @property
    def state(self) -> OperationState:
        cost = self.cost.microusd if self.cost else None
        match self.status:
            case "SUCCEEDED" if self.output:
                return Succeeded(output=self.output[0], price_microusd=cost)
            case "SUCCEEDED":
                return Failed(error=OperationFailed(PROVIDER, "succeeded without a clip"), price_microusd=cost)
            case "FAILED":
                return Failed(error=failure_of(self.failure_code or "", self.failure), price_microusd=cost)
            case "CANCELLED":
                return Failed(error=OperationFailed(PROVIDER, "cancelled"), price_microusd=cost)
            case "PENDING" | "THROTTLED":
                return Running(waiting=True)
            case _:  # RUNNING, and whatever Runway invents next
                return Running(progress=None if self.progress is None else min(max(self.progress, 0.0), 1.0))


class _Bounds(BaseModel):
    concurrent: int | None = Field(default=None, alias="maxConcurrentGenerations")
    daily: int | None = Field(default=None, alias="maxDailyGenerations")


class _Tier(BaseModel):
    name: str = ""  # not in the document of 2026-08-08
    models: dict[str, _Bounds]


class _Used(BaseModel):
    today: int | None = Field(default=None, alias="dailyGenerations")


class _Usage(BaseModel):
    models: dict[str, _Used] = {}


class Organization(BaseModel):
    tier: _Tier
    credit_balance: float = Field(alias="creditBalance")
    usage: _Usage = _Usage()

    @property
    def models(self) -> frozenset[str]:
        return frozenset(self.tier.models)

    def standing(self, key_id: str) -> AccountStanding:
        nothing = _Used()
        models = {
            name: ModelStanding(
                room=bounds.concurrent, per_day=bounds.daily, used_today=self.usage.models.get(name, nothing).today
            )
            for name, bounds in self.tier.models.items()
        }
        return AccountStanding(key_id=key_id, plan=self.tier.name, left=int(self.credit_balance), models=models)
