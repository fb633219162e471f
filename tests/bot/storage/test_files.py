from __future__ import annotations

from pathlib import Path

import pytest

from bot.storage.errors import DiskFull
from bot.storage.files import Files

SHA = "a" * 64


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "data", min_free_bytes=0, min_free_share=0.0)


def test_an_artefact_s_path_is_the_same_each_time(files: Files) -> None:
    path = files.artefact("01J9-abc", "shot-3.mp4")

    assert path == files.root / "films" / "01J9-abc" / "shot-3.mp4" == files.artefact("01J9-abc", "shot-3.mp4")
    assert path.parent.is_dir()


def test_an_upload_lies_under_its_content(files: Files) -> None:
    assert files.upload(SHA, "webm") == files.root / "uploads" / f"{SHA}.webm"


@pytest.mark.parametrize("film_id", ["", ".", "..", "../x", "a/b", "a\0b", "-x", "a" * 101, "é", "x\n"])
def test_an_id_that_is_no_id_names_nothing(files: Files, film_id: str) -> None:
    with pytest.raises(ValueError, match="id of a film"):
        files.artefact(film_id, "shot-1.mp4")


@pytest.mark.parametrize("name", ["", "film", "../film.mp4", "a/b.mp4", ".mp4", "Film.MP4", "film.exe", "film.mp4\n"])
def test_a_name_that_is_none_of_ours_names_nothing(files: Files, name: str) -> None:
    with pytest.raises(ValueError, match="name of an artefact"):
        files.artefact("p1", name)


@pytest.mark.parametrize(("sha256", "kind"), [("a" * 63, "mp4"), ("A" * 64, "mp4"), (SHA, "exe"), (SHA, "../mp4")])
def test_an_upload_has_a_hash_and_a_known_kind(files: Files, sha256: str, kind: str) -> None:
    with pytest.raises(ValueError, match="name of an upload"):
        files.upload(sha256, kind)


def test_only_we_may_look_inside(files: Files) -> None:
    assert {(files.root / name).stat().st_mode & 0o777 for name in ("films", "uploads", "work")} == {0o700}


def test_a_kept_file_takes_its_lasting_name(files: Files) -> None:
    with files.work_dir() as desk:
        (desk / "made.mp4").write_bytes(b"film")
        files.keep(desk / "made.mp4", files.artefact("p1", "film.mp4"))

    assert files.artefact("p1", "film.mp4").read_bytes() == b"film"


def test_nothing_is_kept_outside_the_data_directory(files: Files, tmp_path: Path) -> None:
    (tmp_path / "made.mp4").write_bytes(b"film")

    with pytest.raises(ValueError, match="outside"):
        files.keep(tmp_path / "made.mp4", tmp_path / "elsewhere.mp4")


def test_a_work_folder_goes_with_all_it_holds(files: Files) -> None:
    def fail_at_work() -> None:
        with files.work_dir() as desk:
            (desk / "half.mp4").write_bytes(b"x")
            raise LookupError

    with pytest.raises(LookupError):
        fail_at_work()

    assert list((files.root / "work").iterdir()) == []


async def test_the_sweep_removes_what_a_killed_process_left_and_nothing_else(files: Files) -> None:
    (files.root / "work" / "left").mkdir()
    (files.root / "work" / "left" / "half.mp4").touch()
    (files.root / "work" / "stray").touch()
    files.artefact("p1", "film.mp4").touch()
    files.artefact("p1", "film.mp4").with_name("film.mp4.part").touch()
    files.artefact("p1", "film.mp4").with_name("join-x1").mkdir()
    files.artefact("p1", "film.mp4").with_name("clip.unchecked-1.mp4").touch()
    files.upload(SHA, "mp4").touch()

    removed = await files.sweep()

    assert removed == 5
    left = sorted(path.name for path in files.root.rglob("*") if path.is_file())
    assert left == sorted(["film.mp4", f"{SHA}.mp4"])
    assert list((files.root / "work").iterdir()) == []


def test_room_is_refused_below_the_reserve(tmp_path: Path) -> None:
    Files(tmp_path, min_free_bytes=1, min_free_share=0.0).require_room(1)

    with pytest.raises(DiskFull):
        Files(tmp_path, min_free_bytes=1 << 60, min_free_share=0.0).require_room()
    with pytest.raises(DiskFull):
        Files(tmp_path, min_free_bytes=0, min_free_share=1.0).require_room()
    with pytest.raises(DiskFull):
        Files(tmp_path, min_free_bytes=0, min_free_share=0.0).require_room(1 << 60)
