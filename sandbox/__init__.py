"""The outside world on loopback: Discord and every provider, for trying the bot and for its tests."""
