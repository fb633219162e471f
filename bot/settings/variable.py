"""What is told of one variable of the environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of the environment.

    Args:
        means: what it is for, in plain words for somebody who sets up a bot for the first time.
        example: an obviously fake value for `.env.example`.
        default: what counts where it is not set; `None` where that is nothing.
        assumed: in words, what the bot takes for granted where it is not set, and this table does not decide.
        between: lowest and highest value of a number.
        choices: the words it may hold.
        secret: never shown, and may come from a file named by `<name>_FILE`.
        many: a comma-separated list; in a file, one to a line will do as well.
        numbered: `<name>_2`, `<name>_3`, … are read too.
    """

    name: str
    means: str
    example: str
    default: str | None = None
    assumed: str | None = None
    between: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    many: bool = False
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    introduction: str
    variables: tuple[Variable, ...]
