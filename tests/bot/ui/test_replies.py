"""Words for whatever goes wrong: every class has its own, and none shows how it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.languages.words import words_in
from bot.media import errors as media
from bot.storage import errors as storage
from bot.studio import errors as studio
from bot.studio.errors import Cap
from bot.studio.planner import failure_of
from bot.ui import replies
from providers import errors as provider
from ratelimit import errors as ratelimit

FAMILIES = (
    studio.StudioError,
    provider.ProviderError,
    ratelimit.RateLimitError,
    media.MediaError,
    storage.StorageError,
)
HOMES = {family.__module__ for family in FAMILIES}

INSTANCES: dict[type[Exception], Exception] = {
    studio.IdeaTooLong: studio.IdeaTooLong(5000, 1500),
    studio.NotYours: studio.NotYours(1001),
    studio.NotInvited: studio.NotInvited(1001),
    studio.RoleTooSmall: studio.RoleTooSmall(1001, role="viewer", needed="director"),
    studio.CannotInvite: studio.CannotInvite("No {such} person."),
    studio.TooManyPeople: studio.TooManyPeople(24),
    studio.NoSuchVersion: studio.NoSuchVersion(9),
    studio.NotYourAnalysis: studio.NotYourAnalysis(1001),
    studio.AboveMaximum: studio.AboveMaximum("$3.00", "$2.00"),
    studio.PlanMoved: studio.PlanMoved(3),
    studio.TooManyWaiting: studio.TooManyWaiting(10),
    studio.EditRefused: studio.EditRefused("No {such} shot."),
    studio.KeyRefused: studio.KeyRefused("No {such} key."),
    studio.LimitRefused: studio.LimitRefused("No {such} limit."),
    studio.OverBudget: studio.OverBudget(Cap.USER_DAY, left_microusd=1, needed_microusd=5_000_000, resets_at=86_400.0),
    studio.PriceRose: studio.PriceRose("$1.20", "$1.80"),
    studio.ModelGone: studio.ModelGone(
        "veo3", "Veo 3 was switched off on 30 June 2026.", "Veo 3.1 has taken over, at $0.40 a second."
    ),
    studio.ServiceAway: studio.ServiceAway("Runway is away just now.", "Veo would make it."),
    studio.VoiceNotFound: studio.VoiceNotFound("Aria"),
    studio.RatioNotOffered: studio.RatioNotOffered("Runway Gen-4.5", "16:9, 9:16"),
    studio.NotHere: studio.NotHere(frozenset({1, 2})),
    studio.WordBlocked: studio.WordBlocked("heron"),
    studio.AgeUnconfirmed: studio.AgeUnconfirmed(18),
    studio.TooManyReports: studio.TooManyReports(5),
    ratelimit.LeaseTimeout: ratelimit.LeaseTimeout("runway", 90.0),
    ratelimit.NoUsableKey: ratelimit.NoUsableKey("runway", "all out"),
    media.MediaRefused: media.MediaRefused(media.Reason.TOO_LONG, limit=600.0),
    media.DownloadFailed: media.DownloadFailed("detail", status=404),
    media.CannotFit: media.CannotFit(max_bytes=1, duration=1.0),
    media.FfmpegFailed: media.FfmpegFailed(returncode=1, stderr="secret words"),
    storage.DiskFull: storage.DiskFull(free=1, asked=2, reserve=3),
    storage.StoreMisconfigured: storage.StoreMisconfigured("AccessDenied"),
}


def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
    """The classes of a family that have no other below them; those of tests do not count."""
    below = [each for each in kind.__subclasses__() if each.__module__ in HOMES]
    if not below:
        yield kind
    for each in below:
        yield from leaves(each)


LEAVES = sorted({leaf for family in FAMILIES for leaf in leaves(family)}, key=lambda leaf: leaf.__name__)


def instance(kind: type[Exception]) -> Exception:
    if kind in INSTANCES:
        return INSTANCES[kind]
    return kind("runway", "secret detail") if issubclass(kind, provider.ProviderError) else kind("secret detail")


def is_a_sentence(words: str) -> bool:
    return bool(re.fullmatch(r"[A-Z].{15,}[.`]", words)) and not re.search(r"…|\bNone(?! of)|secret|Error\b", words)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_class_has_words_of_its_own(leaf: type[Exception]) -> None:
    assert leaf in set(replies.known_errors())


@pytest.mark.parametrize(
    "leaf",
    [
        leaf
        for leaf in LEAVES
        if leaf not in {studio.EditRefused, studio.KeyRefused, studio.LimitRefused, studio.CannotInvite}
    ],
    ids=lambda leaf: leaf.__name__,
)
def test_words_are_a_sentence_that_shows_nothing_of_the_machine(leaf: type[Exception]) -> None:
    words = replies.words_for(instance(leaf))

    assert is_a_sentence(words)
    assert "{" not in words


def test_two_classes_that_differ_have_words_that_differ() -> None:
    words = [replies.words_for(instance(leaf)) for leaf in LEAVES]

    assert len(set(words)) == len(words)


def test_a_refused_edit_tells_its_own_reason_as_it_is() -> None:
    assert replies.words_for(INSTANCES[studio.EditRefused]) == "No {such} shot."


@pytest.mark.parametrize("reason", media.Reason)
@pytest.mark.parametrize("limit", [None, 600.0, 104_857_600.0])
def test_every_reason_to_refuse_a_file_has_its_sentence(reason: media.Reason, limit: float | None) -> None:
    error = media.MediaRefused(reason, limit=limit, measured=1.0, found="secret")

    words = replies.words_for(error)

    assert is_a_sentence(words)
    assert "{" not in words


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (media.MediaRefused(media.Reason.TOO_LARGE, limit=100 << 20), "100 MiB"),
        (media.MediaRefused(media.Reason.TOO_LONG, limit=600.0), "10 minutes"),
        (media.MediaRefused(media.Reason.SIDE_TOO_LONG, limit=4096), "4096 pixels"),
        (studio.IdeaTooLong(5000, 1500), "1500 characters"),
        (studio.PlanMoved(3), "v3"),
        (studio.NotYours(1001), "<@1001>"),
    ],
)
def test_numbers_are_told_in_the_units_people_use(error: Exception, told: str) -> None:
    assert told in replies.words_for(error)


@pytest.mark.parametrize(
    "leaf",
    [
        leaf
        for leaf in LEAVES
        if leaf
        not in {
            studio.OverBudget,  # refused before there is a row
            studio.NotYours,
            studio.NotInvited,
            studio.RoleTooSmall,
            studio.CannotInvite,
            studio.TooManyPeople,
            studio.NoSuchVersion,
            studio.NotYourAnalysis,
            studio.AboveMaximum,
            studio.PlanMoved,
            studio.PriceRose,
            studio.EditRefused,
            studio.KeyRefused,
            studio.LimitRefused,
            studio.RatioNotOffered,
            studio.ModelGone,
            studio.ServiceAway,
            studio.NotHere,
            studio.WordBlocked,
            studio.AgeUnconfirmed,
            studio.TooManyReports,
        }
    ],
    ids=lambda leaf: leaf.__name__,
)
def test_a_failure_kept_in_a_row_is_told_in_the_same_words(leaf: type[Exception]) -> None:
    error = instance(leaf)

    assert replies.words_for_failure(failure_of(error)) == replies.words_for(error)


@pytest.mark.parametrize(
    "failure", ["", "Bug", "NoSuchClass", "MediaRefused", "MediaRefused:nonsense", "::", "{limit}"]
)
def test_any_failure_in_a_row_has_a_sentence(failure: str) -> None:
    words = replies.words_for_failure(failure)

    assert is_a_sentence(words)
    assert "{" not in words


def test_a_class_without_words_speaks_with_its_ancestors() -> None:
    class NewFault(provider.RequestFault):
        pass

    assert replies.words_for(NewFault("runway")) == replies.words_for(provider.RequestFault("runway"))


def test_a_fault_of_ours_shows_an_incident_and_nothing_else() -> None:
    words = replies.words_for(ZeroDivisionError("secret"))

    assert re.search(r"`[0-9a-f]{6}`", words)
    assert "secret" not in words


@pytest.mark.parametrize("word", ["Bug", "Cancelled", "KeyRemoved", "NotOverYet", "OperationLost", "UnusableClip"])
def test_words_that_rows_keep_have_a_sentence(word: str) -> None:
    assert is_a_sentence(replies.words_for_failure(word)) or word == "Cancelled"


def test_every_word_the_camera_keeps_is_known() -> None:
    source = (Path(__file__).parents[3] / "bot" / "production" / "camera.py").read_text()
    kept = set(re.findall(r'_TakeFailed\("(\w+)"', source))
    assert kept
    for word in kept:
        assert replies.words_for_failure(word) != replies.words_for_failure("Bug"), word


def test_every_sentence_that_names_kinds_of_videos_names_the_same() -> None:
    said = [words.id for words in words_in(Path(__file__).parents[3] / "bot") if "webm" in str(words.id)]

    assert len(said) > 3
    for sentence in said:
        assert "mp4, mov, mkv, avi or webm" in str(sentence)
