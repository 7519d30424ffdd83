"""Faults on purpose: each test proves that its fault struck, then counts what it cost, letter by letter."""
