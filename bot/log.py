"""Logs: one line an event on standard error, the facts beside a constant message, secrets taken out.

Whatever a line is made of (message, arguments, facts, a chained traceback), it is scrubbed as finished text, so there
is no way around it for a record that reaches the root handler.
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote

from bot.outlet import Outlet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_REMOVED = "[removed]"
# Taking out every "a" would help nobody; settings' secrets are longer.
_SHORTEST_SECRET = 6

# What looks like a secret though nobody told us: other people's tokens, and those that Discord hands out by the way.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Short words need a digit to be taken for a token: "bot reconnecting" is none.
        r"(?P<keep>\b(?:Bot|Bearer|Basic)\s+)(?:(?=\S*\d)[\w.~+/=-]{12,}|[\w.~+/=-]{20,})",
        r"(?P<keep>\b(?:x-goog-api-key|x-api-key|xi-api-key|api[-_]?key|authorization)\b['\"]?\s*[:=,]\s*(?:b?['\"])?)"
        r"(?!(?:Bot|Bearer|Basic)\s)[^\s'\",;&)}\]]+",
        r"(?P<keep>[?&](?:key|api_?key|token|access_token|sig|signature|hm|X-Amz-Signature|X-Amz-Credential"
        r"|X-Amz-Security-Token)=)[^&\s'\"<>)]+",
        # An interaction's token is its holder's right to answer for fifteen minutes; a webhook's never ends.
        r"(?P<keep>/(?:webhooks|interactions)/\d+/)[^/\s?'\"<>)]+",
        r"(?P<keep>://[^\s:/@]*:)[^\s/@'\"]+(?=@)",
        # Shapes of keys: a Discord bot's token, then Google's, Groq's, ElevenLabs' and Runway's.
        r"(?P<keep>)\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}",
        r"(?P<keep>)\b(?:AIza[\w-]{30,}|gsk_\w{20,}|sk_[0-9a-f]{32,}|key_[0-9a-f]{32,})",
    )
)

# These log addresses, headers, payloads or users' words below the level given (httpx: whole URLs at INFO).
_LEAST_LEVELS = {
    "discord": logging.INFO,
    **dict.fromkeys(
        ("aiohttp", "aiosqlite", "boto3", "botocore", "discord.http", "discord.webhook", "elevenlabs", "google_genai"),
        logging.WARNING,
    ),
    **dict.fromkeys(
        ("groq", "httpcore", "httpcore2", "httpx", "httpx2", "runwayml", "s3transfer", "sqlalchemy", "urllib3"),
        logging.WARNING,
    ),
}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Scrubber:
    """Takes known secrets, and what looks like one, out of text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._spellings: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Take these out as well from now on."""
        self._spellings |= {
            spelling
            for secret in secrets
            for spelling in (secret, quote(secret, safe=""), repr(secret)[1:-1], json.dumps(secret)[1:-1])
            if len(secret) >= _SHORTEST_SECRET
        }
        # The longest first: one secret may begin with another.
        ordered = sorted(self._spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def scrub(self, text: str) -> str:
        if self._known:
            text = self._known.sub(_REMOVED, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<keep>{_REMOVED}", text)
        return text


class _TextFormatter(logging.Formatter):
    """For people. A message stays on its line whatever it holds; only tracebacks have more."""

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__()
        self.scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f"  {name}={value}" for name, value in _facts(record).items())
        line = f"{_time(record)} {record.levelname:<8} {record.name}: {record.getMessage()}{facts}"
        trace = self.scrubber.scrub(_trace(record)).splitlines()
        return "\n".join(map(_escape, [self.scrubber.scrub(line), *trace]))


class _JsonFormatter(logging.Formatter):
    """For machines: one object a line. Facts stand beside the rest, and never replace it."""

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__()
        self.scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        # Scrubbed before it is encoded: a pattern could take a quote's escape along and break the line.
        entry = {name: self._plain(value) for name, value in _facts(record).items()}
        entry |= {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        entry["message"] = self.scrubber.scrub(record.getMessage())
        if trace := _trace(record):
            entry["exception"] = self.scrubber.scrub(trace)
        return json.dumps(entry, ensure_ascii=False)

    def _plain(self, value: object) -> object:
        return value if value is None or isinstance(value, bool | int | float) else self.scrubber.scrub(str(value))


class _Handler(logging.StreamHandler["TextIO | Outlet"]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """Say that a line was lost; the standard library would print its arguments, unscrubbed."""
        kind = getattr(sys.exc_info()[0], "__name__", "error")
        try:
            sys.stderr.write(f"A log line was lost: {kind} at {record.pathname}:{record.lineno}\n")
        except (OSError, ValueError):  # nowhere left to say it
            return


def configure(level: str, log_format: str, secrets: Iterable[str], *, stream: TextIO | None = None) -> None:
    """Set up the process's logs, in place of what was there.

    An exception that ends the process goes to the logs as well, since Python's own report of it knows no secrets.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        log_format: `text` or `json`.
        secrets: values to take out wherever they appear; those under six characters are too common to.
        stream: where to write; if `None`, standard error, without ever waiting for it.
    """
    scrubber = Scrubber(secrets)
    handler = _Handler(stream or _standard_error())
    handler.setFormatter(_JsonFormatter(scrubber) if log_format == "json" else _TextFormatter(scrubber))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # The engine writes past the root, unscrubbed, unless its logger has a handler (dbos 3.4, _logger.init_logger).
    engine = logging.getLogger("dbos")
    engine.handlers[:] = [logging.NullHandler()]
    engine.propagate = True
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    sys.excepthook = _log_crash


def learn(secret: str) -> None:
    """Take a secret out of everything that is logged from now on, in this process, in addition to those known."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _TextFormatter | _JsonFormatter):
            handler.formatter.scrubber.learn(secret)


def _standard_error() -> Outlet:
    outlet = Outlet(sys.stderr.fileno())
    atexit.register(outlet.drain)
    return outlet


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("the process ends by an exception", exc_info=(kind, error, trace))


def _trace(record: logging.LogRecord) -> str:
    """Draw the traceback anew: `Formatter.format` would leave it on the record, unscrubbed, for others to find."""
    drawn = logging.Formatter().formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
    return "\n".join(filter(None, (drawn or record.exc_text, record.stack_info)))


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escape(line: str) -> str:
    """Show control characters instead of obeying them: a name could forge a line or colour a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
