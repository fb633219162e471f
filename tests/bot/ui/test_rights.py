"""Operators may everything; those who manage a server govern that one; nobody else anything."""

from __future__ import annotations

import pytest

from bot.studio.errors import NotAdmin, NotOperator
from bot.ui.rights import Asker

HERE, THERE = 5, 6
OPERATOR = Asker(user_id=1, guild_id=HERE, is_operator=True)
ADMIN = Asker(user_id=2, guild_id=HERE, manages=True)
MEMBER = Asker(user_id=3, guild_id=HERE)


def test_an_operator_sees_everything_wherever_they_are() -> None:
    in_a_dm = Asker(user_id=1, is_operator=True)

    assert OPERATOR.check_operator() == in_a_dm.check_operator() == 1
    assert OPERATOR.scope() is None
    assert in_a_dm.scope() is None
    assert OPERATOR.governs(THERE)
    assert OPERATOR.governs(None)


def test_a_servers_admin_governs_that_server_and_nothing_else() -> None:
    assert ADMIN.scope() == HERE
    assert ADMIN.governs(HERE)
    assert not ADMIN.governs(THERE)
    assert not ADMIN.governs(None)
    with pytest.raises(NotOperator):
        ADMIN.check_operator()


@pytest.mark.parametrize("stranger", [MEMBER, Asker(user_id=2, manages=True), Asker(user_id=4)])
def test_nobody_else_may_anything(stranger: Asker) -> None:
    with pytest.raises(NotOperator):
        stranger.check_operator()
    with pytest.raises(NotAdmin):
        stranger.scope()
    assert not stranger.governs(stranger.guild_id)
