"""List, add, see, change and delete one's own clients."""

from flask import Blueprint, Response, flash, jsonify, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.clients.forms import ClientForm, stored
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import Client
from mailer.services import clients as book
from mailer.services import suppressions
from mailer.services import tags as owner_tags
from mailer.web.acting import audit
from mailer.web.forms import BaseForm, render_form
from mailer.web.gone import or_as_new
from mailer.web.paging import page_of
from mailer.web.targets import see_other

FOUND_AT_ONCE = 50

clients = Blueprint("clients", __name__, url_prefix="/clients")


@clients.get("/")
@login_required
def index() -> str:
    """The address book, searched and filtered."""
    q, tag, status = (request.args.get(name, "").strip()[:200] for name in ("q", "tag", "status"))
    page = page_of(book.search(current_user.id, q=q, tag=tag, status=status))
    names = db.session.scalars(owner_tags.owned_by(current_user.id)).all()
    return render_template("clients/index.html", page=page, tags=names, q=q, tag=tag, status=status)


@clients.get("/search")
@login_required
def find() -> Response:
    """The first clients that match `?q=`, for search-as-you-type: `[{"value", "text", "hint"}]`."""
    q = request.args.get("q", "").strip()[:200]
    found = db.session.scalars(book.search(current_user.id, q=q).limit(FOUND_AT_ONCE))
    return jsonify([{"value": one.id, "text": one.email, "hint": one.full_name} for one in found])


@clients.route("/create", methods=["GET", "POST"])
@login_required
def create() -> Response:
    """Add a client."""
    form = ClientForm()
    if form.validate_on_submit() and _is_free(form, None):
        client = book.create(db.session(), current_user.id, form.facts(), now=utcnow())
        db.session.commit()
        flash(_("The client has been added."), "success")
        return see_other("clients.view", client_id=client.id)
    return render_form("clients/form.html", form, client=None, tags=_tag_names())


@clients.get("/<int:client_id>")
@login_required
def view(client_id: int) -> str:
    """One client, and whether it may be written to."""
    client = book.get(db.session(), current_user.id, client_id)
    suppression = suppressions.of_address(db.session(), current_user.id, client.address_key)
    return render_template("clients/view.html", client=client, suppression=suppression)


def _as_new() -> Response:
    form = ClientForm()
    form.validate()
    form.form_errors = [_("There is no such client any more. What you wrote is still here, as a new client.")]
    return render_form("clients/form.html", form, client=None, tags=_tag_names())


@clients.route("/<int:client_id>/edit", methods=["GET", "POST"])
@login_required
@or_as_new(_as_new)
def edit(client_id: int) -> Response:
    """Change a client."""
    client = book.get(db.session(), current_user.id, client_id)
    form = ClientForm(data=stored(client))
    if form.validate_on_submit() and _is_free(form, client) and _is_newest(form, client):
        book.update(db.session(), client, form.facts(), now=utcnow())
        db.session.commit()
        flash(_("The client has been saved."), "success")
        return see_other("clients.view", client_id=client_id)
    return render_form("clients/form.html", form, client=client, tags=_tag_names())


@clients.route("/<int:client_id>/delete", methods=["GET", "POST"])
@login_required
def delete(client_id: int) -> Response:
    """Ask once more, then delete the client."""
    client = book.get(db.session(), current_user.id, client_id)
    form = BaseForm()
    if form.validate_on_submit():
        book.delete(db.session(), client)
        audit("client.delete", object_kind="client", object_id=client_id)
        db.session.commit()
        flash(_("The client has been deleted."), "success")
        return see_other("clients.index")
    return render_form("clients/delete.html", form, client=client)


def _is_free(form: ClientForm, client: Client | None) -> bool:
    """Says it beside the field when another client has that address; the database holds it in a race."""
    other = book.with_address(db.session(), current_user.id, form.address)
    if other is None or (client is not None and other.id == client.id):
        return True
    form.email.errors = [*form.email.errors, _("You already have a client with this address.")]
    return False


def _is_newest(form: ClientForm, client: Client) -> bool:
    """Takes the client; says it above the form when it is not the one that the form was made from."""
    return form.is_newest(
        stored(book.take(db.session(), client))["seen"],
        _("The client was changed meanwhile. What you wrote is still here: save again to replace that change."),
    )


def _tag_names() -> list[str]:
    return [tag.name for tag in db.session.scalars(owner_tags.owned_by(current_user.id))]
