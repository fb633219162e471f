"""What the sandbox's content policies refuse, so that a refusal can be had from any page by writing one word.

A video model refuses `forbidden` (and `unspeakable`); a language model only `unspeakable`, so that a plan may be talked
about whose shots will be refused. Both are whole words, in any case.
"""

from __future__ import annotations

import re

VIDEO_REFUSES = re.compile(r"\b(forbidden|unspeakable)\b", re.IGNORECASE)
LANGUAGE_REFUSES = re.compile(r"\bunspeakable\b", re.IGNORECASE)
