"""The pages of the inbox: newest first, live, searchable, and harmless whatever a letter holds."""

import re
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from mailer.clock import utcnow
from mailer.inbox.box import PER_PAGE, Box, open_box
from tests.inbox.letters import HOSTILE, letter
from tests.support.people import post
from tests.support.ports import free_socket


@pytest.fixture
def box(app: Flask) -> Iterator[Box]:
    with open_box(app.config["MAILER"].var_dir) as opened:
        yield opened


def keep(box: Box, raw: bytes, to: str = "anna@example.org") -> int:
    return box.keep("news@example.org", [to], raw, now=utcnow())


def subjects(page: str) -> list[str]:
    return re.findall(r'<a href="/inbox/\d+">([^<]+)</a>', page)


def test_the_newest_letter_stands_first_and_older_ones_are_a_page_away(web: FlaskClient, box: Box) -> None:
    for n in range(PER_PAGE + 2):
        keep(box, letter(subject=f"n{n}"))
    first = web.get("/inbox/").text
    assert subjects(first)[:2] == [f"n{PER_PAGE + 1}", f"n{PER_PAGE}"]
    older = re.search(r'href="(/inbox/\?before=\d+)"', first)
    assert older
    assert subjects(web.get(older[1]).text) == ["n1", "n0"]


def test_the_list_is_sent_again_only_when_something_changed(web: FlaskClient, box: Box) -> None:
    keep(box, letter(subject="first"))
    asks = re.search(r'hx-get="([^"]+)"', web.get("/inbox/").text)
    assert asks
    assert web.get(asks[1]).status_code == 204
    keep(box, letter(subject="second"))
    assert subjects(web.get(asks[1]).text) == ["second", "first"]
    box.empty()
    assert web.get(asks[1]).status_code == 200


@pytest.mark.parametrize("q", ["МАЯК", "olga@", "фонарь", "vera@example"])
def test_search_looks_into_address_subject_and_text(web: FlaskClient, box: Box, q: str) -> None:
    keep(box, letter(text="Здесь Фонарь"), to="olga@example.com")
    keep(box, b"Subject: other\r\n\r\nother\r\n")
    assert subjects(web.get("/inbox/", query_string={"q": q}).text) == ["Привет, маяк"]
    assert subjects(web.get("/inbox/?q=%25").text) == []


def test_a_letter_shows_text_headers_source_and_links_that_may_be_followed(web: FlaskClient, box: Box) -> None:
    link = "http://localhost/auth/confirm/abc"
    n = keep(box, letter(text=f"Go to {link}.", html=f'<a href="{link}">x</a><a href="javascript:alert(1)">y</a>'))
    page = web.get(f"/inbox/{n}").text
    assert page.count(f'<a href="{link}"') == 1
    assert 'href="javascript' not in page
    assert "Message-ID" in page
    assert "boundary=" in page
    source = web.get(f"/inbox/{n}/letter.eml")
    assert "attachment" in source.headers["Content-Disposition"]
    assert source.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("octets", "language", "said"),
    [(412, "ru", "412 Б"), (2700, "ru", "2,7 кБ"), (2700, "en", "2.7 kB"), (1_460_000, "ru", "1,5 МБ")],
)
def test_a_files_size_is_said_in_the_readers_language(
    web: FlaskClient, box: Box, octets: int, language: str, said: str
) -> None:
    with_file = EmailMessage()
    with_file["Subject"] = "a file"
    with_file.set_content("see the file")
    with_file.add_attachment(b"x" * octets, "application", "pdf", filename="price.pdf")
    n = keep(box, with_file.as_bytes())
    page = web.get(f"/inbox/{n}", headers={"Accept-Language": language}).text
    assert f"(application/pdf, {said})" in page.replace("\xa0", " ")


def test_the_html_stands_alone_under_its_own_policy_with_its_own_pictures(web: FlaskClient, box: Box) -> None:
    n = keep(box, letter(html='<img src="cid:pixel"><img src="cid:missing">'))
    answer = web.get(f"/inbox/{n}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy.split("; ")
    assert answer.text.count("data:image/png;base64,") == 1
    assert "cid:missing" in answer.text
    assert re.search(r'<iframe[^>]* sandbox [^>]*src="/inbox/\d+/html"', web.get(f"/inbox/{n}").text)


def test_emptying_needs_a_form_of_ours(web: FlaskClient, box: Box) -> None:
    keep(box, letter())
    assert web.post("/inbox/empty").status_code == 400
    assert web.get("/inbox/empty").status_code == 405
    assert box.state()[0] == 1
    assert post(web, "/inbox/empty").status_code == 303
    assert box.state()[0] == 0
    assert "No letters yet" in web.get("/inbox/").text
    assert web.get("/inbox/1").status_code == 404


def test_only_this_systems_user_can_read_the_file(app: Flask, box: Box) -> None:
    assert (app.config["MAILER"].var_dir / "inbox.db").stat().st_mode & 0o077 == 0


def heard(stranger: socket.socket) -> bytes:
    """All that was said to it. Chromium opens a line for a frame before it asks the policy, and says nothing on it."""
    said = b""
    stranger.setblocking(False)
    while True:
        try:
            line, _address = stranger.accept()
        except BlockingIOError:
            return said
        with line:
            line.settimeout(5)
            said += line.recv(1000)


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/inbox/{}", "/inbox/{}/html"], ids=["in its frame", "opened by itself"])
def test_hostile_html_does_nothing(browser: Browser, live_server: str, box: Box, path: str) -> None:
    with free_socket() as stranger:
        n = keep(box, letter(html=HOSTILE.replace("STRANGER", str(stranger.getsockname()[1]))))
        context = browser.new_context(base_url=live_server)
        page, answered = context.new_page(), list[str]()
        page.on("response", lambda response: answered.append(response.url))
        page.goto(path.format(n))
        frame = page.frames[1] if path.endswith("{}") else page.main_frame
        assert frame.locator("#words").inner_text() == "The words of a hostile letter"
        frame.locator("#b").click()
        if frame.parent_frame:  # opened by itself, a link is a link
            frame.locator("#out").click()
        page.wait_for_load_state("networkidle")
        assert page.title() != "struck"
        assert frame.locator("#words").is_visible()
        assert not [url for url in answered if "/auth/" in url or "/empty" in url]
        assert box.state()[0] == 1
        context.close()
        assert not heard(stranger)


def test_production_has_no_inbox(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    assert app.test_client().get("/inbox/").status_code == 404
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/inbox")]
    assert "No such command 'inbox'" in app.test_cli_runner().invoke(args=["inbox"]).output
    assert "/inbox/" not in app.test_client().get("/auth/login").text
