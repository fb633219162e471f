"""Where people are told that it comes."""

from __future__ import annotations

import pytest

from bot.studio.model import ProjectKind
from bot.ui.threads import NoThread
from bot.ui.whereabouts import where_it_comes
from tests.bot.studio.samples import project


@pytest.mark.parametrize("kind", ProjectKind)
def test_the_thread_is_named(kind: ProjectKind) -> None:
    assert "<#7>" in where_it_comes(project(kind=kind), 7)


@pytest.mark.parametrize("kind", ProjectKind)
def test_in_a_channel_it_takes_a_mention_or_a_reply(kind: ProjectKind) -> None:
    assert "mention me or reply to me" in where_it_comes(project(kind=kind), 6)


@pytest.mark.parametrize("kind", ProjectKind)
def test_who_is_heard_only_by_name_is_told_so(kind: ProjectKind) -> None:
    assert "mention me there" in where_it_comes(project(kind=kind), 7, hears_all=False)
    assert "mention me" not in where_it_comes(project(kind=kind), 7)


@pytest.mark.parametrize("kind", ProjectKind)
def test_in_direct_messages_one_just_writes(kind: ProjectKind) -> None:
    words = where_it_comes(project(kind=kind, guild_id=None), 6)

    assert "comes here" in words
    assert "reply" not in words


def test_why_there_is_no_thread_is_told_each_in_its_own_words() -> None:
    told = {where_it_comes(project(), 6, why) for why in (None, *NoThread)}

    assert len(told) == 4
    assert any("Create Public Threads" in words for words in told)
