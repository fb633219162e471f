"""What a bot bears: presses and words by the second, a long line, many films under way, a stop and a start."""
