"""Discord: commands, thread chat, buttons, cards, progress, delivery, words for errors.

With `bot.app` the only importer of discord. Everything shown is rendered from rows; nothing here is the truth.
"""
