"""Tests of an owner's own pages: clients, messages, mailings."""
