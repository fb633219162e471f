"""Slash commands that have no buttons and forms of their own, one surface each, and what their options offer."""
