"""For whoever runs the bot: what there is, what it costs, and what needs a look."""
