"""Greenlight, the Discord bot."""
