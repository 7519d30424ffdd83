"""A message as one of its recipients would read it; the moderator stands in for the recipient."""

from collections.abc import Mapping

from mailer.models import Message, User
from mailer.services.messages import filled


def values_for(person: User) -> dict[str, str]:
    """What the placeholders become."""
    return {"name": person.display_name, "email": person.email, "unsubscribe_url": "#"}


def sample(message: Message, values: Mapping[str, str]) -> dict[str, str]:
    """Subject and text; the HTML has an address of its own."""
    return {
        "subject": filled(message.subject, values, is_html=False),
        "text": filled(message.text, values, is_html=False),
    }
