"""The room of messages: read only, as their recipients would see them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response
from sqlalchemy import Select

from mailer.admin.lists import Listed, reader
from mailer.admin.previews import sample, values_for
from mailer.admin.walls import door
from mailer.extensions import db
from mailer.models import Message, User
from mailer.rules.access import Room
from mailer.services import oversight
from mailer.services.messages import filled, living_mailings
from mailer.web.letters import letter_page


class Messages(Listed):
    """List, one message, and its HTML alone in a frame."""

    room = Room.MESSAGES
    doors = frozenset({"index_view", "message", "preview"})
    list_template = "admin/messages.html"
    column_list = column_sortable_list = ("id", "subject", "updated_at")
    searched: ClassVar[Sequence[Any]] = (Message.subject, Message.text, User.email)

    def seen(self) -> Select[Any]:
        """Messages of everybody within sight, with their owners."""
        return oversight.messages(reader())

    @door("/<int:message_id>")
    def message(self, message_id: int) -> str:
        """One message and the mailings that use it."""
        message = oversight.message(db.session(), reader(), message_id)
        page: str = self.render(
            "admin/message.html",
            message=message,
            mailings=living_mailings(db.session(), message),
            sample=sample(message, values_for(reader())),
        )
        return page

    @door("/<int:message_id>/preview")
    def preview(self, message_id: int) -> Response:
        """The HTML in its sandbox: nothing of it runs, nothing is fetched."""
        message = oversight.message(db.session(), reader(), message_id)
        return letter_page(filled(message.html, values_for(reader()), is_html=True))
