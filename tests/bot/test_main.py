from __future__ import annotations

import json
import sqlite3
import sys
import tomllib
from pathlib import Path

import pytest

from bot import __main__ as command_line
from bot import __version__
from bot.ops.model_check import ending
from bot.settings.variables import VARIABLES
from providers.catalogue import Catalogue

TOKEN = "fake-id.fake-time.fake-signature"


@pytest.fixture(autouse=True)
def _in_an_empty_folder_with_nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bot", *words])
    return command_line.main()


def test_models_needs_no_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "models") == 0
    assert "RUNWAY" in capsys.readouterr().out


def test_models_speaks_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "models", "--json") == 0
    assert json.loads(capsys.readouterr().out)["video"]


@pytest.mark.parametrize("words", [("check",), ("models", "--check"), ("run",)])
def test_settings_at_fault_are_78(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *words) == command_line.EX_CONFIG
    assert "DISCORD_TOKEN" in capsys.readouterr().err


def test_settings_in_order_are_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert run(monkeypatch, "check") == 0
    assert "in order" in capsys.readouterr().out


def test_without_keys_nobody_is_asked_and_only_the_file_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    to_see = any(finding.matters for finding in ending(Catalogue.load()))
    assert run(monkeypatch, "models", "--check") == int(to_see)
    assert "NOTE  runway: no key is set, so it was not asked" in capsys.readouterr().out


def test_json_and_check_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "models", "--json", "--check")
    assert stopped.value.code == 2


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == __version__


def test_a_backup_is_made_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert run(monkeypatch, "backup") == command_line.EX_NOINPUT
    assert "STOPPED  there is no database" in capsys.readouterr().err

    (tmp_path / "data" / "greenlight.db").write_text("no database" * 100)
    assert run(monkeypatch, "backup", "elsewhere") == command_line.EX_DATAERR
    (tmp_path / "data" / "greenlight.db").unlink()
    sqlite3.connect(tmp_path / "data" / "greenlight.db").close()

    assert run(monkeypatch, "backup", "elsewhere") == 0
    (made,) = (tmp_path / "elsewhere").glob("greenlight-*")
    assert str(made) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--role", "gateway", "--shards", "1"), "write A-B/N"),
        (("--role", "gateway", "--shards", "0-2/2"), "of 2 shards the first is 0 and the last 1"),
        (("--role", "worker", "--shards", "0-1/2"), "a worker does not"),
        (("--shards", "0-1/4"), "serve them all: --shards 0-3/4"),
    ],
)
def test_shards_that_cannot_be_served_are_refused_with_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert run(monkeypatch, "run", *words) == command_line.EX_CONFIG
    assert told in capsys.readouterr().err
