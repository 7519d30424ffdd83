"""The walls of the panel, round every address in it: who is not let into a room gets 404, a visitor the login page.

Flask-Admin brings many addresses (new, edit, delete, export, look-ups): only those a room opens by name exist.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from flask_admin import BaseView, expose
from flask_login import current_user

from mailer.extensions import login_manager
from mailer.rules.access import Room, may_enter
from mailer.rules.errors import NotFound

View = TypeVar("View", bound=Callable[..., Any])


def door(path: str, *methods: str) -> Callable[[View], View]:
    """Give a view an address in its room; GET unless told otherwise."""
    opened: Callable[[View], View] = expose(path, methods=methods or ("GET",))
    return opened


class Walled(BaseView):
    """A room of the panel. `doors` are the names of its views; everything else in it answers like nothing."""

    room: ClassVar[Room]
    doors: ClassVar[frozenset[str]]

    def is_accessible(self) -> bool:
        """Whether the reader may know of this room; Flask-Admin asks for its menu too."""
        return current_user.is_authenticated and may_enter(self.room, current_user.role_set)

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        if name not in self.doors or not self.is_accessible():
            raise NotFound
        return None

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin's own takes any TypeError inside a view for a wrong signature and calls it again
        return fn(self, *args, **kwargs)
