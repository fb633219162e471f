"""A production and its takes, as the rows hold them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.production.notes import Note


class ProductionState(StrEnum):
    ASKING = "asking"  # its price needs somebody's approval; the line does not know it yet
    ACCEPTED = "accepted"  # in the line
    RUNNING = "running"
    HELD = "held"  # an order went unanswered; waits for a person
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: States in which a production still takes, or may take, its owner's turn.
ACTIVE = (ProductionState.ACCEPTED, ProductionState.RUNNING)
#: States in which it may still order, now or once a person has decided: its money is kept aside.
OPEN = (ProductionState.ASKING, *ACTIVE, ProductionState.HELD)
#: States whose coming is told in a new message: its end, or that it waits for its owner.
TERMINAL = (ProductionState.HELD, ProductionState.DONE, ProductionState.FAILED, ProductionState.CANCELLED)

#: The failure of a film that was open when the backup was made which its rows come from: nothing goes on by itself.
RESTORED = "Restored"


class Stage(StrEnum):
    """What a running production is doing."""

    QUEUE = "queue"
    VOICE = "voice"
    SHOTS = "shots"
    CUT = "cut"
    OVER = "over"


class TakeState(StrEnum):
    WAITING = "waiting"  # for a free key, or for the shot before
    ORDERED = "ordered"  # accepted by the provider, in its own line
    RENDERING = "rendering"
    MADE = "made"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the order went unanswered
    LEFT_OUT = "left_out"  # its owner chose to finish without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One shot being made. `content` names its clip; `failure` is an error class's name, or a word of `ui.replies`."""

    shot: int
    content: str
    state: TakeState
    progress: float | None
    failure: str | None
    price_microusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the line must know of a film that waits; ten thousand of them are read at once."""

    id: str
    owner_id: int
    price_microusd: int
    updated_at: float
    weight: float = 1.0
    moved: float | None = None  # by an operator: below zero before all others, above behind them


def day_of(at: float) -> date:
    """The day, here, of a moment in Unix seconds."""
    return datetime.fromtimestamp(at).astimezone().date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """One film being made of one version of a plan.

    `weight` is how often its owner's turn comes for one of somebody else's, as its server's roles said when it was
    greenlit.
    `run` counts from 1: each time it is taken up again it is another workflow and another end to tell.
    `kept_sounds` are files of recordings that were there when it was greenlit, and are not in its price. `greenlit_by`
    is the approver who pressed, `None` where that was its owner.
    A `draft` is made in the small size of its model, to try the plan with.
    """

    id: str
    project_id: str
    version: int
    owner_id: int
    guild_id: int | None = None
    asset_id: str | None
    state: ProductionState
    stopping: bool
    stage: Stage
    failure: str | None
    price_microusd: int
    cost_microusd: int | None
    film_duration: float | None
    accepted_at: float
    started_at: float | None
    finished_at: float | None
    delivering_at: float | None
    delivered_message_id: int | None
    delivered_at: float | None
    delivery_channel_id: int | None = None
    delivery_guild_id: int | None = None
    delivery_tries: int = 0
    delivery_at: float | None = None
    undelivered: str | None = None
    run: int = 1
    worker: str | None = None
    approved_by: int | None = None
    greenlit_by: int | None = None
    weight: float = 1.0
    kept_sounds: tuple[str, ...] = ()
    draft: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def greenlit_on(self) -> date:
        """The day by which its models count as they do in the catalogue."""
        return day_of(self.accepted_at)

    @property
    def workflow_id(self) -> str:
        """What the engine knows its present run by."""
        return self.id if self.run == 1 else f"{self.id}-{self.run}"
