"""Every language says all that English says, with the same facts and signs, in what Discord takes; and nothing that
people read bypasses `bot.speech`.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.languages.catalogues import ROOT, TEMPLATE, TRANSLATED, catalogue_of, is_translated, template
from bot.languages.words import NAME, NotALiteral, Words, called, words_in
from bot.speech import Language

#: Languages that do not say everything yet, so that their files may lag behind the code. To be empty before a release.
INCOMPLETE: frozenset[Language] = frozenset()

_SAYING = {"say", "later", "counted"}
#: What takes words that are for logs, for programmers and for Discord's own lists.
_ASIDE = {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "log",
    "getLogger",
    "compile",
    "TypeVar",
    "describe",
    "nonce",
    "format_date",
}
_DECLARING = {"command", "Group", "ContextMenu", "context_menu", "Choice", "choices", "Spec"}
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? +[A-Za-z]{2,}")
#: What Discord shows at most of a button, a form's title, and what stands over and in its fields.
_MOST = {"label": 80, "title": 45, "text": 45, "placeholder": 100}


@cache
def found_words() -> list[Words]:
    return list(words_in(ROOT))


@cache
def catalogue(language: Language) -> Catalog:
    return catalogue_of(language)


def translations(language: Language) -> Iterator[tuple[Message, str, str]]:
    """Every sentence with its translation, form by form, as far as there is one."""
    for message in catalogue(language):
        if not message.id or not is_translated(message.string):
            continue
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        forms = [message.id] if isinstance(message.id, str) else list(message.id)[-len(strings) :]
        for words, string in zip(forms, strings, strict=True):
            yield message, words, string


def ids(found: Catalog) -> set[tuple[str | None, object]]:
    return {(message.context, message.id) for message in found if message.id}


EACH = pytest.mark.parametrize("language", TRANSLATED)


def test_the_template_holds_the_words_in_the_code() -> None:
    with TEMPLATE.open("rb") as file:
        assert INCOMPLETE or ids(read_po(file)) == ids(template(found_words())), "run `make words`"


def test_no_sentence_is_both_about_one_thing_and_about_several() -> None:
    kinds = {words.id if isinstance(words.id, str) else words.id[0]: set[bool]() for words in found_words()}
    for words in found_words():
        if words.context is None:
            kinds[words.id if isinstance(words.id, str) else words.id[0]].add(isinstance(words.id, str))

    assert [sentence for sentence, found in kinds.items() if len(found) > 1] == []


@EACH
def test_every_language_has_the_words_in_the_code(language: Language) -> None:
    assert language in INCOMPLETE or ids(catalogue(language)) == ids(template(found_words())), "run `make words`"


@EACH
def test_every_language_says_everything(language: Language) -> None:
    lacking = [message.id for message in catalogue(language) if message.id and not is_translated(message.string)]

    assert language in INCOMPLETE or lacking == []


@EACH
def test_no_translation_is_a_guess(language: Language) -> None:
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@EACH
def test_every_translation_tells_the_same_facts_with_the_same_signs(language: Language) -> None:
    unlike = [(words, string) for message, words, string in translations(language) if signs(words) != signs(string)]

    assert unlike == []


@EACH
def test_every_translation_names_commands_as_they_are_called_in_it(language: Language) -> None:
    called_there = {str(message.id): str(message.string) for message in catalogue(language) if message.context == NAME}
    wrong = []
    for message, words, string in translations(language):
        if message.context is None:
            wanted = {" ".join(called_there.get(name) or name for name in each.split()) for each in commands(words)}
            if wanted != set(commands(string)):
                wrong.append((string, wanted))

    assert wrong == []


@EACH
def test_every_name_of_a_command_is_one_that_discord_takes(language: Language) -> None:
    names = [string for message, _, string in translations(language) if message.context == NAME]

    assert [name for name in names if not is_name(name)] == []
    assert [name for name, count in Counter(names).items() if count > 1] == []


@EACH
def test_every_translation_fits_where_it_stands(language: Language) -> None:
    long = [
        (string, bounds()[words])
        for message, words, string in translations(language)
        if message.context is None and len(string) > bounds().get(words, 4_000)
    ]

    assert long == []


def signs(sentence: str) -> tuple[object, ...]:
    """Everything of a sentence that is the same in every language."""
    return (
        sorted(set(re.findall(r"\{\w+[^}]*\}", sentence))),
        sentence.count("**"),
        sorted(code for code in re.findall(r"`([^`]+)`", sentence) if not code.startswith("/")),
        len(commands(sentence)),
        Counter(letter for letter in sentence if unicodedata.category(letter) == "So"),
        sorted(re.findall(r"\]\(\{\w+\}\)|<[@#t]", sentence)),
        sentence.count("\n"),
        _END.get(sentence[-1:], ""),
    )


#: The last sign of a sentence in any script.
_END = {".": ".", "。": ".", "?": "?", "？": "?", "!": "!", "！": "!", "…": "…", ":": ":", "：": ":"}


def commands(sentence: str) -> list[str]:
    return re.findall(r"`/([^`{]+)`", sentence)


def is_name(name: str) -> bool:
    """As Discord's page "Application Commands" has it (2026-08): letters, numbers, - and _, none of them capital."""
    return 1 <= len(name) <= 32 and name == name.lower() and all(each.isalnum() or each in "-_" for each in name)


@cache
def bounds() -> dict[str, int]:
    """Sentences with how many characters Discord takes of them."""
    found = {}
    for words in found_words():
        if words.most is not None and isinstance(words.id, str):
            found[words.id] = words.most
    for path in sorted((ROOT / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in _MOST:
                for said in ast.walk(node.value):
                    match said:
                        case ast.Call(args=[ast.Constant(value=str(sentence)), *_]) if called(said) == "say":
                            found[sentence] = _MOST[node.arg]
    return found


def refusals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Reasons for a refusal that nobody translates: they are made below `bot.ui`, for people to read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node).endswith("Refused"):
            yield from unsaid(
                ast.Module(body=[ast.Expr(value=each) for each in node.args], type_ignores=[]), whole=True
            )


def unsaid(tree: ast.Module, *, whole: bool = False) -> Iterator[tuple[int, str]]:
    """Literals of two words and more that nobody translates; in a `whole` there are no docstrings."""
    aside = {id(each) for each in set_aside(tree, whole=whole)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(words)) if id(node) not in aside and _TWO_WORDS.search(words):
                yield node.lineno, words
            case ast.keyword(arg=arg, value=ast.Constant(value=str(words))) if arg in _MOST:
                if id(node.value) not in aside and re.search("[A-Za-z]{2}", words):
                    yield node.value.lineno, words


def set_aside(tree: ast.Module, *, whole: bool) -> Iterator[ast.AST]:
    """Literals that are said, or that nobody reads."""
    for node in ast.walk(tree):
        match node:
            case ast.Call() if called(node) in _SAYING | _ASIDE | _DECLARING:
                yield from ast.walk(node)
            case ast.Call(args=[name, *_]) if called(node) == "Tip":  # the name of a command
                yield name
            case ast.Raise() | ast.Assert() | ast.ImportFrom():
                yield from ast.walk(node)
            case ast.Expr(value=ast.Constant()) if not whole:  # a docstring
                yield node.value
            case ast.MatchValue():
                yield node.value
            case ast.AnnAssign():
                yield from ast.walk(node.annotation)


def test_everything_that_people_read_can_be_told_in_another_language() -> None:
    found = []
    for path in sorted(path for room in ("ui", "studio", "production") for path in (ROOT / room).rglob("*.py")):
        rule = unsaid if path.is_relative_to(ROOT / "ui") else refusals
        for line, words in rule(ast.parse(path.read_text(encoding="utf-8"))):
            found.append(f"{path.relative_to(ROOT)}:{line} {words[:60]}")

    assert found == []


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('send("Your film is ready.")', True),
        ('send(f"{count} films are ready")', True),
        ('label = "Send again"', True),
        ('Button(label="Open")', True),
        ('Button(label=say("Open"))', False),
        ('send(say("Your film is ready."))', False),
        ('logger.info("film is ready")', False),
        ('raise RuntimeError("never comes here")', False),
        ('"""What it is for."""', False),
        ('name = "greenlight"', False),
    ],
)
def test_the_rule_finds_what_is_not_said(source: str, is_found: bool) -> None:
    assert bool(list(unsaid(ast.parse(source)))) == is_found


def test_the_rule_finds_reasons_of_refusals() -> None:
    said = 'raise EditRefused(say("A film has shots."))'

    assert list(refusals(ast.parse(said))) == []
    assert list(refusals(ast.parse(said.replace("say", ""))))


@pytest.mark.parametrize("source", ['later(f"{x}")', "counted(2, one, many)", 'say("a" + b)', 'say(f"{x} films")'])
def test_words_put_together_in_code_are_refused(source: str, tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "module.py").write_text(source)

    with pytest.raises(NotALiteral):
        list(words_in(room))
