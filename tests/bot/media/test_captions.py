from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.media.captions import GAP, LINE, LONGEST, SHORTEST, Cue, Word, cues, to_srt, within


def said(text: str, *, start: float = 0.0, each: float = 0.3, pauses: dict[str, float] | None = None) -> list[Word]:
    """The words of a text, one after the other; after a word of `pauses` nothing is said for so long."""
    words, now = [], start
    for word in text.split():
        words.append(Word(word, now, now + each * 0.8))
        now += each + (pauses or {}).get(word, 0.0)
    return words


def test_a_cue_ends_with_its_sentence() -> None:
    found = cues(said("The keeper climbs the stairs. Nobody sees the light that he lights."))

    assert [cue.text for cue in found] == ["The keeper climbs the stairs.", "Nobody sees the light that he lights."]


def test_a_long_sentence_breaks_at_its_commas() -> None:
    found = cues(
        said(
            "At dawn the old lighthouse keeper climbs the stairs, one hundred and twelve of them, and lights the lamp."
        )
    )

    assert [cue.lines[-1][-1] for cue in found] == [",", "."]


def test_a_pause_parts_what_has_no_punctuation() -> None:
    found = cues(said("he went down to the sea and waited", pauses={"sea": 0.9}))

    assert [cue.text for cue in found] == ["he went down to the sea", "and waited"]


def test_short_sentences_share_a_cue_rather_than_flash() -> None:
    assert [cue.lines for cue in cues(said("No. No! Never again."))] == [("No. No! Never again.",)]


def test_two_lines_are_of_like_length_and_part_at_a_comma() -> None:
    (cue,) = cues(said("When the storm came, nobody in the town had closed a window.", each=0.2))

    assert cue.lines == ("When the storm came,", "nobody in the town had closed a window.")


def test_japanese_breaks_without_blanks_and_after_punctuation() -> None:
    found = cues([Word("昨日は海へ行きました。とても静かで、風もなく、鳥の声だけが聞こえました。", 0, 7)])

    assert [cue.lines for cue in found] == [
        ("昨日は海へ行きました。",),
        ("とても静かで、風もなく、", "鳥の声だけが聞こえました。"),
    ]


def test_korean_keeps_its_blanks() -> None:
    assert cues([Word("안녕하세요", 0, 1), Word("여러분", 1, 2)])[0].text == "안녕하세요 여러분"


def test_a_word_longer_than_a_line_is_parted() -> None:
    found = cues([Word("x" * 100, 0, 4)])

    assert "".join("".join(cue.lines) for cue in found) == "x" * 100
    assert all(len(line) <= LINE for cue in found for line in cue.lines)


def test_text_is_cleaned_of_what_is_not_seen() -> None:
    found = cues([Word("one\n\ntwo\x00", 0, 1), Word("\u202ethree\u2066", 1, 2), Word(" \u200b ", 2, 3)])

    assert found[0].text == "one two three"


def test_no_words_give_no_cues() -> None:
    assert cues([]) == []
    assert cues([Word("?", float("nan"), 1)]) == []


def test_a_cue_stays_after_its_last_word_where_there_is_room() -> None:
    (cue,) = cues([Word("Now.", 1.0, 1.2)])

    assert (cue.start, cue.end) == (1.0, 1.0 + SHORTEST)


def test_words_faster_than_can_be_read_are_late_rather_than_on_top_of_each_other() -> None:
    found = cues([Word("x" * 40, 0.0, 0.0)] * 6)

    assert [(cue.start, cue.end) for cue in found] == [(0.0, 0.8), (0.88, 1.68), (1.76, 2.56)]


def test_what_is_said_after_the_end_is_left_out() -> None:
    given_cues = [Cue(("a",), 0, 1), Cue(("b",), 1.5, 3), Cue(("c",), 4, 5)]

    assert within(given_cues, 2.0) == [Cue(("a",), 0, 1), Cue(("b",), 1.5, 2.0)]


def test_subrip_holds_no_markup_of_strangers() -> None:
    written = to_srt([Cue(("<b>bold</b> {\\an8}", "two\n\n3\n00:00:00,000 --> x"), 3661.5, 3662.25)])

    first, times, *lines = written.rstrip("\n").split("\n")
    assert (first, times) == ("1", "01:01:01,500 --> 01:01:02,250")
    assert len(lines) == 2
    assert "<b>" not in written
    assert "{\\an8}" not in written
    assert lines[0].replace("\u2060", "") == "<b>bold</b> {\\an8}"


texts = st.one_of(
    st.sampled_from(["a", "hello.", "wonderful,", "日本語です。", "ok?", "—"]), st.text(min_size=1, max_size=50)
)
steps = st.tuples(texts, st.sampled_from([0.0, 0.05, 0.2, 0.5, 3.0]), st.sampled_from([0.0, 0.0, 0.1, 0.7, 4.0]))


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40), st.sampled_from([42, 28]))
def test_whatever_is_said_cues_keep_the_rules(given_steps: list[tuple[str, float, float]], line: int) -> None:
    words, now = [], 0.0
    for text, lasts, pause in given_steps:
        words.append(Word(text, now, now + lasts))
        now += lasts + pause

    found = cues(words, line=line)

    for cue in found:
        assert SHORTEST - 0.001 <= cue.end - cue.start <= LONGEST + 0.001
        assert 1 <= len(cue.lines) <= 2
        assert all(len(text) <= line for text in cue.lines if text.isascii())
    for before, after in itertools.pairwise(found):
        assert after.start - before.end >= GAP - 0.002


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(2, 12), min_size=1, max_size=60), st.floats(0.25, 0.6), st.integers(3, 9))
def test_at_a_speaker_s_pace_each_cue_starts_with_its_first_word(lengths: list[int], each: float, every: int) -> None:
    text = " ".join("w" * length + ("." if number % every == 0 else "") for number, length in enumerate(lengths, 1))
    words = said(text, start=0.4, each=each)

    found = cues(words)

    heard = iter(words)
    for cue in found:
        first, *others = cue.text.split()
        start = next(word for word in heard if word.text == first)
        for _ in others:
            next(heard)
        assert abs(cue.start - start.start) <= 0.08
    assert next(heard, None) is None
