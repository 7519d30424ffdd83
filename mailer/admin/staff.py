"""The room of roles, for administrators: who is staff, and making or unmaking one. Whoever's role changes signs in
again; nobody takes their own role."""

from flask import Response, flash
from flask_babel import gettext as _

from mailer.admin.forms import ROLES, ReasonForm, RoleForm
from mailer.admin.lists import reader
from mailer.admin.walls import Walled, door
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import User
from mailer.rules.access import Role, Room
from mailer.rules.errors import NotFound
from mailer.services import accounts, moderation, oversight
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.targets import see_other


class Staff(Walled):
    """Everybody with a role, and the two verbs."""

    room = Room.ROLES
    doors = frozenset({"index_view", "give", "take"})

    @door("/")
    def index_view(self) -> str:
        """All of them: staff is few."""
        people = db.session.scalars(oversight.staff()).all()
        page: str = self.render("admin/staff.html", people=people, me=reader())
        return page

    @door("/give", "GET", "POST")
    def give(self) -> Response:
        """Give a role to a confirmed account."""
        form = RoleForm()
        if form.validate_on_submit():
            person = accounts.find(db.session(), form.email.data)
            if person is not None and person.is_active and person.confirmed_at is not None:
                return self._given(person, Role(form.role.data), str(form.reason.data))
            form.email.errors = [*form.email.errors, _("There is no confirmed, open account with this address.")]
        return render_form("admin/role_give.html", form)

    def _given(self, person: User, role: Role, reason: str) -> Response:
        moderation.give_role(db.session(), person, role, by=reader(), now=utcnow())
        audit("role.reason", object_kind="user", object_id=person.id, user_id=person.id, detail=role, reason=reason)
        db.session.commit()
        flash(_("The role is given. They have to sign in again."), "success")
        return see_other(".index_view")

    @door("/<int:user_id>/<role>/take", "GET", "POST")
    def take(self, user_id: int, role: str) -> Response:
        """Take a role from a member of staff."""
        person = db.session.scalar(oversight.staff().where(User.id == user_id))
        if person is None or role not in person.role_set or person.id == reader().id:
            raise NotFound
        form = ReasonForm()
        if not form.validate_on_submit():
            return render_form("admin/role_take.html", form, person=person, role=role, label=ROLES[Role(role)])
        moderation.take_role(db.session(), person, Role(role), by=reader(), now=utcnow())
        about = {"object_kind": "user", "object_id": person.id, "user_id": person.id}
        audit("role.reason", detail=role, reason=str(form.reason.data), **about)
        db.session.commit()
        flash(_("The role is taken."), "success")
        return see_other(".index_view")
