"""Long answers over several messages: none too long, nothing lost, the first ones steady while it grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.ui.splitting import split
from providers.catalogue import utf16_units

TEXTS = st.text(st.sampled_from("ab .\n\n。🎬字"), max_size=400)


@given(TEXTS, st.integers(8, 60))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str, most: int) -> None:
    pieces = split(text, most)

    assert all(0 < utf16_units(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(TEXTS, st.integers(8, 60), st.integers(0, 400))
def test_pieces_that_are_full_stay_as_they_are_while_the_text_grows(text: str, most: int, until: int) -> None:
    text = text.strip()
    full = split(text[:until], most)[:-1]

    assert full == split(text, most)[: len(full)]


def test_a_cut_is_made_where_a_reader_pauses() -> None:
    assert split("One two three.\nFour five six.", 20) == ["One two three.", "Four five six."]
    assert split("One two three. Four five six.", 20) == ["One two three.", "Four five six."]
    assert split("short", 20) == ["short"]
    assert split("  ", 20) == []
