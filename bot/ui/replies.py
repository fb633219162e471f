"""What users read when something does not go as they hoped: one sentence that says what happens next, by error class.

Words are found along the error's ancestors, so a new class is never without any; a test walks every leaf and asks for
its own. Failures kept in rows are class names, with a reason and a limit where the class has them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from bot.db.faults import DatabaseFull
from bot.media import errors as media
from bot.speech import later, say
from bot.storage import errors as storage
from bot.studio import errors as studio
from bot.studio.budget import Cap
from bot.ui import sending, wording
from providers import errors as provider
from ratelimit import errors as ratelimit

_WORDS: dict[type[Exception], str] = {
    # the studio
    studio.IdeaMissing: "Tell me what the film should be about, or attach a video to start from.",
    studio.IdeaTooLong: "That idea is longer than I can hold. Shorten it to {limit} characters and send it again.",
    studio.NotYours: "This film belongs to <@{owner_id}>, so only they can do that. Start your own with `/plan`.",
    studio.NotOperator: "Only the people who run this bot can do that. Nothing was changed.",
    studio.NotAdmin: "Only people who may manage this server, or who run this bot, can do that. Nothing was changed.",
    studio.Blocked: "The people who run this bot take nothing from you any more. Your films stay yours: `/films` and "
    "`/privacy` still work.",
    studio.BlockedHere: "The moderators of this server don't let you use me here. Your films stay yours: `/films` and "
    "`/privacy` still work.",
    studio.KeyRefused: "{reason}",
    studio.NoSuchFilm: "I don't know that film any more. Start a new one with `/plan`.",
    studio.PlanMoved: "The plan has moved on to v{version} since this card. Have a look at the newest card and press there.",
    studio.PriceRose: "Its card said {shown}, and it costs up to {now} now: a clip that was kept has been lost, or a price has "
    "changed. Nothing was ordered; the card shows the new price in a moment, to greenlight that.",
    studio.AlreadyRendering: "This film is already in the line or rendering. Wait for it, or cancel it on its job card first.",
    studio.AwaitsDecision: "This film is held: choose on its job card whether I order what went unanswered again, finish "
    "without it, or stop.",
    studio.DecidedAlready: "That was decided already. The job card shows how it goes.",
    studio.NothingLeft: "No shot of this film is made yet, so there is nothing to finish without it. Order again, or stop.",
    studio.NothingToRender: "There is no plan to render yet. It appears here as soon as it is written.",
    studio.TooManyWaiting: "You have {limit} films in the line already. Wait for one to finish, or cancel one.",
    studio.OverBudget: "That would cost more than may be spent here just now. Nothing was ordered; `/quota` shows what is left.",
    studio.NotApprover: "Only the operators of this bot and moderators whom they named can decide that, and nobody on "
    "their own film. Nothing was changed.",
    studio.CannotPlan: "This bot has no language model set up, so it can't write plans. Please tell its operator.",
    studio.CannotRender: "No video service that can make this film is set up. Ask the operator, or choose another model "
    "with `/plan`; the plan is kept.",
    studio.EditRefused: "{reason}",
    studio.NotHere: later("The people who run this server don't have me in this channel. Ask in another one."),
    studio.ServerBlocked: later("The operator of this bot does nothing in this server, so nothing was done."),
    studio.WordBlocked: later("I don't take “{word}” here. Say it in other words, and ask again; nothing was done."),
    studio.AgeUnconfirmed: later("Say first that you are {least} or older: I ask you when you use `/plan`."),
    studio.RatioNotOffered: "{label} makes only {ratios}. Choose one of these with `/plan`.",
    studio.ModelGone: "The model {name} was switched off{when}. {instead}",
    studio.UploadGone: "Your video isn't kept any more, and a shot starts from it. Attach it here in the thread once more, "
    "and press **Greenlight** then; nothing was ordered.",
    studio.VoiceNotFound: "I know no voice of that name. Choose one of those that are suggested while you type.",
    studio.NoVoice: "This bot has no voice service set up, so it can't speak. Please tell its operator.",
    studio.NothingToSay: "There was nothing in that to say. Give me a few words.",
    studio.StudioError: "That can't be done right now. Nothing was changed; try again in a moment.",
    # uploads
    media.MediaRefused: "I can't use that file. Send an mp4, mov or webm video.",
    media.AddressRefused: "I only take videos that are attached here on Discord. Attach the file itself and send it again.",
    media.DownloadFailed: "I couldn't fetch your video from Discord. Attach it once more, please.",
    media.CannotFit: "The film is too large for this channel in any quality. It is kept; ask the operator to send it.",
    media.FfmpegUnusable: "This bot can't work with video right now; its operator has to repair ffmpeg.",
    media.FfmpegFailed: "Cutting the video failed. Every clip is kept: press **Greenlight** again, and only the cut is repeated.",
    media.MediaError: "Working on the video failed. Nothing was lost; try again.",
    DatabaseFull: "My disk is full, so I couldn't write that down, and nothing was done. Try again later; the operator can see why.",
    storage.DiskFull: "My disk is full, so I can't start anything new right now. Try again later; the operator can see why.",
    storage.StoreUnavailable: "My file store is unreachable right now. Nothing is lost; try again in a few minutes.",
    storage.StoreMisconfigured: "My file store refuses me; the operator has to look at its keys.",
    storage.ObjectMissing: "That file is not kept any more. Make it again from its plan.",
    storage.StorageError: "My file store has a problem. Nothing is lost; try again in a few minutes.",
    # providers
    provider.Unavailable: "The video or language service is down right now. Nothing was ordered for this step; try "
    "again in a few minutes.",
    provider.RateLimited: "The service is at its limit right now. Nothing was lost; try again in a minute.",
    provider.QuotaExhausted: "The service's quota for this bot is used up. Nothing was ordered for this step; try again "
    "later or ask the operator.",
    provider.KeyRejected: "The service no longer accepts this bot's key. Nothing was ordered for this step; the operator has to renew it.",
    provider.KeyFault: "This bot's keys for the service don't work right now. The operator has to look at them.",
    provider.InvalidRequest: "The service refused the request as it was. Change the shot's wording or length and "
    "press **Greenlight** again.",
    provider.ContentRejected: "The service's content policy refused this. Change the words here in the thread and try again.",
    provider.ModelRetired: "That model is no longer offered. Make a new plan with another model.",
    provider.RequestFault: "The service refused the request as it was. Change the wording and try again.",
    provider.OperationFailed: "The service tried and failed to make it. Press **Greenlight** again to order just that once more.",
    provider.OutcomeUnknown: "The service went silent while I was ordering, so that shot may or may not have been "
    "charged. I won't order it again by guessing: choose on its job card what to do. Everything else is kept.",
    provider.UnexpectedResponse: "The service answered something I can't read. Nothing was changed; say it once more.",
    provider.ProviderError: "A service I depend on failed. Nothing was lost; try again in a few minutes.",
    # Discord
    sending.Busy: "Discord is slow right now. What you asked for is kept and goes on by itself as soon as it answers.",
    sending.NotAllowed: "I may not do that here. Ask a moderator to let me see this channel, write in it and in threads, and attach files.",
    sending.Vanished: "That message or channel is gone. Your films are kept; start again with `/plan`.",
    sending.TooLarge: "That is too large for this channel. Ask the operator to send it another way.",
    sending.Malformed: "Discord refused what I wanted to show, through a fault of mine. Nothing was lost; tell the operator if it stays.",
    sending.DiscordFailed: "Discord did not take that. Nothing was lost; try again in a minute.",
    # the pool
    ratelimit.LeaseTimeout: "All keys of the service are busy. Nothing was lost; try again in a minute.",
    ratelimit.NoUsableKey: "None of this bot's keys for the service works right now. Nothing was ordered for this step; "
    "the operator has to look at them.",
    ratelimit.RateLimitError: "The service is at its limit right now. Nothing was lost; try again in a minute.",
}

_REFUSED: dict[media.Reason, str] = {
    media.Reason.EMPTY: "That file is empty. Export the video again and attach it once more.",
    media.Reason.TOO_LARGE: "That video is larger than {limit_mib} MiB. Make it smaller or cut it, and attach it again.",
    media.Reason.NOT_A_VIDEO: "That file is not a video, whatever its name says. Attach an mp4, mov or webm.",
    media.Reason.UNSUPPORTED_CONTAINER: "I can't read that kind of file. Export it as mp4, mov or webm and attach it again.",
    media.Reason.UNSUPPORTED_CODEC: "I can't decode that video. Export it as H.264 in an mp4 and attach it again.",
    media.Reason.AUDIO_ONLY: "There is only sound in that file. Attach a video with a picture.",
    media.Reason.UNDECODABLE: "That video is damaged or cut off. Export or upload it once more.",
    media.Reason.TOO_LONG: "That video is longer than {limit_minutes} minutes. Cut out the part that matters and attach it.",
    media.Reason.SIDE_TOO_LONG: "That picture is larger than {limit} pixels on a side. Scale the video down and attach it again.",
    media.Reason.TOO_MANY_PIXELS: "That picture has too many pixels. Scale the video down to 4K or less and attach it again.",
    media.Reason.TOO_HEAVY: "Checking that video took too long. Export it as a plain H.264 mp4 and attach it again.",
}

#: Failures that rows keep under a word of their own, since no error of a service tells them.
_KEPT = {
    "Bug": "Something went wrong on my side. Nothing you made is lost; try again, and tell the operator if it stays.",
    "Cancelled": "It was cancelled.",
    "CancelledByOperator": "An operator of this bot cancelled it. What was made is kept and not paid again; ask them why, "
    "and greenlight it again once that is settled.",
    "Declined": "It was not approved, so nothing was ordered and nothing is charged. Make it shorter or choose a "
    "cheaper model, and greenlight that.",
    "NotApproved": "Nobody approved it within three days, so nothing was ordered and nothing is charged. Ask a "
    "moderator, and greenlight it again.",
    "KeyRemoved": "It was ordered with a key that this bot no longer has, so I can't fetch it. The operator has to put "
    "the key back; then press **Look again** on the job card: I look for it before I order anything.",
    "NotOverYet": "The service has not finished it in an hour. I go on looking for a day, and finish the film by myself "
    "if it comes.",
    "OperationLost": "The service says it doesn't know this order any more, so it may or may not have been charged. "
    "Choose on the job card whether I should order it once more.",
    "Restored": "I was brought back from a backup, and don't know what was done since: it may or may not have been "
    "ordered and charged already. I won't order it by guessing: choose on its job card what to do.",
    "KeptFileGone": "Its clip was made before, so it was not in this price, and its file has been lost since. Nothing was "
    "ordered for it: press **Greenlight** again to have it made at the price on the plan card.",
    "GotDearer": "It costs more now than when you greenlit it, so I did not order it. Press **Greenlight** again for the "
    "price on the plan card.",
    "UnusableClip": "The service delivered something that is no video. Press **Greenlight** again to order just that "
    "once more.",
}

#: Why an end could not be posted, by Discord's code, else by the error's class.
_UNDELIVERED = {
    "50001": "I may not see this channel. Once a moderator lets me in, I send it by myself.",
    "50013": "I may not post here. Once a moderator gives me Send Messages, Send Messages in Threads and Attach Files, "
    "I send it by myself.",
    "160005": "this thread is locked. Once a moderator unlocks it, I send it by myself.",
    "160006": "this server has as many active threads as Discord allows. Archive some, and press **Send again**.",
    "200000": "AutoMod blocks my message here. Ask a moderator to let it through, and press **Send again**.",
    "200001": "AutoMod blocks my message here. Ask a moderator to let it through, and press **Send again**.",
    "50007": "you take no direct messages from me. Allow them for a moment, and press **Send again**.",
    "50278": "we share no server any more, so I may not write to you. Invite me again, and I send it by myself.",
    "Vanished": "the place you asked for it in is gone. `/films` sends it wherever you are.",
    "Busy": "Discord did not take it for days. Press **Send again** when it works again.",
    "Malformed": "Discord refused my message through a fault of mine. Please tell the operator, then press **Send again**.",
    "NotAllowed": "Discord does not let me post it here. Press **Send again** once I may.",
}


def words_for_undelivered(why: str) -> str:
    """Why a film is kept instead of posted, as a row keeps it ("Class:code"), and what to do about it."""
    name, _, code = why.partition(":")
    reason = (
        _UNDELIVERED.get(code) or _UNDELIVERED.get(name) or "something went wrong on my side. Press **Send again**."
    )
    return f"Your film is made and kept, but I could not post it: {reason}"


def words_for(error: Exception) -> str:
    """The sentence for an error we expect; an incident id for one we do not."""
    if isinstance(error, media.MediaRefused):
        return _refused(error.reason, error.limit)
    if isinstance(error, studio.NotHere) and error.allowed:
        return _elsewhere(error.allowed)
    if isinstance(error, studio.OverBudget):
        return _over_budget(error)
    for ancestor in type(error).__mro__:
        if words := _WORDS.get(ancestor):
            return words.format_map(vars(error))
    return words_for_bug(incident_id())


def _elsewhere(allowed: frozenset[int]) -> str:
    """Where the bot may be used, as far as that is told in a line."""
    channels = ", ".join(f"<#{each}>" for each in sorted(allowed)[:5])
    return say(
        "The people who run this server don't have me in this channel. Ask in {channels}; nothing was done.",
        channels=channels,
    )


def _over_budget(error: studio.OverBudget) -> str:
    """Which cap, how much is left, and when there is room again."""
    again = f"There is room again <t:{int(error.resets_at)}:R>." if error.resets_at is not None else ""
    if not error.needed_microusd:
        return f"I have spent what I may for today, so I can't plan or talk just now. {again} Your films are kept."
    left, needed = wording.money_left(error.left_microusd), wording.money(error.needed_microusd)
    match error.cap:
        case Cap.FILM:
            return (
                f"It costs up to {needed}, and {left} is left for this one film. Nothing was ordered: make it shorter, or "
                "choose a cheaper model, and greenlight that."
            )
        case Cap.USER_DAY:
            whose = "of what you may spend today"
        case Cap.MEMBER_DAY:
            whose = "of what this server lets you spend today"
        case Cap.GUILD_MONTH:
            whose = "of what this server may spend this month"
        case Cap.BOT_DAY:
            whose = "of what I may spend today for everybody"
    return f"It costs up to {needed}, and {left} {whose} is left. Nothing was ordered. {again} `/quota` shows more."


def words_for_failure(failure: str) -> str:
    """The sentence for a failure as a row keeps it: "Class", "Class:reason" or "Class:reason:limit"."""
    name, _, rest = failure.partition(":")
    reason, _, limit = rest.partition(":")
    if name == media.MediaRefused.__name__ and reason in set(media.Reason):
        return _refused(media.Reason(reason), float(limit) if limit else None)
    if name in _KEPT:
        return _KEPT[name]
    for known, words in _WORDS.items():
        if known.__name__ == name:
            return words.format_map(_Blank(reason=reason, limit=limit))
    return _KEPT["Bug"]


def words_for_bug(incident: str) -> str:
    return f"Something went wrong on my side. Nothing was lost; try again. If it stays, tell the operator `{incident}`."


def incident_id() -> str:
    """A short id that a user can read out and an operator can find in the log."""
    return secrets.token_hex(3)


def known_errors() -> Iterator[type[Exception]]:
    """Every error class that has words of its own."""
    return iter(_WORDS)


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _refused(reason: media.Reason, limit: float | None) -> str:
    number = limit or 0.0
    return _REFUSED[reason].format(
        limit=f"{number:g}", limit_mib=f"{number / (1 << 20):g}", limit_minutes=f"{number / 60:g}"
    )
