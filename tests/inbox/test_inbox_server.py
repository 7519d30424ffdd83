"""The mail server of the inbox: it takes everything, but for the three addresses that play a part."""

import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from mailer.inbox.box import open_box
from mailer.inbox.server import HOST
from tests.inbox.conftest import Inbox
from tests.inbox.letters import letter
from tests.support.processes import wait_until


def test_a_letter_is_kept_byte_for_byte(inbox: Inbox) -> None:
    raw = letter(text=".a dot\nand words").replace(b"\n", b"\r\n")
    inbox.send("anna@example.org", raw)
    with open_box(inbox.folder) as box:
        line = box.page()[0]
        kept = box.get(line.id)
    assert kept is not None
    assert kept.raw == raw
    assert (line.recipients, line.sender, line.subject) == ("anna@example.org", "news@example.org", "Привет, маяк")


def test_refuse_is_refused_at_the_door_and_nothing_is_kept(inbox: Inbox) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        inbox.send("Refuse@example.com")
    assert refused.value.recipients["Refuse@example.com"][0] == 550
    assert inbox.subjects() == []


def test_later_is_taken_at_the_second_try_of_the_same_letter(inbox: Inbox) -> None:
    with pytest.raises(smtplib.SMTPDataError) as put_off:
        inbox.send("later@example.org")
    assert put_off.value.smtp_code == 451
    inbox.send("later@example.org")
    assert inbox.subjects() == ["Привет, маяк"]
    with pytest.raises(smtplib.SMTPDataError):
        inbox.send("later@example.org", letter(subject="Another"))


def test_slow_keeps_nobody_else_waiting(inbox: Inbox) -> None:
    slow = threading.Thread(target=inbox.send, args=("slow@example.org", letter(subject="slow")))
    with smtplib.SMTP(HOST, inbox.port, timeout=20) as caller:
        slow.start()
        wait_until(slow.is_alive, what="the slow one to begin")
        caller.sendmail("news@example.org", ["anna@example.org"], letter(subject="quick"))
    slow.join(10)
    assert sorted(inbox.subjects()) == ["quick", "slow"]


def test_what_can_hardly_be_read_is_kept_and_shown_all_the_same(app: Flask, inbox: Inbox) -> None:
    broken = (
        b"Subject: =?utf-8?b?////?= =?nonsense?q?x?=\r\nContent-Type: text/html; charset=\"no\x01ne\"\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: inline; filename*=x'y'%ff\r\n\r\n%%%\xff\xfe"
    )
    worse = b"Subject: =?\xff-8?q?x?=\r\nContent-Disposition: attachment; filename*1=a; filename*=b\r\n\r\nx\r\n"
    many = b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n"
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000))
    marked = b"Subject: <script>\r\nFrom: <img src=x>\r\nX-Mark: <b>\r\n\r\n<svg onload=x>\x00\r\n"
    for raw in (broken, worse, many, deep, marked, b"", b"\r\n", b"no headers at all"):
        inbox.send("anna@example.org", raw)
    assert len(inbox.subjects()) == 8
    web = app.test_client()
    pages = [web.get(f"/inbox/{n}") for n in range(1, 9)]
    assert [page.status_code for page in pages] == [200] * 8
    for mark in ("<script>", "<img src=x>", "<b>", "<svg onload"):
        assert mark not in pages[4].text
        assert mark not in web.get("/inbox/").text


def test_a_new_inbox_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    def look(gate: threading.Barrier, folder: Path) -> int:
        gate.wait()
        with open_box(folder) as box:
            return box.state()[0]

    with ThreadPoolExecutor(4) as readers:
        for number in range(60):
            gate = threading.Barrier(4)
            assert list(readers.map(look, [gate] * 4, [tmp_path / str(number)] * 4)) == [0] * 4
