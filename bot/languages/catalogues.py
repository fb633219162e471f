"""Keeps the files of translations in step with the words in the code."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.languages.words import Words, words_in
from bot.speech import Language

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "greenlight.pot"
TRANSLATED = tuple(language for language in Language if language is not Language.ENGLISH)
#: What would be another at every run.
_OF_THE_RUN = re.compile(
    rb'^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|'
    rb"Language-Team):.*\n",
    re.MULTILINE,
)


def path_of(language: Language) -> Path:
    return FOLDER / f"{language.code}.po"


def template(found: Iterable[Words]) -> Catalog:
    """All words, untranslated."""
    catalogue = Catalog(header_comment="# Words of Greenlight.\n#", fuzzy=False)
    for words in found:
        catalogue.add(words.id, locations=[(words.file, 0)], context=words.context)
    return catalogue


def catalogue_of(language: Language) -> Catalog:
    """The translations as they are; none where the language is new."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language.code, header_comment=f"# {language.own_name}\n#", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language.code)


def update(root: Path = ROOT) -> dict[Language, int]:
    """Bring the template and every language up to date; how many words each of them lacks.

    A sentence that changed is a new one, and what was its translation stays in the file as obsolete, to take from.
    """
    source = template(words_in(root))
    _write(source, TEMPLATE)
    lacks: dict[Language, int] = {}
    for language in TRANSLATED:
        catalogue = catalogue_of(language)
        catalogue.update(source, no_fuzzy_matching=True)
        _write(catalogue, path_of(language))
        lacks[language] = sum(bool(message.id) and not is_translated(message.string) for message in catalogue)
    return lacks


def is_translated(string: str | Iterable[str] | None) -> bool:
    """Whether there are words in every form of it."""
    return all([string] if string is None or isinstance(string, str) else string)


def _write(catalogue: Catalog, path: Path) -> None:
    written = io.BytesIO()
    write_po(written, catalogue, width=100, sort_by_file=True, include_lineno=False)
    path.write_bytes(_OF_THE_RUN.sub(b"", written.getvalue()))
