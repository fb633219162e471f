"""Google Cloud: the account that works there, its project, and where."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings.environment import Environment

_CREDENTIALS, _PROJECT = "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"
_LARGEST_FILE = 64 * 1024
_PROJECT_ID = r"[a-z0-9][a-z0-9-]{3,61}[a-z0-9]"
# What each kind of account has in its file (google-auth 2.63), and which of it is secret.
_FIELDS = {
    "service_account": ("client_email", "token_uri", "private_key"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}
_SECRETS = ("private_key", "client_secret", "refresh_token")


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """An account by its file. `document` is what stands in it, on one line; `project` the one that it names."""

    document: str = field(repr=False)
    project: str | None
    parts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """What is set of Google Cloud. `None` leaves it to the account, or to the bot."""

    account: CloudAccount | None = None
    project: str | None = None
    location: str | None = None


def read_cloud(environment: Environment) -> Cloud:
    project = environment.name(_PROJECT, _PROJECT_ID, "copy the project's id from Google Cloud's console")
    location = environment.name(
        "GOOGLE_CLOUD_LOCATION", r"[a-z]{2,20}(-[a-z]{4,20}[0-9]{1,2})?", "give a region such as us-central1, or global"
    )
    account = _read_account(environment)
    if account is not None and not account.project and not environment.is_set(_PROJECT):
        environment.fault(_PROJECT, f"is missing, and the file of {_CREDENTIALS} names none", "set the project's id")
    return Cloud(account=account, project=project, location=location)


def _read_account(environment: Environment) -> CloudAccount | None:
    path = environment.text(_CREDENTIALS)
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        told = json.loads(content) if len(content) <= _LARGEST_FILE else None
    except OSError as error:
        environment.fault(
            _CREDENTIALS, f"cannot be read ({error.strerror})", "name a file that the bot's user may read"
        )
        return None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        environment.fault(_CREDENTIALS, "names a file that is no account's", "download the account's key as JSON again")
        return None
    return _account(environment, told)


def _account(environment: Environment, told: dict[str, object]) -> CloudAccount | None:
    kind = told.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        environment.fault(
            _CREDENTIALS,
            "names the file of an account of another kind",
            "take the key of a service account, or the file that gcloud auth application-default login writes",
        )
        return None
    missing = [name for name in fields if not isinstance(told.get(name), str) or not told[name]]
    if missing:
        environment.fault(
            _CREDENTIALS, f"names a file without {' and '.join(missing)}", "download the account's key as JSON again"
        )
        return None
    if not re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", str(told.get("token_uri", "https://"))):
        environment.fault(
            _CREDENTIALS, "names a file whose token_uri is not encrypted", "download the account's key as JSON again"
        )
        return None
    project = told.get("project_id") or told.get("quota_project_id")
    named = project if isinstance(project, str) and re.fullmatch(_PROJECT_ID, project) else None
    parts = [str(told[name]) for name in _SECRETS if told.get(name)]
    # Also as it stands in JSON, where the lines of a key are no lines.
    parts += [json.dumps(part)[1:-1] for part in parts]
    return CloudAccount(json.dumps(told, sort_keys=True, separators=(",", ":")), named, tuple(dict.fromkeys(parts)))
