"""Groq as a fast language model that sees pictures, and as an ear (groq 1.7). It never sees a video."""

from __future__ import annotations

from providers.groq.chat import GroqChat
from providers.groq.clients import DEFAULT_BASE_URL
from providers.groq.ears import GroqEars
from providers.groq.faults import PROVIDER, groq_fault
from providers.groq.limits import quota_notes

__all__ = ["DEFAULT_BASE_URL", "PROVIDER", "GroqChat", "GroqEars", "groq_fault", "quota_notes"]
