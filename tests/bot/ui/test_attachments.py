"""Which files of a message are taken, and what is said about the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.ui.attachments import sort_files, words_for_skipped


def file(name: str, content_type: str | None = None) -> Any:
    return SimpleNamespace(filename=name, content_type=content_type, url=f"https://cdn/{name}", size=5)


@pytest.mark.parametrize("name", ["a.mp4", "A.MOV", "a.mkv", "a.avi", "a.webm", "a.m4v", "a.3gp", "a.mts"])
def test_videos_are_known_by_their_endings_whatever_discord_calls_them(name: str) -> None:
    assert [video.name for video in sort_files([file(name, "application/octet-stream")]).videos] == [name]


def test_videos_are_known_by_their_type_whatever_they_are_called() -> None:
    assert sort_files([file("clip", "video/quicktime")]).first is not None


def test_the_first_video_is_taken_and_the_rest_is_named() -> None:
    found = sort_files([file("notes.txt"), file("one.mp4"), file("two_2.mp4")])

    assert found.first is not None
    assert words_for_skipped(found) == r"I took one.mp4 and left aside: two\_2.mp4, notes.txt."


def test_files_that_are_no_videos_are_named() -> None:
    assert words_for_skipped(sort_files([file("notes.txt")])) == (
        "I can only use video files, so I left this one aside: notes.txt."
    )


def test_nothing_is_said_where_nothing_was_left() -> None:
    assert words_for_skipped(sort_files([file("one.mp4")])) == ""
    assert words_for_skipped(sort_files([])) == ""
