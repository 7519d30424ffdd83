"""Bytes and sockets: letters, the SMTP protocol, the wire. Knows no database and no rules."""
