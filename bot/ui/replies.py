"""What users read when something does not go as they hoped: one sentence that says what happens next, by error class.

Words are found along the error's ancestors, so a new class is never without any; a test walks every leaf and asks for
its own. Failures kept in rows are class names, with a reason and a limit where the class has them.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

from bot.db.faults import DatabaseFull
from bot.media import errors as media
from bot.speech import later, say
from bot.storage import errors as storage
from bot.studio import errors as studio
from bot.studio.errors import Cap
from bot.studio.rights import Role
from bot.ui import homes, sending, wording
from bot.ui.role_names import ROLE_NAMES
from providers import errors as provider
from ratelimit import errors as ratelimit

_WORDS: dict[type[Exception], str] = {
    # the studio
    studio.IdeaMissing: later("Tell me what the film should be about, or attach a video to start from."),
    studio.IdeaTooLong: later(
        "That idea is longer than I can hold. Shorten it to {limit} characters and send it again."
    ),
    studio.NotYours: later(
        "This film belongs to <@{owner_id}>, so only they can do that. Start your own with `/plan`."
    ),
    studio.NotInvited: later(
        "This film belongs to <@{owner_id}>, so that is for them and for whom they invite: ask them for it (**People** on "
        "its plan card), or start your own with `/plan`."
    ),
    studio.RoleTooSmall: later(
        "This film belongs to <@{owner_id}>, and you take part in it as its {role}; this takes its {needed}. They can "
        "change that with **People** on its plan card."
    ),
    studio.CannotInvite: "{reason}",
    studio.TooManyPeople: later(
        "This film has {limit} people already, and more it cannot have. Remove somebody first."
    ),
    studio.NothingToUndo: later("Nothing was changed since the plan was first written, so there is nothing to undo."),
    studio.NoSuchVersion: later("This plan never had a v{version}."),
    studio.NotOperator: later("Only the people who run this bot can do that. Nothing was changed."),
    studio.NotAdmin: later(
        "Only people who may manage this server, or who run this bot, can do that. Nothing was changed."
    ),
    studio.Blocked: later(
        "The people who run this bot take nothing from you any more. Your films stay yours: `/films` and "
        "`/privacy` still work."
    ),
    studio.BlockedHere: later(
        "The moderators of this server don't let you use me here. Your films stay yours: `/films` and "
        "`/privacy` still work."
    ),
    studio.KeyRefused: "{reason}",
    studio.LimitRefused: "{reason}",
    studio.NoSuchFilm: later("I don't know that film any more. Start a new one with `/plan`."),
    studio.PlanMoved: later(
        "The plan has moved on to v{version} since this card. Have a look at the newest card and press there."
    ),
    studio.PriceRose: later(
        "Its card said {shown}, and it costs up to {now} now: a clip that was kept has been lost, or a price has "
        "changed. Nothing was ordered; the plan card shows the new price in a moment: greenlight it there."
    ),
    studio.AlreadyRendering: later(
        "This film is already in the line or rendering. Wait for it, or cancel it on its job card first."
    ),
    studio.AwaitsDecision: later(
        "This film is held: choose on its job card whether I order what went unanswered again, finish "
        "without it, or stop."
    ),
    studio.DecidedAlready: later("That was decided already. The job card shows how it goes."),
    studio.NothingLeft: later(
        "No shot of this film is made yet, so there is nothing to finish without it. Order again, or stop."
    ),
    studio.NothingToRender: later("There is no plan to render yet. It appears here as soon as it is written."),
    studio.TooManyWaiting: later("You have {limit} films in the line already. Wait for one to finish, or cancel one."),
    studio.OverBudget: later(
        "That would cost more than may be spent here just now. Nothing was ordered; `/quota` shows what is left."
    ),
    studio.NotApprover: later(
        "Only the operators of this bot and moderators whom they named can decide that, and nobody on "
        "their own film. Nothing was changed."
    ),
    studio.CannotPlan: later(
        "This bot has no language model set up, so it can't write plans. Please tell its operator."
    ),
    studio.CannotRender: later(
        "No video service that can make this film is set up. Ask the operator, or choose another model "
        "with `/plan`; the plan is kept."
    ),
    studio.EditRefused: "{reason}",
    studio.NotHere: later("The people who run this server don't have me in this channel. Ask in another one."),
    studio.ServerBlocked: later("The operator of this bot does nothing in this server, so nothing was done."),
    studio.WordBlocked: later("I don't take “{word}” here. Say it in other words, and ask again; nothing was done."),
    studio.TooManyReports: later(
        "You have made {limit} reports today. Tell the moderators of this server about the rest."
    ),
    studio.FilmHidden: later("This film was hidden after a report, so I post it nowhere. It stays yours in `/films`."),
    studio.FilmHiddenHere: later(
        "This film was hidden in this server after a report, so I neither make nor post it here. It stays yours in "
        "`/films`; the people who run the server can show it again."
    ),
    studio.NobodyReads: later(
        "Nobody has set up who reads reports here, so I cannot pass one on. Please tell the people who run this place "
        "yourself."
    ),
    studio.AgeUnconfirmed: later("Say first that you are {least} or older: I ask you when you use `/plan`."),
    studio.RatioNotOffered: later("{label} makes only {ratios}. Choose one of these with `/plan`."),
    studio.ModelGone: "{ended} {instead}",
    studio.ServiceAway: later(
        "{away} Nothing was ordered, and the plan is kept: press **Greenlight** again later. {instead}"
    ),
    studio.UploadGone: later(
        "Your video isn't kept any more, and a shot starts from it. Attach it once more, in a message "
        "in its thread that mentions me, and press **Greenlight** then; nothing was ordered."
    ),
    studio.NoStoryboard: later(
        "No service that draws stills in this film's shape is set up here. The plan is kept as it is."
    ),
    studio.AlreadyDrawing: later("Its storyboard is being drawn already; it comes here in a moment."),
    studio.NeedsApproval: later(
        "So many stills cost what needs somebody's approval here, and a storyboard has no way to ask for it. Nothing was "
        "ordered."
    ),
    studio.StillGone: later(
        "The picture that a shot starts from isn't kept any more. Press **Storyboard** to have it drawn anew, or write "
        "here what the shot should start from; nothing was ordered."
    ),
    studio.NoDraft: later(
        "The model of this plan makes no smaller, cheaper size to try it in. Press **Greenlight** for the film."
    ),
    studio.ModelNotFound: later(
        "I know no such model. Choose one of those that are suggested while you type; `/models` compares them."
    ),
    studio.VoiceNotFound: later("I know no voice of that name. Choose one of those that are suggested while you type."),
    studio.NoVoice: later("This bot has no voice service set up, so it can't speak. Please tell its operator."),
    studio.NothingToSay: later("There was nothing in that to say. Give me a few words."),
    studio.StudioError: later("That can't be done right now. Nothing was changed; try again in a moment."),
    # ways in
    studio.NotYourAnalysis: later(
        "Only <@{owner_id}> can do that, for they asked about this video. Ask about one of yours with `/analyze`."
    ),
    studio.VideoMissing: later(
        "There is no video to look at. Attach one with `/analyze`, or choose a message that has one."
    ),
    studio.OneVideo: later(
        "This is about one video. Ask about another one with `/analyze`, or choose **Analyze this video** "
        "in the menu of a message."
    ),
    studio.PickGone: later("I don't know that message any more. Choose it in its menu once more."),
    studio.AboveMaximum: later(
        "It costs up to {needed}, and you wanted to pay at most {maximum}. Nothing was ordered: say what to "
        "leave out, or which cheaper model to take."
    ),
    # uploads
    media.MediaRefused: later("I can't use that file. Send an mp4, mov, mkv, avi or webm video."),
    media.AddressRefused: later(
        "I only take videos that are attached here on Discord. Attach the file itself and send it again."
    ),
    media.DownloadFailed: later("I couldn't fetch your video from Discord. Attach it once more, please."),
    media.CannotFit: later(
        "The film is too large for this channel in any quality. It is kept; ask the operator to send it."
    ),
    media.FfmpegUnusable: later("This bot can't work with video right now; its operator has to repair ffmpeg."),
    media.FfmpegFailed: later(
        "Cutting the video failed. Every clip is kept: press **Greenlight** again, and only the cut is repeated."
    ),
    media.MediaError: later("Working on the video failed. Nothing was lost; try again."),
    DatabaseFull: later(
        "My disk is full, so I couldn't write that down, and nothing was done. Try again later; the operator can see why."
    ),
    storage.DiskFull: later(
        "My disk is full, so I can't start anything new right now. Try again later; the operator can see why."
    ),
    storage.StoreUnavailable: later(
        "My file store is unreachable right now. Nothing is lost; try again in a few minutes."
    ),
    storage.StoreMisconfigured: later("My file store refuses me; the operator has to look at its keys."),
    storage.ObjectMissing: later("That file is not kept any more. Make it again from its plan."),
    storage.StorageError: later("My file store has a problem. Nothing is lost; try again in a few minutes."),
    # providers
    provider.Unavailable: later(
        "The video or language service is down right now. Nothing was ordered for this step; try "
        "again in a few minutes."
    ),
    provider.RateLimited: later("The service is at its limit right now. Nothing was lost; try again in a minute."),
    provider.QuotaExhausted: later(
        "The service's quota for this bot is used up. Nothing was ordered for this step; try again "
        "later or ask the operator."
    ),
    provider.KeyRejected: later(
        "The service no longer accepts this bot's key. Nothing was ordered for this step; the operator has to renew it."
    ),
    provider.KeyFault: later("This bot's keys for the service don't work right now. The operator has to look at them."),
    provider.InvalidRequest: later(
        "The service refused the request as it was. Change the shot's wording or length and press **Greenlight** again."
    ),
    provider.ContentRejected: later(
        "The service's content policy refused this. Choose other words on the plan card, or by mentioning me, and try again."
    ),
    provider.ModelRetired: later("That model is no longer offered. Make a new plan with another model."),
    provider.RequestFault: later("The service refused the request as it was. Change the wording and try again."),
    provider.OperationFailed: later(
        "The service tried and failed to make it. Press **Greenlight** again to order just that once more."
    ),
    provider.OutcomeUnknown: later(
        "The service went silent while I was ordering, so that shot may or may not have been "
        "charged. I won't order it again by guessing: choose on its job card what to do. Everything else is kept."
    ),
    provider.UnexpectedResponse: later(
        "The service answered something I can't read. Nothing was changed; say it once more."
    ),
    provider.ProviderError: later("A service I depend on failed. Nothing was lost; try again in a few minutes."),
    # Discord
    sending.Busy: later(
        "Discord is slow right now. What you asked for is kept and goes on by itself as soon as it answers."
    ),
    homes.NoMember: later(
        "I am no member here, so I can post nothing in this place. Press it in a server that I am in, or in our direct "
        "messages."
    ),
    sending.NotAllowed: later(
        "I may not do that here. Ask a moderator to let me see this channel, write in it and in threads, and attach files."
    ),
    homes.Unreachable: later(
        "I am no member here, and I may not write to you either. Allow direct messages from me, or use me in a server "
        "that I am in."
    ),
    sending.Vanished: later("That message or channel is gone. Your films are kept; start again with `/plan`."),
    sending.TooLarge: later("That is too large for this channel. Ask the operator to send it another way."),
    sending.Malformed: later(
        "Discord refused what I wanted to show, through a fault of mine. Nothing was lost; tell the operator if it stays."
    ),
    sending.DiscordFailed: later("Discord did not take that. Nothing was lost; try again in a minute."),
    # the pool
    ratelimit.LeaseTimeout: later("All keys of the service are busy. Nothing was lost; try again in a minute."),
    ratelimit.NoUsableKey: later(
        "None of this bot's keys for the service works right now. Nothing was ordered for this step; "
        "the operator has to look at them."
    ),
    ratelimit.RateLimitError: later("The service is at its limit right now. Nothing was lost; try again in a minute."),
}

_REFUSED: dict[media.Reason, str] = {
    media.Reason.EMPTY: later("That file is empty. Export the video again and attach it once more."),
    media.Reason.TOO_LARGE: later(
        "That video is larger than {limit_mib} MiB. Make it smaller or cut it, and attach it again."
    ),
    media.Reason.NOT_A_VIDEO: later(
        "That file is not a video, whatever its name says. Attach an mp4, mov, mkv, avi or webm."
    ),
    media.Reason.UNSUPPORTED_CONTAINER: later(
        "I can't read that kind of file. Export it as mp4, mov, mkv, avi or webm and attach it again."
    ),
    media.Reason.UNSUPPORTED_CODEC: later(
        "I can't decode that video. Export it as H.264 in an mp4 and attach it again."
    ),
    media.Reason.AUDIO_ONLY: later("There is only sound in that file. Attach a video with a picture."),
    media.Reason.UNDECODABLE: later("That video is damaged or cut off. Export or upload it once more."),
    media.Reason.TOO_LONG: later(
        "That video is longer than {limit_minutes} minutes. Cut out the part that matters and attach it."
    ),
    media.Reason.SIDE_TOO_LONG: later(
        "That picture is larger than {limit} pixels on a side. Scale the video down and attach it again."
    ),
    media.Reason.TOO_MANY_PIXELS: later(
        "That picture has too many pixels. Scale the video down to 4K or less and attach it again."
    ),
    media.Reason.TOO_HEAVY: later(
        "Checking that video took too long. Export it as a plain H.264 mp4 and attach it again."
    ),
}

#: A fact that stands in some words.
_FACT = re.compile(r"\{(\w+)\}")

#: Failures that rows keep under a word of their own, since no error of a service tells them.
_KEPT = {
    "Bug": later(
        "Something went wrong on my side. Nothing you made is lost; try again, and tell the operator if it stays."
    ),
    "Cancelled": later("It was cancelled."),
    "CancelledByOperator": later(
        "An operator of this bot cancelled it. What was made is kept and not paid again; ask them why, "
        "and greenlight it again once that is settled."
    ),
    "CancelledByApprover": later(
        "Somebody whom you made its approver cancelled it. What was made is kept and not paid again; ask them why, and "
        "greenlight it again if you like."
    ),
    "HiddenByOperator": later(
        "It was reported while it waited, and an operator of this bot has hidden it. So I took it out of the line, and "
        "ordered nothing more. If you think that is wrong, ask the operator: once they show it again, you can greenlight "
        "it again. It stays yours in `/films`."
    ),
    "HiddenByServer": later(
        "It was reported while it waited, and the people who run the server have hidden it there. So I took it out of "
        "the line, and ordered nothing more. If you think that is wrong, ask them: once they show it again, you can "
        "greenlight it again. It stays yours in `/films`."
    ),
    "Declined": later(
        "It was not approved, so nothing was ordered and nothing is charged. Make it shorter or choose a "
        "cheaper model, and greenlight that."
    ),
    "NotApproved": later(
        "Nobody approved it within three days, so nothing was ordered and nothing is charged. Ask a "
        "moderator, and greenlight it again."
    ),
    "KeyRemoved": later(
        "It was ordered with a key that this bot no longer has, so I can't fetch it. The operator has to put "
        "the key back; then press **Look again** on the job card: I look for it before I order anything."
    ),
    "NotOverYet": later(
        "The service has not finished it in an hour. I go on looking for a day, and finish the film by myself "
        "if it comes."
    ),
    "OperationLost": later(
        "The service says it doesn't know this order any more, so it may or may not have been charged. "
        "Choose on the job card whether I should order it once more."
    ),
    "Restored": later(
        "I was brought back from a backup, and don't know what was done since: it may or may not have been "
        "ordered and charged already. I won't order it by guessing: choose on its job card what to do."
    ),
    "KeptFileGone": later(
        "Its clip was made before, so it was not in this price, and its file has been lost since. Nothing was "
        "ordered for it: press **Greenlight** again to have it made at the price on the plan card."
    ),
    "GotDearer": later(
        "It costs more now than when you greenlit it, so I did not order it. Press **Greenlight** again for the "
        "price on the plan card."
    ),
    "UnusableClip": later(
        "The service delivered something that is no video. Press **Greenlight** again to order just that once more."
    ),
}

#: Why an end could not be posted, by Discord's code, else by the error's class.
_UNDELIVERED = {
    "50001": later("I may not see this channel. Once a moderator lets me in, I send it by myself."),
    "50013": later(
        "I may not post here. Once a moderator gives me Send Messages, Send Messages in Threads and Attach Files, "
        "I send it by myself."
    ),
    "160005": later("this thread is locked. Once a moderator unlocks it, I send it by myself."),
    "160006": later(
        "this server has as many active threads as Discord allows. Archive some, and press **Send again**."
    ),
    "200000": later("AutoMod blocks my message here. Ask a moderator to let it through, and press **Send again**."),
    "200001": later("AutoMod blocks my message here. Ask a moderator to let it through, and press **Send again**."),
    "50007": later("you take no direct messages from me. Allow them for a moment, and press **Send again**."),
    "50278": later("we share no server any more, so I may not write to you. Invite me again, and I send it by myself."),
    "Vanished": later("the place you asked for it in is gone. `/films` sends it wherever you are."),
    "Busy": later("Discord did not take it for days. Press **Send again** when it works again."),
    "Malformed": later(
        "Discord refused my message through a fault of mine. Please tell the operator, then press **Send again**."
    ),
    "NotAllowed": later("Discord does not let me post it here. Press **Send again** once I may."),
}

_UNKNOWN = later("something went wrong on my side. Press **Send again**.")


def words_for_undelivered(why: str) -> str:
    """Why a film is kept instead of posted, as a row keeps it ("Class:code"), and what to do about it."""
    return say("Your film is made and kept, but I could not post it: {reason}", reason=words_for_closed(why))


def words_for_closed(why: str) -> str:
    """Why a channel took nothing, as a row keeps it ("Class:code"), and what to do about it."""
    name, _, code = why.partition(":")
    return say(_UNDELIVERED.get(code) or _UNDELIVERED.get(name) or _UNKNOWN)


def words_for(error: Exception) -> str:
    """The sentence for an error we expect; an incident id for one we do not."""
    if isinstance(error, media.MediaRefused):
        return _refused(error.reason, error.limit)
    if isinstance(error, studio.NotHere) and error.allowed:
        return _elsewhere(error.allowed)
    if isinstance(error, studio.OverBudget):
        return _over_budget(error)
    if isinstance(error, studio.RoleTooSmall):
        roles = {"role": say(ROLE_NAMES[Role(error.role)]), "needed": say(ROLE_NAMES[Role(error.needed)])}
        return say(_WORDS[studio.RoleTooSmall], owner_id=error.owner_id, **roles)
    for ancestor in type(error).__mro__:
        if words := _WORDS.get(ancestor):
            return say(words, **vars(error))
    return words_for_bug(incident_id())


def _elsewhere(allowed: frozenset[int]) -> str:
    """Where the bot may be used, as far as that is told in a line."""
    channels = ", ".join(f"<#{each}>" for each in sorted(allowed)[:5])
    return say(
        "The people who run this server don't have me in this channel. Ask in {channels}; nothing was done.",
        channels=channels,
    )


_OVER_BUDGET = {
    Cap.FILM: later(
        "It costs up to {needed}, and {left} is left for this one film. Nothing was ordered: make it shorter, or "
        "choose a cheaper model, and greenlight that."
    ),
    Cap.USER_DAY: later(
        "It costs up to {needed}, and {left} of what you may spend today is left. Nothing was ordered. {again} "
        "`/quota` shows more."
    ),
    Cap.MEMBER_DAY: later(
        "It costs up to {needed}, and {left} of what this server lets you spend today is left. Nothing was ordered. "
        "{again} `/quota` shows more."
    ),
    Cap.GUILD_MONTH: later(
        "It costs up to {needed}, and {left} of what this server may spend this month is left. Nothing was ordered. "
        "{again} `/quota` shows more."
    ),
    Cap.BOT_DAY: later(
        "It costs up to {needed}, and {left} of what I may spend today for everybody is left. Nothing was ordered. "
        "{again} `/quota` shows more."
    ),
}


def _over_budget(error: studio.OverBudget) -> str:
    """Which cap, how much is left, and when there is room again."""
    when = error.resets_at
    again = say("There is room again {moment}.", moment=f"<t:{int(when)}:R>") if when is not None else ""
    if not error.needed_microusd:
        return say(
            "I have spent what I may for today, so I can't plan or talk just now. {again} Your films are kept.",
            again=again,
        )
    left, needed = wording.money_left(error.left_microusd), wording.money(error.needed_microusd)
    return say(_OVER_BUDGET[error.cap], needed=needed, left=left, again=again)


def words_for_failure(failure: str) -> str:
    """The sentence for a failure as a row keeps it: "Class", "Class:reason" or "Class:reason:limit"."""
    name, _, rest = failure.partition(":")
    reason, _, limit = rest.partition(":")
    if name == media.MediaRefused.__name__ and reason in set(media.Reason):
        return _refused(media.Reason(reason), float(limit) if limit else None)
    if name in _KEPT:
        return say(_KEPT[name])
    for known, words in _WORDS.items():
        if known.__name__ == name:
            facts = {"reason": reason, "limit": limit}
            return say(words, **{name: facts.get(name) or "…" for name in _FACT.findall(words)})
    return say(_KEPT["Bug"])


def words_for_bug(incident: str) -> str:
    return say(
        "Something went wrong on my side. Nothing was lost; try again. If it stays, tell the operator `{incident}`.",
        incident=incident,
    )


def incident_id() -> str:
    """A short id that a user can read out and an operator can find in the log."""
    return secrets.token_hex(3)


def known_errors() -> Iterator[type[Exception]]:
    """Every error class that has words of its own."""
    return iter(_WORDS)


def _refused(reason: media.Reason, limit: float | None) -> str:
    number = limit or 0.0
    return say(
        _REFUSED[reason],
        limit=f"{number:g}",
        limit_mib=wording.number(number / (1 << 20)),
        limit_minutes=wording.number(number / 60),
    )
