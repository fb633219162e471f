"""`python -m benchmarks.proof.small_bot run`: the bot, but its films are 160 pixels wide: a thousand cost little.

Everything else is as it ships.
"""

from __future__ import annotations

import sys

from bot.__main__ import main
from bot.media.encode import Frame
from bot.production.cut import FRAMES

#: Width and height of a 16:9 film.
SIZE = (160, 90)


def shrink() -> None:
    """Cut small films, of whatever ratio."""
    FRAMES.update(dict.fromkeys(FRAMES, Frame(width=SIZE[0], height=SIZE[1])))


if __name__ == "__main__":
    shrink()
    sys.exit(main())
