"""Whole journeys of a person, with a browser, a consumer and a mail server."""
