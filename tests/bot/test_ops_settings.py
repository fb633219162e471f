"""Who is let in over HTTP, as the environment says it; an open door without a token is a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import OpsSettings, Settings, SettingsError

TOKEN = "x" * 24
EVERYWHERE = "0.0.0.0"  # noqa: S104  # nobody listens there because of this


def read(folder: Path, **environ: str) -> OpsSettings:
    required = {"DISCORD_TOKEN": "fake-id.fake-time.fake-signature", "DATA_DIR": str(folder / "data")}
    return Settings.from_environ({**required, **environ}).ops


def test_without_a_word_this_machine_alone_is_let_in(tmp_path: Path) -> None:
    assert read(tmp_path) == OpsSettings(host="127.0.0.1", port=8787, token=None, names=frozenset())


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.5"])
def test_others_are_let_in_with_a_token_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="OPS_TOKEN: is not set, and OPS_HOST lets in others"):
        read(tmp_path, OPS_HOST=host)
    assert read(tmp_path, OPS_HOST=host, OPS_TOKEN=TOKEN).token == TOKEN
    assert read(tmp_path, OPS_HOST=host, OPS_PORT="0").port == 0


@pytest.mark.parametrize("token", ["hushhush", f"{TOKEN} with blanks", "ü" * 24])
def test_a_token_that_is_weak_or_cannot_travel_is_a_fault_that_does_not_show_it(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError, match="OPS_TOKEN") as faults:
        read(tmp_path, OPS_HOST=EVERYWHERE, OPS_TOKEN=token)
    assert token not in str(faults.value)
    assert len(faults.value.faults) == 1


def test_a_token_may_come_from_a_file_and_is_taken_out_of_logs(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    required = {"DISCORD_TOKEN": "fake-id.fake-time.fake-signature", "DATA_DIR": str(tmp_path / "data")}
    told = Settings.from_environ({**required, "OPS_TOKEN_FILE": str(file)})
    assert told.ops.token == TOKEN
    assert TOKEN in told.secrets()
    assert TOKEN not in repr(told)


@pytest.mark.parametrize("names", ["https://ops.example.org", "ops.example.org:443", "-a"])
def test_what_is_no_host_is_a_fault(tmp_path: Path, names: str) -> None:
    with pytest.raises(SettingsError, match="OPS_HOSTS"):
        read(tmp_path, OPS_HOSTS=names)


def test_names_are_read_as_they_are_called(tmp_path: Path) -> None:
    assert read(tmp_path, OPS_HOSTS="Ops.Example.org,greenlight").names == {"ops.example.org", "greenlight"}


def test_an_address_that_is_none_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OPS_HOST"):
        read(tmp_path, OPS_HOST="everywhere")
