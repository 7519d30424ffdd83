"""Pure decisions: no I/O, no clock, no Flask. Whatever can be decided without the world is decided here."""
