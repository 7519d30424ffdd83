"""The pages of the local inbox: the list, live; one letter with its HTML, text, headers and source; empty it."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, abort, current_app, flash, make_response, render_template, request
from flask_babel import gettext as _

from mailer.inbox.box import PER_PAGE, Box, Letter, open_box
from mailer.web.letters import letter_page
from mailer.web.targets import see_other

inbox = Blueprint("inbox", __name__, url_prefix="/inbox")


@inbox.get("/")
def index() -> str:
    """The letters that came, newest first."""
    return render_template("inbox/index.html", **_shown())


@inbox.get("/live")
def live() -> Response:
    """The list alone, for the page that asks again and again; 204 while nothing has changed."""
    shown = _shown()
    if request.args.get("seen") == shown["seen"]:
        return make_response("", 204)
    return make_response(render_template("inbox/list.html", **shown))


@inbox.get("/<int:letter_id>")
def view(letter_id: int) -> str:
    """One letter."""
    return render_template("inbox/view.html", letter=_letter(letter_id))


@inbox.get("/<int:letter_id>/html")
def html(letter_id: int) -> Response:
    """Its HTML alone in its frame: no scripts, nothing fetched."""
    return letter_page(_letter(letter_id).read.html)


@inbox.get("/<int:letter_id>/letter.eml")
def source(letter_id: int) -> Response:
    """The letter byte for byte, as a file for a mail program."""
    response = make_response(_letter(letter_id).raw)
    response.headers["Content-Type"] = "message/rfc822"
    response.headers["Content-Disposition"] = f'attachment; filename="letter-{letter_id}.eml"'
    return response


@inbox.post("/empty")
def empty() -> Response:
    """Throw all letters away."""
    with _box() as box:
        box.empty()
    flash(_("The inbox has been emptied."), "success")
    return see_other("inbox.index")


@inbox.after_request
def keep_private(response: Response) -> Response:
    """Letters hold links that open accounts: no cache may keep them."""
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def _box() -> Iterator[Box]:
    with open_box(current_app.config["MAILER"].var_dir) as box:
        yield box


def _shown() -> dict[str, object]:
    q, raw = request.args.get("q", "").strip()[:200], request.args.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    with _box() as box:
        lines, (total, newest) = box.page(q=q, before=before), box.state()
    older = lines[-1].id if len(lines) == PER_PAGE else None
    return {"letters": lines, "total": total, "seen": f"{total}.{newest}", "older": older, "q": q, "before": before}


def _letter(letter_id: int) -> Letter:
    with _box() as box:
        return box.get(letter_id) or abort(404)
