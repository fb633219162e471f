"""The key pool: lends API keys so that no provider's limit is ever crossed and every user gets a fair turn."""
