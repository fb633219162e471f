from __future__ import annotations

import pytest

from bot.media.font import FONTS, can_burn


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox; “quoted”, it’s 100 % — €5…",
        "Žluťoučký kůň úpěl ďábelské ódy, İstanbul, Łódź",
        "Tiếng Việt dễ thương",
        "Γειά σου κόσμε",
        "Съешь ещё этих мягких французских булок, їжак",
        "שלום עולם",
    ],
)
def test_the_font_draws_the_scripts_it_was_chosen_for(text: str) -> None:
    assert can_burn(text)


@pytest.mark.parametrize("text", ["日本語", "안녕하세요", "你好", "สวัสดี", "नमस्ते", "take 🎬"])
def test_what_the_font_lacks_is_told_beforehand(text: str) -> None:
    assert not can_burn(text)


def test_the_licence_lies_beside_the_font() -> None:
    assert "Bitstream Vera" in (FONTS / "LICENSE.txt").read_text()
