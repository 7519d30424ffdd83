"""No page of the URL map is forgotten. What is looked at on each of them: test_looks.py."""

from flask import Flask

from tests.auth.matrix import World
from tests.interface.pages import PEOPLE, browser_of, endpoints_of, pages_of
from tests.interface.refusals import CODES, refusals_of

# forms that a browser can send and this app can refuse
FORMS = {
    "auth.register", "auth.login", "auth.reset", "auth.resend", "auth.choose", "auth.password", "auth.email",
    "auth.edit_profile", "auth.delete", "blog.create", "blog.edit", "clients.create", "clients.edit", "imports.index",
    "suppressions.create", "suppressions.lift", "messages.create", "messages.edit", "mailings.create", "mailings.edit",
    "admin_users.judge", "admin_mailings.judge", "admin_mailings.release", "admin_posts.judge", "admin_staff.give",
    "admin_staff.take",
}  # fmt: skip


def test_every_address_is_a_page_for_somebody_or_known_to_be_none(app: Flask, world: World) -> None:
    seen = {page.endpoint for person in PEOPLE for page in pages_of(app, world, browser_of(app, world, person))}
    assert endpoints_of(app) - seen == set()


def test_every_form_and_every_error_is_among_the_refusals(app: Flask, world: World) -> None:
    seen = [page for person in PEOPLE for page in refusals_of(app, world, browser_of(app, world, person))]
    assert FORMS - {page.endpoint for page in seen} == set()
    assert {page.status for page in seen} >= {404, *CODES}
