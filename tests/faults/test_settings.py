"""Faults of the settings (F110): each is told beside all others, by its variable and not its value."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot import __main__ as command_line
from bot.settings.variables import VARIABLES

TOKEN = "fake-id.fake-time.fake-signature"
EX_CONFIG = 78
#: In every value that is at fault where it can be, and in no line of ours.
CANARY = "canary7value"

#: What is set, by what is wrong with it; the first variable is the one at fault.
FAULTS: Mapping[str, Mapping[str, str]] = {
    "token missing": {"DISCORD_TOKEN": ""},
    "token blank": {"DISCORD_TOKEN": "   "},
    "token in quotes": {"DISCORD_TOKEN": f'"{CANARY}.a.b"'},
    "token with a line break": {"DISCORD_TOKEN": f"{CANARY}.a.b\n"},
    "token of another shape": {"DISCORD_TOKEN": CANARY},
    "keys blank": {"GEMINI_API_KEYS": " , "},
    "keys twice": {"GEMINI_API_KEYS": f"{CANARY},{CANARY}"},
    "keys with a blank item": {"GEMINI_API_KEYS": f"{CANARY},,b"},
    "keys with another separator": {"GEMINI_API_KEYS": f"{CANARY};b"},
    "a number in words": {"MAX_FILMS_AT_ONCE": CANARY},
    "a number below zero": {"MAX_FILMS_AT_ONCE": "-17"},
    "a number of zero": {"MAX_FILMS_AT_ONCE": "0"},
    "a number over its bounds": {"MAX_UPLOAD_MIB": "77777"},
    "a word that is none of the choices": {"LOG_FORMAT": CANARY},
    "an amount that is none": {"MAX_USD_PER_DAY": f"{CANARY} dollars"},
    "an amount below zero": {"MAX_USD_PER_FILM": "-5"},
    "an amount that is no number": {"MAX_USD_PER_DAY": "nan"},
    "a typo": {"MAX_FILM_AT_ONCE": CANARY},
    "a typo in a secret": {"GEMINI_API_KEYZ": CANARY},
    "ids that are none": {"OPERATOR_IDS": f"100000000000000001,{CANARY}"},
    "ids with another separator": {"OPERATOR_IDS": "100000000000000001;100000000000000002"},
    "roles that are none": {"APPROVER_ROLE_IDS": CANARY},
    "a person's cap over everybody's": {"MAX_USD_PER_USER_DAY": "777", "MAX_USD_PER_DAY": "7"},
    "an object store by half": {"CLOUDFLARE_R2_ACCESS_KEY_ID": "", "CLOUDFLARE_R2_SECRET_ACCESS_KEY": CANARY},
    "a secret and its file": {"DISCORD_TOKEN": TOKEN, "DISCORD_TOKEN_FILE": "token"},
    "a file that is not there": {"GEMINI_API_KEYS_FILE": f"./{CANARY}"},
    "an address in the clear": {"DISCORD_API_URL": f"http://{CANARY}.example/api"},
    "a database that nobody knows": {"DATABASE_URL": f"mysql://u:{CANARY}@host/db"},
    "a program that is none": {"FFMPEG_PATH": f"./{CANARY}"},
    "a folder that is a file": {"DATA_DIR": "./token"},
}
BESIDE = {"LOG_LEVEL": f"{CANARY}-loud"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], int]:
    """Call as `run(variables)`: the command `run` with these and nothing else of ours set; its exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    for name in [*VARIABLES, *(name for name in os.environ if name.endswith(("_KEY", "_KEYS")))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["bot", "run"])

    def call(variables: Mapping[str, str]) -> int:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return command_line.main()

    return call


Run = Callable[[Mapping[str, str]], int]


@pytest.mark.parametrize("name", FAULTS)
def test_f110_a_fault_is_told_beside_all_others_without_its_value(
    run: Run, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    wrong = FAULTS[name]

    code = run({"DISCORD_TOKEN": TOKEN, **BESIDE, **wrong})

    said = capsys.readouterr().err
    told = {line.split(":")[0].removeprefix("CONFIG ERROR  ") for line in said.splitlines()}
    assert code == EX_CONFIG
    assert all(line.startswith("CONFIG ERROR  ") for line in said.splitlines())
    assert "LOG_LEVEL" in told
    assert any(each.startswith(next(iter(wrong)).removesuffix("_FILE")) for each in told), said
    assert CANARY not in said
    assert not any(len(value) > 3 and value in said for value in wrong.values() if value.strip() and value != "./token")


def test_f110_every_fault_of_a_bad_day_is_told_at_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {name: value for fault in FAULTS.values() for name, value in list(fault.items())[:1] if name != "DATA_DIR"}

    assert run({**wrong, **BESIDE, "DISCORD_TOKEN": CANARY}) == EX_CONFIG

    said = capsys.readouterr().err
    assert len(said.splitlines()) >= len(wrong) - 3  # three pairs are one fault each
    assert CANARY not in said
