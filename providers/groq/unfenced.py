"""The JSON object in a streamed text, without what a model may put around it."""

from __future__ import annotations


class Unfenced:
    """Takes a text in pieces and gives the object in it in pieces.

    What stands before the first brace is dropped: a code fence, or thoughts that slipped out. So is a fence behind the
    last one; white space and backticks are therefore held until something follows.
    """

    def __init__(self) -> None:
        self._begun = False
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be said of the object now; "" is nothing yet."""
        if not self._begun:
            _, brace, after = piece.partition("{")
            if not brace:
                return ""
            self._begun, piece = True, brace + after
        text = self._held + piece
        told = text.rstrip().rstrip("`").rstrip()
        self._held = text[len(told) :]
        return told
