from __future__ import annotations

import pytest

from bot.media.sniff import Family, sniff


@pytest.mark.parametrize(
    ("head", "family", "kind"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0", Family.VIDEO, "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0", Family.VIDEO, "mov"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm", Family.VIDEO, "webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x88matroska", Family.VIDEO, "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", Family.VIDEO, "avi"),
        (b"\0\0\0\x20ftypM4A \0\0\2\0", Family.SOUND, "m4a"),
        (b"RIFF\0\0\0\0WAVEfmt ", Family.SOUND, "wav"),
        (b"ID3\4\0\0", Family.SOUND, "mp3"),
        (b"\xff\xfb\x90\x00", Family.SOUND, "mp3"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", Family.PICTURE, "heic"),
        (b"\x89PNG\r\n\x1a\n", Family.PICTURE, "png"),
        (b"\xff\xd8\xff\xe0", Family.PICTURE, "jpeg"),
        (b"#EXTM3U\n", Family.UNKNOWN, "unknown"),
        (b"ffconcat version 1.0\n", Family.UNKNOWN, "unknown"),
        (b"<html>", Family.UNKNOWN, "unknown"),
        (b"", Family.UNKNOWN, "unknown"),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head: bytes, family: Family, kind: str) -> None:
    sniffed = sniff(head)

    assert (sniffed.family, sniffed.kind) == (family, kind)
