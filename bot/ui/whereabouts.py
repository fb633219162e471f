"""What people read once it is clear where their film, or the answer about their video, comes."""

from __future__ import annotations

from bot.speech import say
from bot.studio.model import Project, ProjectKind
from bot.ui.threads import NoThread


def where_it_comes(
    project: Project, place_id: int, why_no_thread: NoThread | None = None, *, hears_all: bool = True
) -> str:
    """A sentence for whoever asked; `place_id` is the channel or thread where it is talked over, and `hears_all` says
    whether Discord shows us what is said there without naming us.
    """
    about_video = project.kind is ProjectKind.ANALYSIS
    if project.guild_id is None:
        if about_video:
            return say("On it! The answer comes here, and you can ask on: just write.")
        return say(
            "On it! The plan comes here; tell me what to change. To start another film, mention me first, attach "
            "a video or use `/plan`."
        )
    if place_id == project.channel_id:
        if about_video:
            words = say("On it! The answer comes here; mention me or reply to me to ask on.")
        else:
            words = say("On it! The plan comes here; mention me or reply to me to change anything.")
        return f"{words} {_why(why_no_thread)}".strip()
    if not hears_all:
        words = say("On it! The plan comes in {thread}; mention me there to change anything.", thread=f"<#{place_id}>")
        if about_video:
            words = say("On it! The answer comes in {thread}; mention me there to ask on.", thread=f"<#{place_id}>")
        return words
    if about_video:
        return say("On it! The answer comes in {thread}; ask me anything else there.", thread=f"<#{place_id}>")
    return say("On it! The plan comes in {thread}; talk to me there to change anything.", thread=f"<#{place_id}>")


def _why(why: NoThread | None) -> str:
    match why:
        case None:
            return ""
        case NoThread.FORBIDDEN:
            return say("(I may not open threads in this channel: a moderator can give me Create Public Threads.)")
        case NoThread.FULL:
            return say("(This server has as many active threads as Discord allows, so there is none for it.)")
        case NoThread.BUSY:
            return say("(Discord lets me open no more threads for some minutes, so there is none for it.)")
