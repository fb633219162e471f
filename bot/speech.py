"""In which language people are spoken to, and the words of ours in it.

English stands in the code. The other languages are in `bot/languages/*.po`, in the format translators' tools know; a
test asks every one of them for every sentence. Who is spoken to decides: whoever answers somebody, or renders something
for somebody, does so within `speaking(language)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

_FOLDER = Path(__file__).parent / "languages"


class Language(StrEnum):
    """Discord's names of the languages we speak."""

    ENGLISH = "en-US"
    SPANISH = "es-ES"
    GERMAN = "de"
    FRENCH = "fr"
    PORTUGUESE = "pt-BR"
    JAPANESE = "ja"

    @property
    def own_name(self) -> str:
        """As those who speak it write it."""
        return _OWN_NAMES[self]

    @property
    def english_name(self) -> str:
        return _ENGLISH_NAMES[self]

    @property
    def code(self) -> str:
        """As CLDR and the files of translations write it."""
        return self.replace("-", "_")

    @classmethod
    def nearest(cls, locale: str | None) -> Language:
        """The language of ours for a locale of Discord's: "es-419" is served in Spanish, what we lack in English."""
        if not locale:
            return cls.ENGLISH
        short = locale.split("-")[0].lower()
        return next((each for each in cls if each == locale or each.split("-")[0] == short), cls.ENGLISH)


_OWN_NAMES = {
    Language.ENGLISH: "English",
    Language.SPANISH: "Español",
    Language.GERMAN: "Deutsch",
    Language.FRENCH: "Français",
    Language.PORTUGUESE: "Português (Brasil)",
    Language.JAPANESE: "日本語",
}

#: How language models are told of them.
_ENGLISH_NAMES = {
    Language.ENGLISH: "English",
    Language.SPANISH: "Spanish",
    Language.GERMAN: "German",
    Language.FRENCH: "French",
    Language.PORTUGUESE: "Brazilian Portuguese",
    Language.JAPANESE: "Japanese",
}

_spoken: ContextVar[Language] = ContextVar("spoken", default=Language.ENGLISH)
_shared: ContextVar[Language | None] = ContextVar("shared", default=None)


def spoken() -> Language:
    return _spoken.get()


def shared() -> Language:
    """The language for what whoever is spoken to asks for, and others read."""
    return _shared.get() or _spoken.get()


def speak(language: Language, *, shared: Language | None = None) -> None:
    """Speak a language from here to the end of the task: for where a task begins that serves one person or film.

    `shared` is the language of what others read of it, too.
    """
    _spoken.set(language)
    _shared.set(shared)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Within, `say` and `counted` speak that language."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def say(words: str, /, **facts: object) -> str:
    """A sentence in the language spoken; `{name}` in it is a fact. `words` is a literal, or was marked by `later`."""
    return _found(words, 1).format(**facts) if facts else _found(words, 1)


def counted(number: int, one: str, many: str, /, **facts: object) -> str:
    """A sentence about a number of things, which stands in it as `{number}`."""
    return _found((one, many), number).format(number=number, **facts)


def later(words: str) -> str:
    """Mark words of a table or constant, to be said by `say` when somebody reads them."""
    return words


def dollars(microusd: int) -> str:
    """Money as the language writes it, rounded up to the cent: a price that is told is a ceiling."""
    return str(format_currency(-(-microusd // 10_000) / 100, "USD", locale=_spoken.get().code, group_separator=False))


def gibibytes(count: int) -> str:
    """Bytes of a disk, rounded down: what is free is not told as more."""
    return f"{format_decimal(math.floor(10 * count / (1 << 30)) / 10, '#,##0.0', locale=spoken().code)} GiB"


def lasting(seconds: float) -> str:
    """How long something took or takes, in the two largest units that say something."""
    seconds = max(0.0, seconds)
    if 0 < seconds < 1:
        return say("{number} ms", number=round(seconds * 1000))
    if seconds < 90:
        return say("{number} s", number=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 90:
        return say("{number} min", number=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return say("{hours} h {minutes} min", hours=hours, minutes=minutes)
    days, hours = divmod(hours, 24)
    return say("{days} d {hours} h", days=days, hours=hours)


def translated(words: str, language: Language, *, context: str | None = None) -> str | None:
    """Words in another language, for what is not said but declared: the names of commands. `None` where it has none."""
    if language is Language.ENGLISH:
        return words
    forms = _words(language).get((words, context))
    return forms[0] if forms is not None and len(forms) == 1 else None


def prepare() -> None:
    """Read the words of every language. It takes a good part of a second, so a bot has a thread do it as it starts."""
    for language in Language:
        if language is not Language.ENGLISH:
            _words(language)


def _found(words: str | tuple[str, str], number: int) -> str:
    language = _spoken.get()
    english = words if isinstance(words, str) else words[number != 1]
    if language is Language.ENGLISH:
        return english
    one = words if isinstance(words, str) else words[0]
    forms = _words(language).get((one, None), (english,))
    return forms[0] if len(forms) == 1 else forms[_plural(language, number)]


def _plural(language: Language, number: int) -> int:
    """Which of two forms: French and Brazilian Portuguese count nothing as one (CLDR 47, checked 2026-11-29)."""
    return int(number > 1) if language in {Language.FRENCH, Language.PORTUGUESE} else int(number != 1)


@cache
def _words(language: Language) -> Mapping[tuple[str, str | None], tuple[str, ...]]:
    """The forms of each sentence, by its English and its context; of one of several numbers, by that of one.

    Only this is kept of a catalogue: Babel's own takes several times the memory.
    """
    with (_FOLDER / f"{language.code}.po").open("rb") as file:
        catalogue = read_po(file, locale=language.code)
    found = {}
    for message in catalogue:
        one = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if one and forms and all(forms):
            found[one, message.context] = forms
    return found
