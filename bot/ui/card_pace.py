"""How often a card is edited: news almost at once, mere progress more and more rarely, an old message hardly at all.

Discord allows about five writes in five seconds in a channel, and few edits of messages over an hour old (code 30046,
2026-08); times in a card move by themselves.
"""

from __future__ import annotations

#: Seconds between two edits of one channel; a card that came to its end does not wait.
EDIT_EVERY = 2.5
#: Seconds after which a message is old, and between two edits of one that is.
GROWS_OLD_AFTER, EDIT_OLD_EVERY = 55 * 60.0, 60.0
#: Seconds between two edits that tell progress only, up to so many seconds after the card was posted.
_PROGRESS = ((120.0, 5.0), (900.0, 15.0))
_PROGRESS_LATER = 30.0


def pause_of_progress(age: float) -> float:
    """Seconds between two edits that tell nothing but progress, of a message of that age."""
    return next((pause for until, pause in _PROGRESS if age < until), _PROGRESS_LATER)


def is_old(age: float) -> bool:
    return age >= GROWS_OLD_AFTER
