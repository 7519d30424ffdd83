"""A self-hosted service for recurring mailings."""
