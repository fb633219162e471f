"""Durability: the engine that resumes work after a crash, and the ledger that keeps paid calls from repeating.

Knows no film.
"""
