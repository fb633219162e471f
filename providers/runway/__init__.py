"""Runway as a video provider: its own models and those it resells, edits, performances and upscaling.

`adapter` talks, `wire` knows what each model takes, `orders` checks and writes, `assets` and `uploads` bring files,
`faults` and `answers` read what comes back.
"""

from providers.runway.adapter import DEFAULT_BASE_URL, OUTPUT_HOSTS, Runway
from providers.runway.faults import runway_fault
from providers.runway.wire import MODELS, PROVIDER, Way

__all__ = ["DEFAULT_BASE_URL", "MODELS", "OUTPUT_HOSTS", "PROVIDER", "Runway", "Way", "runway_fault"]
