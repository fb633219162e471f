"""What people see of a film: its plan card and its job card, each rendered from rows by a pure function."""

from bot.ui.card_layout import CardKind, fingerprint, fits
from bot.ui.job_card import JobFacts, job_card, place_in_words
from bot.ui.plan_card import PlanFacts, plan_card

__all__ = ["CardKind", "JobFacts", "PlanFacts", "fingerprint", "fits", "job_card", "place_in_words", "plan_card"]
