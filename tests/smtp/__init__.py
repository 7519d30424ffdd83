"""The SMTP protocol fed with bytes, and the wire against a real scripted server."""
