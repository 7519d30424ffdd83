"""Two people sign up with one address: whoever reads its mailbox decides, and nobody else's password ever counts."""

from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.services.passwords import NO_PASSWORD
from tests.auth.mailbox import collect, path_in
from tests.auth.test_sign_up import FORM, sign_up, who
from tests.support.people import post

SQUATTERS, OWN, LAST = "the squatter's own", FORM["password"], "chosen in the mailbox"


def try_to_enter(app: Flask, password: str) -> bool:
    web = app.test_client()
    return post(web, "/auth/login", login="anna@example.org", password=password).status_code == 303


def sign_up_with(app: Flask, password: str) -> None:
    assert sign_up(app.test_client(), password=password, password2=password).status_code == 303


def is_choice(letter: EmailMessage) -> bool:
    return letter["Subject"].startswith("Choose a password")


@pytest.mark.both_databases
@pytest.mark.parametrize("order", [(SQUATTERS, OWN), (OWN, SQUATTERS)], ids=["squatter first", "squatter last"])
def test_whoever_confirms_has_chosen_the_password(
    app: Flask, web: FlaskClient, session: Session, order: tuple[str, str]
) -> None:
    sign_up_with(app, order[0])
    (early,) = collect(app)
    sign_up_with(app, order[1])
    (late,) = collect(app)
    assert web.get(path_in(early)).status_code == 400
    assert is_choice(late)
    assert who(session).password_hash == NO_PASSWORD
    assert post(web, path_in(late), password=LAST, password2=LAST).location == "/auth/login"
    assert who(session).confirmed_at
    assert [try_to_enter(app, password) for password in (SQUATTERS, OWN, LAST)] == [False, False, True]


def test_a_letter_that_still_waited_confirms_nobody_elses_password(app: Flask) -> None:
    sign_up_with(app, OWN)
    sign_up_with(app, SQUATTERS)
    letters = collect(app)
    assert [is_choice(letter) for letter in letters] == [True, True]
    web = app.test_client()
    assert post(web, path_in(letters[0]), password=LAST, password2=LAST).status_code == 303
    assert not try_to_enter(app, SQUATTERS)


def test_the_same_password_twice_is_one_person_whose_links_all_work(app: Flask, web: FlaskClient) -> None:
    sign_up_with(app, OWN)
    (early,) = collect(app)
    sign_up_with(app, OWN)
    (late,) = collect(app)
    assert web.get(path_in(late)).status_code == 200
    assert post(web, path_in(early)).status_code == 303
    assert try_to_enter(app, OWN)
    assert web.get(path_in(late)).status_code == 400


def test_more_sign_ups_kill_no_link_to_choose(app: Flask, web: FlaskClient) -> None:
    sign_up_with(app, OWN)
    sign_up_with(app, SQUATTERS)
    choice, *_others = collect(app)
    sign_up_with(app, SQUATTERS)
    assert web.get(path_in(choice)).status_code == 200


def test_a_new_link_to_choose_is_sent_on_request(app: Flask, web: FlaskClient, session: Session) -> None:
    sign_up_with(app, OWN)
    sign_up_with(app, SQUATTERS)
    collect(app)
    post(web, "/auth/resend", email="anna@example.org")
    (letter,) = collect(app)
    assert is_choice(letter)


def test_a_confirmed_account_keeps_its_password(app: Flask, web: FlaskClient, session: Session) -> None:
    sign_up_with(app, OWN)
    (letter,) = collect(app)
    post(web, path_in(letter))
    before = who(session).password_hash
    sign_up_with(app, SQUATTERS)
    assert who(session).password_hash == before
