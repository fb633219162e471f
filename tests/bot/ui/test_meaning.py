"""Which messages are for us, and what they want."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.ui.meaning import Meaning, Seen, meaning
from tests.bot.studio.samples import OWNER, project

STRANGER = 2002
IN_THREAD = project()
IN_CHANNEL = project(thread_id=6)
IN_DM = project(guild_id=None, thread_id=6)
SAID = Seen(author_id=OWNER)
MENTIONED = Seen(author_id=OWNER, mentions_us=True)
REPLIED = Seen(author_id=OWNER, replies_to_us=True)


def by_stranger(seen: Seen) -> Seen:
    return replace(seen, author_id=STRANGER)


def in_dm(**facts: bool) -> Seen:
    return Seen(author_id=OWNER, in_guild=False, **facts)


def test_where_no_film_is_talked_over_only_a_mention_starts_one() -> None:
    assert [meaning(seen, None) for seen in (SAID, REPLIED, MENTIONED)] == [
        Meaning.NOTHING,
        Meaning.NOTHING,
        Meaning.NEW_FILM,
    ]


def test_in_a_films_thread_everything_its_owner_says_is_about_it() -> None:
    said = (SAID, REPLIED, MENTIONED, replace(SAID, has_video=True))

    assert {meaning(seen, IN_THREAD) for seen in said} == {Meaning.CHANGE}


def test_others_talk_among_themselves_in_a_thread_unless_they_ask_us() -> None:
    assert [meaning(by_stranger(seen), IN_THREAD) for seen in (SAID, REPLIED, MENTIONED)] == [
        Meaning.NOTHING,
        Meaning.CHANGE,  # the desk says whose film it is
        Meaning.CHANGE,
    ]


def test_in_a_channel_without_threads_the_owner_must_mean_us() -> None:
    assert [meaning(seen, IN_CHANNEL) for seen in (SAID, REPLIED, MENTIONED)] == [
        Meaning.NOTHING,
        Meaning.CHANGE,
        Meaning.CHANGE,
    ]


def test_in_a_channel_without_threads_another_ones_mention_starts_their_own_film() -> None:
    assert [meaning(by_stranger(seen), IN_CHANNEL) for seen in (SAID, REPLIED, MENTIONED)] == [
        Meaning.NOTHING,
        Meaning.NOTHING,
        Meaning.NEW_FILM,
    ]


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        (in_dm(), Meaning.CHANGE),
        (in_dm(mentions_us=True), Meaning.CHANGE),
        (in_dm(mentions_us=True, begins_with_us=True), Meaning.NEW_FILM),
        (in_dm(has_video=True), Meaning.NEW_FILM),
    ],
)
def test_in_a_dm_a_video_or_a_mention_first_starts_another_film(seen: Seen, meant: Meaning) -> None:
    assert meaning(seen, IN_DM) is meant
    assert meaning(seen, None) is Meaning.NEW_FILM


def test_who_was_invited_to_direct_is_heard_as_the_owner_is() -> None:
    for place in (IN_THREAD, IN_CHANNEL):
        for seen in (SAID, REPLIED, MENTIONED):
            assert meaning(replace(by_stranger(seen), directs=True), place) is meaning(seen, place)


def test_what_one_person_replies_to_another_is_between_them_unless_we_are_named() -> None:
    aside = replace(SAID, answers_another=True)

    assert meaning(aside, IN_THREAD) is Meaning.NOTHING
    assert meaning(replace(aside, mentions_us=True), IN_THREAD) is Meaning.CHANGE
