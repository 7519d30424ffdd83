"""The SMTP client protocol as a pure state machine: bytes in, bytes and events out. No sockets, no clock."""
