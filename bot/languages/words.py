"""Finds in our code every word that people read: what is said, and what commands and their options are called.

A sentence is a literal in `say`, `later` or `counted`. Commands, options and choices are read from the decorators that
declare them. Names that Discord wants in small letters without spaces stand in the context `NAME`, since the same word
may be a sentence elsewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: The context of names of commands and options.
NAME = "name"
#: Decorators and classes of discord.py that declare what people see: their arguments that are sentences, with how long
#: they may be (Discord's page "Application Commands", 2026-08).
_DECLARING = {
    "command": {"description": 100},
    "Group": {"description": 100},
    "context_menu": {"name": 32},
    "ContextMenu": {"name": 32},
    "Choice": {"name": 100},
}
_NAMING = {"command", "Group"}


@dataclass(frozen=True, slots=True)
class Words:
    """What people read somewhere: a sentence, or one for a single thing and one for several.

    `most` is how many characters Discord takes of it, where that is little.
    """

    id: str | tuple[str, str]
    context: str | None
    file: str
    most: int | None = None


class NotALiteral(Exception):
    """Words that are put together in code can't be translated; the message says where they are."""


def words_in(root: Path) -> Iterator[Words]:
    """Everything that people read, in the order of the code."""
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root.parent).as_posix()
        for node in _in_order(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _said(node, name)
                yield from _declared(node, name)
            elif isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                yield from _options(node, name)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _said(call: ast.Call, file: str) -> Iterator[Words]:
    match called(call), call.args:
        case "later" | "say", [ast.Constant(value=str(sentence)), *_]:
            yield Words(sentence, None, file)
        case "counted", [_, ast.Constant(value=str(one)), ast.Constant(value=str(many)), *_]:
            yield Words((one, many), None, file)
        case "later" | "counted", [_, *_]:
            raise NotALiteral(f"{file}:{call.lineno}")
        case "say", [ast.JoinedStr() | ast.BinOp(), *_]:
            raise NotALiteral(f"{file}:{call.lineno}")


def _declared(call: ast.Call, file: str) -> Iterator[Words]:
    declares = called(call)
    for keyword in call.keywords:
        match keyword.value:
            case ast.Constant(value=str(sentence)):
                most = 100 if declares == "describe" else _DECLARING.get(declares, {}).get(keyword.arg or "")
                if most is not None:
                    yield Words(sentence, None, file, most)
                elif declares in _NAMING and keyword.arg == "name":
                    yield Words(sentence, NAME, file)


def _options(function: ast.AsyncFunctionDef | ast.FunctionDef, file: str) -> Iterator[Words]:
    """The options of a command are the parameters of its function, after the interaction."""
    declares = [called(each) for each in function.decorator_list if isinstance(each, ast.Call)]
    if "command" in declares:
        parameters = [each.arg for each in function.args.args if each.arg != "self"]
        for option in parameters[1:]:
            yield Words(option, NAME, file)


def called(call: ast.Call) -> str:
    """The last part of what is called: "say" of `speech.say(…)`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
