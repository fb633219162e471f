"""What the studio refuses, each safe to show; the words are in `bot.ui.replies`.

StudioError
├── IdeaMissing       nothing to make a film of
├── IdeaTooLong       more than a plan can hold
├── NotYours          somebody else's film
│   ├── NotInvited    and its owner could invite whoever asks
│   ├── RoleTooSmall  whoever asks was invited for something else
│   └── NotYourAnalysis   somebody else's analysis of a video
├── CannotInvite      somebody who cannot take part
├── TooManyPeople     a film has as many people as it can
├── NothingToUndo     the plan is as it was first written
├── NoSuchVersion     a version of the plan that never was
├── NotOperator       only those who run this bot may
├── NotAdmin          only those who run this bot, or manage the server, may
├── Blocked           nothing is taken from this person
│   └── BlockedHere   ... in this server
├── KeyRefused        that cannot be done with an API key
├── LimitRefused      that cannot be a limit
├── NoSuchFilm        an id nobody knows (or foreign, told apart to nobody)
├── PlanMoved         the button belongs to an older version of the plan
├── PriceRose         it costs more now than its card said
├── AlreadyRendering  the film is in the line or rendering
├── AwaitsDecision    the film is held until its owner decides on its job card
├── DecidedAlready    a held film was decided on before
├── NothingLeft       no shot would be left to cut
├── NothingToRender   no plan yet
├── TooManyWaiting    this person's line is full
├── OverBudget        it would cost more than a cap leaves
├── NotApprover       somebody else has to allow that film's price
├── CannotPlan        no language provider is configured
├── CannotRender      no video provider (or not this model's) is configured
├── RatioNotOffered   a shape that the chosen model does not make
├── ServiceAway       no key of its service works, with another model and what that costs
├── ModelGone         a model that was switched off, with its successor and what that costs
├── UploadGone        the video that shots start from is not kept any more
├── NoStoryboard      nobody here draws, or not in the film's shape
├── AlreadyDrawing    its storyboard is being drawn
├── NeedsApproval     a storyboard that costs more than goes without somebody's approval
├── StillGone         the picture that a shot starts from is not kept any more
├── NoDraft           the plan's model has no cheaper size to try with
├── ModelNotFound     a model that nobody here knows
├── VoiceNotFound     a voice that nobody here has
├── NoVoice           no voice service is configured
├── NothingToSay      a text without words
├── NotHere           the server's admins do not have the bot in this channel
├── ServerBlocked     the operator does nothing in this server
├── WordBlocked       a word of it is not taken here
├── TooManyReports    this person has reported enough for a day
├── FilmHidden        it was hidden after a report
├── FilmHiddenHere    likewise, in one server
├── NobodyReads       nobody here could be shown a report
├── AgeUnconfirmed    the services' terms ask for an age that nobody has confirmed yet
├── VideoMissing      nothing to look at
├── OneVideo          another video where one is talked about
├── PickGone          a form about a message that is not known any more
├── AboveMaximum      it costs more than its owner wants to pay
└── EditRefused       the change asked for cannot be made
"""

from __future__ import annotations

from enum import StrEnum


class StudioError(Exception):
    """Base of the family."""


class IdeaMissing(StudioError):
    pass


class IdeaTooLong(StudioError):
    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} of {limit}")
        self.length = length
        self.limit = limit


class NotYours(StudioError):
    def __init__(self, owner_id: int) -> None:
        super().__init__(str(owner_id))
        self.owner_id = owner_id


class NotInvited(NotYours):
    pass


class RoleTooSmall(NotYours):
    """`role` is what somebody was invited for, `needed` what it takes."""

    def __init__(self, owner_id: int, *, role: str, needed: str) -> None:
        super().__init__(owner_id)
        self.role = role
        self.needed = needed


class CannotInvite(StudioError):
    """`reason` is a sentence for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyPeople(StudioError):
    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


class NothingToUndo(StudioError):
    pass


class NoSuchVersion(StudioError):
    def __init__(self, version: int) -> None:
        super().__init__(f"v{version}")
        self.version = version


class NotOperator(StudioError):
    pass


class NotAdmin(StudioError):
    pass


class Blocked(StudioError):
    pass


class BlockedHere(Blocked):
    pass


class KeyRefused(StudioError):
    """`reason` is a sentence for the operator, without anything of the key in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LimitRefused(StudioError):
    """`reason` is a sentence for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoSuchFilm(StudioError):
    pass


class PlanMoved(StudioError):
    def __init__(self, version: int) -> None:
        super().__init__(f"now v{version}")
        self.version = version


class PriceRose(StudioError):
    """`shown` is the price that its card showed, `now` what it costs; both in words."""

    def __init__(self, shown: str, now: str) -> None:
        super().__init__(f"{shown}, now {now}")
        self.shown = shown
        self.now = now


class AlreadyRendering(StudioError):
    pass


class AwaitsDecision(StudioError):
    pass


class DecidedAlready(StudioError):
    pass


class NothingLeft(StudioError):
    pass


class NothingToRender(StudioError):
    pass


class TooManyWaiting(StudioError):
    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


class Cap(StrEnum):
    """Which sum a refusal says is used up."""

    FILM = "film"
    USER_DAY = "user_day"
    MEMBER_DAY = "member_day"  # what a server leaves each of its members
    GUILD_MONTH = "guild_month"
    BOT_DAY = "bot_day"


class OverBudget(StudioError):
    """`cap` is which bound was met, `needed_microusd` what was asked for (0 where nothing at all is left), and
    `resets_at` when there is room again; `None` where only a smaller film helps.
    """

    def __init__(self, cap: Cap, *, left_microusd: int, needed_microusd: int, resets_at: float | None) -> None:
        super().__init__(f"{cap}: {needed_microusd} of {left_microusd}")
        self.cap = cap
        self.left_microusd = left_microusd
        self.needed_microusd = needed_microusd
        self.resets_at = resets_at


class NotApprover(StudioError):
    pass


class CannotPlan(StudioError):
    pass


class CannotRender(StudioError):
    pass


class RatioNotOffered(StudioError):
    """`label` is the model as people know it, `ratios` what it makes, as a list to read."""

    def __init__(self, label: str, ratios: str) -> None:
        super().__init__(f"{label}: {ratios}")
        self.label = label
        self.ratios = ratios


class ModelGone(StudioError):
    """`name` is the model asked for, `ended` says that it was switched off, `instead` what to do, with a price."""

    def __init__(self, name: str, ended: str, instead: str) -> None:
        super().__init__(f"{name}: {instead}")
        self.name = name
        self.ended = ended
        self.instead = instead


class ServiceAway(StudioError):
    """`away` says which service, `instead` what to do, with a price; "" where nothing is left but to wait."""

    def __init__(self, away: str, instead: str) -> None:
        super().__init__(away)
        self.away = away
        self.instead = instead


class UploadGone(StudioError):
    pass


class NoStoryboard(StudioError):
    pass


class AlreadyDrawing(StudioError):
    pass


class NeedsApproval(StudioError):
    pass


class StillGone(StudioError):
    pass


class NoDraft(StudioError):
    pass


class ModelNotFound(StudioError):
    pass


class VoiceNotFound(StudioError):
    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class NoVoice(StudioError):
    pass


class NothingToSay(StudioError):
    pass


class NotHere(StudioError):
    """`allowed` are the channels and categories where it may be used; empty where all others are."""

    def __init__(self, allowed: frozenset[int]) -> None:
        super().__init__()
        self.allowed = allowed


class ServerBlocked(StudioError):
    pass


class WordBlocked(StudioError):
    def __init__(self, word: str) -> None:
        super().__init__()  # what people write is in no log
        self.word = word


class TooManyReports(StudioError):
    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


class FilmHidden(StudioError):
    pass


class FilmHiddenHere(StudioError):
    pass


class NobodyReads(StudioError):
    pass


class AgeUnconfirmed(StudioError):
    def __init__(self, least: int) -> None:
        super().__init__(str(least))
        self.least = least


class NotYourAnalysis(NotYours):
    pass


class VideoMissing(StudioError):
    pass


class OneVideo(StudioError):
    pass


class PickGone(StudioError):
    pass


class AboveMaximum(StudioError):
    """`needed` is what it costs, `maximum` what its owner named; both in words."""

    def __init__(self, needed: str, maximum: str) -> None:
        super().__init__(f"{needed} above {maximum}")
        self.needed = needed
        self.maximum = maximum


class EditRefused(StudioError):
    """A change that the plan or the model's limits do not allow; `reason` is a sentence for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
