"""Runway on loopback: the wire of its API, version 2024-11-06, as its OpenAPI document of 2026-08-08 tells it.

`offer` says what each model takes and costs, `bodies` checks it, `assets` opens what a body names, `darkroom` makes
clips out of clips, `service` answers.
"""

from sandbox.providers.runway.service import Runway

__all__ = ["Runway"]
