"""One run on paper: totals that add up, live while it moves, the reasons, the button for the unanswered."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.mail.wire.line import CLOSED
from mailer.models import Attempt, AuditEntry, HeldReason, Retry, Run, RunState, User
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import troubles
from mailer.services.progress import progress_of
from tests.reports.logbook import finished_run, row, write
from tests.support.people import post
from tests.support.world import make_mailing, make_run

SOME = [Outcome.ACCEPTED] * 5 + [Outcome.REFUSED] * 2 + [Outcome.SKIPPED, Outcome.UNANSWERED]


def numbers(page: str) -> dict[str, str]:
    """The tiles of a page: label → value."""
    tiles = re.findall(r'stat-label">([^<]*)</div>\s*<div class="stat-value">([^<]*)<', page)
    return {label: value.replace(",", "") for label, value in tiles}


@pytest.mark.both_databases
def test_the_totals_of_a_finished_run_add_up(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME)
    shown = numbers(web.get(f"/reports/runs/{run.id}").text)
    assert shown == {"Accepted": "5", "Refused": "2", "Skipped": "1", "Unanswered": "1", "All recipients": "9"}


def test_the_totals_of_a_moving_run_add_up(web: FlaskClient, session: Session, owner: User) -> None:
    run = make_run(session, make_mailing(session, owner), opened_at=utcnow(), total=40, accepted=20, refused=3)
    run.deferred, run.expected = 5, 100
    shown = {label: int(value) for label, value in numbers(web.get(f"/reports/runs/{run.id}").text).items()}
    assert shown.pop("All recipients") == sum(shown.values()) == 100
    assert shown["In hand"] == 12
    assert shown["Not begun yet"] == 60


def test_where_the_server_said_nothing_our_sentence_is_in_the_readers_language(
    web: FlaskClient, session: Session, owner: User
) -> None:
    run = finished_run(session, owner, [])
    write(session, run, [row(run, 1, Outcome.UNANSWERED, reply_text=CLOSED), row(run, 2, Outcome.REFUSED)])
    owner.locale = "ru"
    session.commit()
    page = web.get(f"/reports/runs/{run.id}").text
    assert "сервер закрыл соединение" in page
    assert CLOSED not in page
    assert "5.1.1 No such user here" in page


def test_the_moving_part_asks_for_itself_until_the_run_is_over(web: FlaskClient, session: Session, owner: User) -> None:
    run = make_run(session, make_mailing(session, owner), opened_at=utcnow(), expected=10)
    asking = web.get(f"/reports/runs/{run.id}/live")
    again = re.search(r'hx-get="([^"]+)"', asking.text)
    assert again
    assert "every 1s" in asking.text
    assert web.get(again[1].replace("&amp;", "&")).status_code == 200
    run.state = RunState.DONE
    over = web.get(f"/reports/runs/{run.id}/live")
    assert "hx-get" not in over.text
    assert over.headers["HX-Refresh"] == "true"


def test_what_does_not_move_says_of_which_moment_it_is(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME, state=RunState.OPEN)
    said = re.compile(r"below: as of \d+ \w+ \d{4}, \d\d:\d\d:\d\d \(UTC\)\.")
    still = web.get(f"/reports/runs/{run.id}").text.partition("</section>")[2]
    assert said.search(still)
    assert said.search(still).start() < still.index("By mail domain")  # type: ignore[union-attr]
    assert not said.search(web.get(f"/reports/runs/{run.id}/live").text)
    run.state = RunState.DONE
    assert not said.search(web.get(f"/reports/runs/{run.id}").text)


@pytest.mark.both_databases
def test_the_moving_part_reads_the_run_s_row_and_nothing_else(
    web: FlaskClient, session: Session, owner: User, engine: Engine
) -> None:
    run = finished_run(session, owner, SOME, state=RunState.OPEN)
    said: list[str] = []
    path = f"/reports/runs/{run.id}/live?done=1&at=1&speed=5"
    event.listen(engine, "before_cursor_execute", lambda *facts: said.append(facts[2]))
    assert web.get(path).status_code == 200
    tables = [found[1] for one in said if (found := re.search(r"FROM \"?(\w+)", one))]
    assert [name for name in tables if name not in {"session", "user", "user_role"}] == ["run"]


@pytest.mark.parametrize(
    "odd", ["done=x&at=1&speed=1", "done=1&at=9e99&speed=1", "done=1&at=1&speed=nan", "at=" + "9" * 30]
)
def test_an_odd_address_of_the_moving_part_is_harmless(
    web: FlaskClient, session: Session, owner: User, odd: str
) -> None:
    run = finished_run(session, owner, SOME)
    assert web.get(f"/reports/runs/{run.id}/live?{odd}").status_code == 200


def test_a_held_run_says_why_with_the_server_s_words(web: FlaskClient, session: Session, owner: User) -> None:
    run = make_run(session, make_mailing(session, owner), held_reason=HeldReason.SERVER, held_at=utcnow())
    run.held_words, run.held_until = "421 <too> many", utcnow() + timedelta(minutes=3)
    for path in (f"/reports/runs/{run.id}", "/reports/"):
        page = web.get(path).text
        assert "The mail server is in trouble" in page
        assert "421 &lt;too&gt; many" in page


def test_a_missed_run_says_how_many_times_were_missed(web: FlaskClient, session: Session, owner: User) -> None:
    run = make_run(session, make_mailing(session, owner), state=RunState.MISSED, missed_count=3, version_id=None)
    assert "3 times were missed" in web.get(f"/reports/runs/{run.id}").text


def test_a_long_title_leaves_room_for_the_way_back(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME)
    run.mailing.title = "b" * 100
    page = web.get(f"/reports/attempts?run={run.id}").text
    way_back = page.partition('class="breadcrumb"')[2].partition("</ol>")[0]
    assert "bbb..., 2" in way_back
    assert "b" * 41 not in way_back


@pytest.mark.both_databases
def test_reasons_are_grouped_by_what_was_said(session: Session, owner: User) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED])
    refusals = ["5.1.1 <a@b> unknown", "5.1.1 <c@d> unknown", "5.7.515 policy", "nobody is here"]
    rows = [row(run, 10 + n, Outcome.REFUSED, reply_text=words) for n, words in enumerate(refusals)]
    rows.append(row(run, 20, Outcome.SKIPPED, reason=SkipReason.SUPPRESSED))
    write(session, run, rows)
    found = {(one.code, one.enhanced, one.reason): one.n for one in troubles.of_run(session, run).groups}
    assert found == {
        (550, "5.1.1", None): 2,
        (550, "5.7.515", None): 1,
        (550, "", None): 1,
        (None, "", SkipReason.SUPPRESSED): 1,
    }


def test_the_page_says_what_to_do_and_escapes_the_server_s_words(
    web: FlaskClient, session: Session, owner: User
) -> None:
    run = finished_run(session, owner, [])
    write(session, run, [row(run, 1, Outcome.REFUSED, reply_text="5.1.1 <script>alert(1)</script>")])
    page = web.get(f"/reports/runs/{run.id}").text
    assert "There is no such mailbox" in page
    assert "<script>alert" not in page


@pytest.mark.both_databases
def test_domains_are_counted_by_what_follows_the_at(session: Session, owner: User) -> None:
    run = finished_run(session, owner, [])
    houses = ["mail.example.org", "mail.example.org", "почта.example.org"]
    write(session, run, [row(run, n, address=f"p{n}@{house}") for n, house in enumerate(houses, start=1)])
    found = troubles.domains(session, run.id)
    assert [(name, counts[Outcome.ACCEPTED]) for name, counts in found.rows] == [(houses[0], 2), (houses[2], 1)]
    assert found.is_all


@pytest.mark.both_databases
def test_the_unanswered_are_sent_again_only_after_a_question(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME)
    path = f"/reports/runs/{run.id}/resend"
    asked = web.get(path)
    assert "the same letter twice" in asked.text
    assert session.scalar(select(Retry)) is None
    assert post(web, path).status_code == 303
    session.expire_all()
    assert session.scalars(select(Retry.number)).all() == [2]
    assert session.scalar(select(Attempt.resent_at).where(Attempt.outcome == Outcome.UNANSWERED))
    assert session.get_one(Run, run.id).state is RunState.OPEN
    assert session.scalar(select(AuditEntry.verb).order_by(AuditEntry.id.desc())) == "run.resend_unanswered"
    assert post(web, path).status_code == 409
    assert len(session.scalars(select(Retry)).all()) == 1


def test_nothing_unanswered_cannot_be_sent_again(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED])
    assert web.get(f"/reports/runs/{run.id}/resend").status_code == 409
    assert post(web, f"/reports/runs/{run.id}/resend").status_code == 409


def test_sending_again_needs_the_csrf_token(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME)
    assert web.post(f"/reports/runs/{run.id}/resend").status_code == 400


@pytest.mark.parametrize("tail", ["", "/live", "/replies", "/resend"])
def test_a_stranger_s_run_is_a_missing_one(
    web: FlaskClient, session: Session, owner: User, stranger: User, tail: str
) -> None:
    run = finished_run(session, stranger, SOME)
    session.commit()
    theirs, missing = web.get(f"/reports/runs/{run.id}{tail}"), web.get(f"/reports/runs/999999{tail}")
    assert (theirs.status_code, missing.status_code) == (404, 404)
    if tail == "/resend":
        assert post(web, f"/reports/runs/{run.id}{tail}").status_code == 404


def test_progress_does_not_forget_those_who_are_left() -> None:
    run = Run(state=RunState.OPEN, total=30, accepted=10, refused=0, skipped=0, unanswered=0, deferred=5)
    run.expected, run.is_exhausted, run.held_reason = 50, False, None
    run.opened_at = utcnow()
    found = progress_of(run, now=run.opened_at + timedelta(minutes=1))
    assert (found.done, found.deferred, found.in_hand, found.ahead, found.total) == (10, 5, 15, 20, 50)
    assert found.left_for == timedelta(minutes=3.5)
