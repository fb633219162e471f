"""What is sealed opens under its name and token only, and shows nothing of itself."""

from __future__ import annotations

import base64

import pytest

from bot.studio.sealing import Seal, SealBroken

SECRET = "fake-secret-of-a-service"


def test_what_was_sealed_opens_in_another_process_with_the_same_token() -> None:
    sealed = Seal("token").close(SECRET, name="runway-1")

    assert Seal("token").open(sealed, name="runway-1") == SECRET
    assert SECRET not in sealed
    assert SECRET.encode() not in base64.b64decode(sealed)


def test_the_same_secret_is_sealed_another_way_each_time() -> None:
    assert Seal("token").close(SECRET, name="a") != Seal("token").close(SECRET, name="a")


@pytest.mark.parametrize(
    ("token", "name", "spoil"),
    [("another", "a", 0), ("token", "b", 0), ("token", "a", 1)],
    ids=["another token", "another key's row", "a changed row"],
)
def test_it_opens_for_nobody_else(token: str, name: str, spoil: int) -> None:
    raw = bytearray(base64.b64decode(Seal("token").close(SECRET, name="a")))
    raw[-1] ^= spoil

    with pytest.raises(SealBroken):
        Seal(token).open(base64.b64encode(raw).decode(), name=name)


@pytest.mark.parametrize("rubbish", ["", "!!", "AAAA"])
def test_rubbish_is_no_seal(rubbish: str) -> None:
    with pytest.raises(SealBroken):
        Seal("token").open(rubbish, name="a")
