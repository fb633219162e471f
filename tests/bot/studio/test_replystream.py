"""The reply inside a JSON answer that is still being written."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.studio.replystream import ReplyStream

TRICKY = st.text(alphabet=st.sampled_from('ab"\\/u\n\t{}:,0dD8🐉é\u2028'), max_size=20)
REPLIES = TRICKY | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def told(*pieces: str) -> list[str]:
    stream = ReplyStream()
    return [reply for piece in pieces if (reply := stream.feed(piece)) is not None]


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@given(REPLIES, st.lists(st.integers(0, 200)), st.booleans(), st.sampled_from([None, 2]))
def test_a_reply_cut_anywhere_grows_without_a_wrong_letter_to_its_whole(
    reply: str, places: list[int], ascii_only: bool, indent: int | None
) -> None:
    edits = [{"text": 'a "reply": "decoy"'}]
    answer = json.dumps({"reply": reply, "edits": edits}, ensure_ascii=ascii_only, indent=indent)

    wholes = told(*cut(answer, places))

    assert all(reply.startswith(whole) for whole in wholes)
    assert wholes == sorted(wholes, key=len)
    assert (wholes[-1] if wholes else "") == reply


@given(REPLIES)
def test_a_reply_that_comes_letter_by_letter_is_told_letter_by_letter(reply: str) -> None:
    wholes = told(*json.dumps({"reply": reply, "edits": []}))

    assert wholes == [reply[:length] for length in range(1, len(reply) + 1)]


def test_half_a_surrogate_pair_is_held_back() -> None:
    assert told('{"reply": "a\\ud83d', '\\udc09!"}') == ["a", "a🐉!"]


def test_a_surrogate_without_its_half_is_never_told() -> None:
    assert told('{"reply": "a\\ud83d b"}') == ["a"]


def test_a_reply_that_ends_in_a_backslash_is_told_whole() -> None:
    assert told(json.dumps({"reply": "C:\\"}))[-1] == "C:\\"


def test_the_text_is_kept_for_whoever_reads_the_rest() -> None:
    stream = ReplyStream()
    stream.feed('{"reply": ')
    stream.feed('"hi", "edits": []}')

    assert json.loads(stream.text) == {"reply": "hi", "edits": []}


def test_pieces_that_add_nothing_to_the_reply_tell_nothing() -> None:
    assert told('{"reply": "hi"', ', "edits": [', "]}") == ["hi"]
