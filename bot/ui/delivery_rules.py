"""What to do about an end that could not be posted: one pure function of what went wrong and what was tried.

Discord's codes are those of its page "Opcodes and status codes", what they ask for that of "Threads" and "Rate limits"
(2026-08). A new row belongs here and into the table of tests/bot/ui/test_delivery_rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.media.errors import CannotFit, FfmpegUnusable, MediaError
from bot.production.outbox import LONGEST_PAUSE, pause_after
from bot.storage.errors import ObjectMissing, StorageError, StoreMisconfigured, StoreUnavailable
from bot.ui.sending import Busy, DiscordFailed, Malformed, NotAllowed, TooLarge, Vanished

HOUR, DAY = 3600.0, 24 * 3600.0
#: Seconds after its first try, and tries, that an end is tried no more by itself: both, for we may have been away. And
#: the longest wait that Discord may ask for.
GIVE_UP_AFTER, LEAST_TRIES, LONGEST_WAIT = 3 * DAY, 8, DAY
#: Seconds for which a channel that refused us is not tried, one that is gone, and a DM that its owner closed.
CLOSED_FOR, GONE_FOR, DM_CLOSED_FOR = 600.0, 7 * DAY, DAY
#: Before a film goes out in a poorer form: tries that ffmpeg has failed, seconds that the object store was away. And
#: tries after which a fault of ours is left to a person.
FFMPEG_TRIES, STORE_PATIENCE, FAULT_TRIES = 4, 900.0, 10

ARCHIVED, UPLOADS_LIMITED, HARMFUL_LINK, EXPLICIT = 50083, 400001, 240000, 20009
_WORDS_REFUSED = {200000, 200001, HARMFUL_LINK}  # by AutoMod, or by Discord's filter of links
_DM_CLOSED = {50007, 50278}
_CLOUDFLARE = 40333

#: What Discord lets a file be at its levels of boosts, now and once, in bytes.
_LEVELS = tuple(mib << 20 for mib in (100, 50, 25, 10, 8))


class Form(StrEnum):
    """How a film is carried, the best way first."""

    FILE = "file"
    LINK = "link"
    WORDS = "words"  # it is only told about


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was done for an end so far.

    `tries` counts this one, `age` is in seconds since the first; the others say how it was just sent: with all its
    words or `is_plain`, and whether its thread `was_opened` for it.
    """

    tries: int = 1
    age: float = 0.0
    form: Form = Form.FILE
    is_plain: bool = False
    was_opened: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether it is time to leave it to a person."""
        return self.age >= GIVE_UP_AFTER and self.tries >= LEAST_TRIES


@dataclass(frozen=True, slots=True)
class AgainHere:
    """Try again in the same place after so many seconds; `for_all`: no other end is tried before, either."""

    seconds: float
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class NextPlace:
    """Try the next place; this one is not tried for so many seconds, 0 where it only refused this very message."""

    closed_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Smaller:
    """Send a smaller file."""


@dataclass(frozen=True, slots=True)
class Carry:
    """Carry it in another form."""

    form: Form


@dataclass(frozen=True, slots=True)
class Plainer:
    """Send it without any word of the user's or the model's."""


@dataclass(frozen=True, slots=True)
class OpenThread:
    """Take the thread out of the archive first."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave it for `/films` and **Send again**."""


Step = AgainHere | NextPlace | Smaller | Carry | Plainer | OpenThread | Keep


def decide(error: Exception, tried: Tried) -> Step:  # noqa: C901  # a table
    """What to do next. Every way through ends: in a place, or kept."""
    match error:
        case Busy():
            return _when_busy(error, tried)
        case TooLarge():
            return Smaller() if tried.form is Form.FILE else NextPlace()
        case Vanished():
            return NextPlace(GONE_FOR)
        case NotAllowed():
            return _when_not_allowed(error.code, tried)
        case Malformed():
            return NextPlace() if tried.is_plain else Plainer()
        case DiscordFailed():
            return NextPlace()
        case CannotFit() | FfmpegUnusable():
            return Carry(Form.LINK)
        case MediaError():
            return _again(tried) if tried.tries < FFMPEG_TRIES else Carry(Form.LINK)
        case ObjectMissing() | StoreMisconfigured():
            return Carry(Form.WORDS)
        case StoreUnavailable():
            return _again(tried) if tried.age < STORE_PATIENCE else Carry(Form.WORDS)
        case StorageError() | OSError():  # our disk is full
            return _again(tried)
        case _:
            return _again(tried) if tried.tries < FAULT_TRIES else Keep()


def _when_busy(error: Busy, tried: Tried) -> Step:
    if error.status == 429 or error.code == _CLOUDFLARE:  # past the library: Cloudflare, or a limit that does not end
        return _again(tried, at_least=max(error.retry_after, LONGEST_PAUSE), for_all=True)
    if error.status == 401:  # the operator has to renew the token
        return _again(tried, at_least=LONGEST_PAUSE, for_all=True)
    return _again(tried, at_least=error.retry_after)


def _when_not_allowed(code: int, tried: Tried) -> Step:
    if code == ARCHIVED and not tried.was_opened:
        return OpenThread()
    if code == UPLOADS_LIMITED:
        return Carry(Form.LINK) if tried.form is Form.FILE else NextPlace()
    if code in _WORDS_REFUSED:
        if not tried.is_plain:
            return Plainer()
        if code == HARMFUL_LINK and tried.form is Form.LINK:
            return Carry(Form.WORDS)
        return NextPlace()
    if code == EXPLICIT:
        return NextPlace()
    return NextPlace(DM_CLOSED_FOR if code in _DM_CLOSED else CLOSED_FOR)


def _again(tried: Tried, *, at_least: float = 0.0, for_all: bool = False) -> AgainHere | Keep:
    if tried.is_enough:
        return Keep()
    return AgainHere(max(pause_after(tried.tries), min(at_least, LONGEST_WAIT)), for_all)


def smaller_than(refused: int) -> int:
    """The bytes to aim at after `refused` bytes were too large: one of Discord's levels, then little by little.

    Halving would soon ask for less than is worth watching, where a little less would have been taken.
    """
    return next((level for level in _LEVELS if level < refused), refused * 4 // 5)


def why(error: Exception) -> str:
    """An error as rows keep it: its class, and Discord's code."""
    return f"{type(error).__name__}:{error.code}" if isinstance(error, DiscordFailed) else type(error).__name__
