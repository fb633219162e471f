from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from dbos._logger import init_logger

from bot.log import Scrubber, configure

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary+fake/key=value"
FORMATS = ("text", "json")
logger = logging.getLogger("tests.bot.log")


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in list(logging.root.manager.loggerDict)}
    engine = logging.getLogger("dbos")
    engine_handlers, engine_propagates = engine.handlers[:], engine.propagate
    yield
    engine.handlers[:], engine.propagate = engine_handlers, engine_propagates
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


@pytest.fixture(params=FORMATS)
def out(request: pytest.FixtureRequest) -> io.StringIO:
    return start(request.param)


def start(log_format: str) -> io.StringIO:
    stream = io.StringIO()
    configure("debug", log_format, [CANARY], stream=stream)
    return stream


class Shy:
    """Shows a secret wherever it is drawn."""

    def __repr__(self) -> str:
        return f"Shy({CANARY})"


def fail_twice() -> None:
    try:
        raise ValueError(f"inner {CANARY}")
    except ValueError as error:
        error.add_note(f"noted {CANARY}")
        raise RuntimeError(f"outer {CANARY}") from error


# Shape


def test_a_line_of_text_has_the_message_and_its_facts() -> None:
    stream = io.StringIO()
    configure("info", "text", [], stream=stream)

    logger.info("film delivered", extra={"job_id": "j1", "attempt": 2})

    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == "INFO     tests.bot.log: film delivered  job_id=j1  attempt=2\n"


def test_a_line_of_json_has_the_facts_beside_the_message() -> None:
    stream = io.StringIO()
    configure("info", "json", [], stream=stream)

    logger.warning("key %s rests", "gemini-1", extra={"attempt": 2, "until": 1.5, "level": "forged", "who": None})

    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "warning",
        "logger": "tests.bot.log",
        "message": "key gemini-1 rests",
        "attempt": 2,
        "until": 1.5,
        "who": None,
    }


def test_json_is_one_line_that_can_be_read_whatever_is_in_it() -> None:
    stream = io.StringIO()
    configure("info", "json", ['quo"ted\\secret'], stream=stream)

    logger.error('api_key=abc\\"\nBearer 0123456789abcdef" \x1b[31m quo"ted\\secret', extra={"odd": Shy()})

    (line,) = stream.getvalue().splitlines()
    assert 'quo"ted' not in json.loads(line)["message"]


def test_a_message_cannot_forge_a_line_or_colour_the_terminal() -> None:
    stream = io.StringIO()
    configure("info", "text", [], stream=stream)

    logger.info("joined", extra={"guild": "evil\n2026-01-01 ERROR forged\x1b[31m\u202e"})

    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().rstrip("\n").isprintable()


def test_configuring_twice_does_not_write_twice() -> None:
    stream = io.StringIO()
    configure("info", "text", [], stream=stream)
    configure("info", "text", [], stream=stream)

    logger.info("once")

    assert stream.getvalue().count("once") == 1


@pytest.mark.parametrize("name", ["httpx", "httpx2", "discord.http", "aiohttp.access", "botocore.auth", "groq._client"])
def test_libraries_that_log_addresses_and_headers_are_kept_quiet(name: str, out: io.StringIO) -> None:
    logging.getLogger(name).info("GET https://api.example/")

    assert out.getvalue() == ""


def test_discords_own_changes_of_state_are_kept(out: io.StringIO) -> None:
    logging.getLogger("discord.gateway").debug("a payload with a user's words")
    logging.getLogger("discord.gateway").info("connected")

    assert "words" not in out.getvalue()
    assert "connected" in out.getvalue()


def test_a_stricter_level_holds_for_libraries_too() -> None:
    stream = io.StringIO()
    configure("error", "text", [], stream=stream)

    logging.getLogger("httpx").warning("slow")

    assert stream.getvalue() == ""


# Secrets


def test_a_secret_is_taken_out_of_the_message_its_arguments_and_facts(out: io.StringIO) -> None:
    logger.info(f"in the message {CANARY}")  # noqa: G004 (what must not leak)
    logger.info("in an argument %s and %r", CANARY, Shy())
    logger.info("in a mapping %(key)s", {"key": CANARY})
    logger.info("in facts", extra={"key": CANARY, "nested": {"deep": [CANARY]}, "object": Shy()})
    logger.info("in an address %s", f"https://api.example/?q={quote(CANARY, safe='')}")

    assert "canary" not in out.getvalue()
    assert out.getvalue().count("[removed]") == 8


def test_a_secret_is_taken_out_of_a_chained_traceback(out: io.StringIO) -> None:
    try:
        fail_twice()
    except RuntimeError:
        logger.exception("it failed", stack_info=True)

    assert "canary" not in out.getvalue()
    assert "ValueError: inner [removed]" in out.getvalue()
    assert "noted [removed]" in out.getvalue()
    assert "RuntimeError: outer [removed]" in out.getvalue()
    assert "in fail_twice" in out.getvalue()


def test_a_secret_is_taken_out_of_a_group_of_exceptions(out: io.StringIO) -> None:
    try:
        raise ExceptionGroup("several", [ValueError(CANARY), RuntimeError(CANARY)])
    except ExceptionGroup:
        logger.exception("they failed")

    assert "canary" not in out.getvalue()
    assert "several (2 sub-exceptions)" in out.getvalue()


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_traceback_is_not_left_on_the_record_for_others_to_find(log_format: str) -> None:
    start(log_format)  # here and below not by the fixture, after which pytest adds handlers of its own
    try:
        fail_twice()
    except RuntimeError:
        record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    logger.handle(record)

    assert record.exc_text is None


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_line_that_cannot_be_drawn_is_reported_without_its_arguments(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = start(log_format)
    logger.info("a number %d", CANARY)

    assert out.getvalue() == ""
    assert "A log line was lost: TypeError at " in capsys.readouterr().err


def test_the_engine_does_not_write_past_the_scrubber(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    init_logger()  # what DBOS does when it starts

    logging.getLogger("dbos").error("a step failed with %s", CANARY)

    assert "a step failed with [removed]" in out.getvalue()
    assert "canary" not in capsys.readouterr().err


def test_an_exception_that_ends_the_process_is_logged_and_scrubbed(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        fail_twice()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    assert "RuntimeError: outer [removed]" in out.getvalue()
    assert "canary" not in out.getvalue() + capsys.readouterr().err


def test_of_two_secrets_the_longer_is_taken_out_whole() -> None:
    assert Scrubber(["fake-key", "fake-key-longer"]).scrub("<fake-key-longer>") == "<[removed]>"


def test_a_value_too_common_to_be_a_secret_is_left() -> None:
    assert Scrubber(["", "a", "key"]).scrub("a key to every lock") == "a key to every lock"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Authorization: Bot aaaaaaaaaa.bbbb.cccc1", "Authorization: Bot [removed]"),
        ("{'Authorization': 'Bearer abcdef0123456789'}", "{'Authorization': 'Bearer [removed]'}"),
        ("authorization=abcdef", "authorization=[removed]"),
        ("(b'x-goog-api-key', b'short')", "(b'x-goog-api-key', b'[removed]')"),
        ('{"xi-api-key": "short", "a": 1}', '{"xi-api-key": "[removed]", "a": 1}'),
        ("x-api-key: short", "x-api-key: [removed]"),
        ("GET https://h/v1?key=short&alt=sse", "GET https://h/v1?key=[removed]&alt=sse"),
        ("https://cdn/a.mp4?ex=1&is=2&hm=abc", "https://cdn/a.mp4?ex=1&is=2&hm=[removed]"),
        ("https://s3/x?X-Amz-Signature=ab", "https://s3/x?X-Amz-Signature=[removed]"),
        ("/webhooks/123/aW50ZXJh/messages/@original", "/webhooks/123/[removed]/messages/@original"),
        ("POST /api/v10/interactions/123/aW50ZXJh/callback", "POST /api/v10/interactions/123/[removed]/callback"),
        ("postgresql://me:word@db/films", "postgresql://me:[removed]@db/films"),
        ("sent " + "x" * 24 + ".abcdef." + "y" * 27, "sent [removed]"),
        ("using AIza" + "x" * 35, "using [removed]"),
        ("using gsk_" + "x" * 50, "using [removed]"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, scrubbed: str) -> None:
    assert Scrubber([]).scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "the bot reconnecting to the gateway",
        "CONFIG ERROR  GEMINI_API_KEYS: has the same key twice (items 1 and 3); keep one of them",
        "key gemini-0123abcd of account studio rests",
        "http://127.0.0.1:4100/api/v10/channels/1234567890/messages",
        "discord.ui.view.View",
    ],
)
def test_ordinary_words_are_left(text: str) -> None:
    assert Scrubber([]).scrub(text) == text
