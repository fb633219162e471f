"""What operators see: how the bot stands, whether that is well, and how the last day went. It knows no Discord."""
