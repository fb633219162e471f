"""What a message wants of us, decided from what is seen of it and whose film is talked over where it was said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from bot.studio.model import Project


class Meaning(Enum):
    NOTHING = auto()
    CHANGE = auto()  # words about the film that is talked over there
    NEW_FILM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What of a message decides whether it is for us.

    `begins_with_us`: a mention of us is its first word; `directs`: its author was invited to change the film;
    `answers_another`: it replies to another person.
    """

    author_id: int
    directs: bool = False
    in_guild: bool = True
    mentions_us: bool = False
    begins_with_us: bool = False
    replies_to_us: bool = False
    answers_another: bool = False
    has_video: bool = False


def meaning(seen: Seen, project: Project | None) -> Meaning:
    """What a message means where `project` is talked over.

    A film's thread is about that film. A DM holds all films of a person, and a channel without threads those of many:
    there it takes a sign to start another, and in the channel one to be meant at all.
    """
    if project is None:
        return Meaning.NEW_FILM if seen.mentions_us or not seen.in_guild else Meaning.NOTHING
    if not seen.in_guild:
        return Meaning.NEW_FILM if seen.has_video or seen.begins_with_us else Meaning.CHANGE
    is_shared = project.thread_id == project.channel_id
    if seen.author_id != project.owner_id and not seen.directs:
        # Others may talk among themselves. Who asks us directly in a film's thread is told whose film it is.
        if is_shared:
            return Meaning.NEW_FILM if seen.mentions_us else Meaning.NOTHING
        return Meaning.CHANGE if seen.mentions_us or seen.replies_to_us else Meaning.NOTHING
    # Where several people direct a film they talk to each other, too.
    for_us = seen.mentions_us or seen.replies_to_us or not (is_shared or seen.answers_another)
    return Meaning.CHANGE if for_us else Meaning.NOTHING
