"""The image and both shapes of `compose.yaml`, as far as they can be judged without running them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __main__ as command_line
from bot.settings.variables import VARIABLES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
#: What `${NAME:-default}` of compose becomes where nothing is set.
_DEFAULT = re.compile(r"\$\{\w+:-([^{}]*)\}")


def by_default(value: str) -> str:
    while (filled := _DEFAULT.sub(r"\1", value)) != value:
        value = filled
    return value


def test_both_shapes_are_there() -> None:
    shapes = {profile: set[str]() for profile in ("one", "many")}
    for name, service in SERVICES.items():
        for profile in service["profiles"]:
            shapes[profile].add(name)
    assert shapes == {"one": {"bot"}, "many": {"gateway", "worker", "postgres"}}


@pytest.mark.parametrize("name", OURS)
def test_every_service_of_ours_is_given_settings_that_exist(name: str) -> None:
    assert OURS[name]["environment"].keys() <= VARIABLES.keys()
    assert OURS[name]["env_file"] == ".env"


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_the_program_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {key: by_default(value) for key, value in OURS[name]["environment"].items()}
    for key in VARIABLES:
        monkeypatch.delenv(key, raising=False)
    for key, value in (environment | {"DATA_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(key, value)
    words = [by_default(word) for word in OURS[name].get("command", ["run"])]
    monkeypatch.setattr(sys, "argv", ["bot", *words])
    assert command_line.main() == command_line.EX_CONFIG  # not 2: the words are taken, and the token alone is missing
    told = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert "DISCORD_TOKEN" in "\n".join(told)
    assert "DATABASE_URL" not in "\n".join(told)


def test_services_wait_for_a_postgres_that_says_when_it_is_ready() -> None:
    for name in ("gateway", "worker"):
        assert SERVICES[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["postgres"]["healthcheck"]["test"] == ["CMD-SHELL", "pg_isready -U greenlight"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] == "greenlight"


def test_the_image_copies_what_there_is_and_starts_what_runs() -> None:
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)]
    assert [name for names in copied for name in names if not (ROOT / name).exists()] == []
    assert {"bot", "providers", "ratelimit"} <= {name for names in copied for name in names}
    assert 'ENTRYPOINT ["python", "-m", "bot"]' in DOCKERFILE
    assert COMPOSE["volumes"].keys() >= {"data"}
    assert "VOLUME /data" in DOCKERFILE


def test_a_container_asks_the_bot_itself_whether_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    (asked,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    words = json.loads(asked)
    assert words[:3] == ["python", "-m", "bot"]
    for key in VARIABLES:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(sys, "argv", ["bot", *words[3:]])
    assert command_line.main() == command_line.EX_CONFIG  # the word is taken, and the token alone is missing


@pytest.mark.parametrize("name", OURS)
def test_a_container_may_write_its_volume_and_nothing_else(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["data:/data"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_the_unit_starts_what_there_is_and_stays_down_where_a_person_must_act() -> None:
    unit = (ROOT / "deploy/greenlight.service").read_text()
    words = [line.split("python ")[1].split() for line in unit.splitlines() if line.startswith("ExecStart")]
    assert words == [["-m", "bot", "check"], ["-m", "bot", "run"]]
    prevented = re.findall(r"^RestartPreventExitStatus=(.+)$", unit, re.MULTILINE)
    final = (command_line.EX_DATAERR, command_line.EX_NOINPUT, command_line.EX_CONFIG)
    assert [int(code) for code in prevented[0].split()] == list(final)
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=greenlight"} <= set(unit.splitlines())
