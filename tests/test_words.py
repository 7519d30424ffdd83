"""README and docs: they name what exists, and every setting."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from mailer.config import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_readme_names_every_setting_and_no_other() -> None:
    table = re.search(r"^## Settings$(.*?)^## ", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert table
    rows = re.findall(r"^\| ((?:`[A-Z_]+` ?)+)", table[1], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(example)


def test_readme_names_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert "python3 run.py" in lines
    assert "python3 run.py test" in lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_no_picture_weighs_more_than_a_page_should() -> None:
    assert not [path.name for path in (ROOT / "docs").rglob("*.png") if path.stat().st_size > 200_000]


NGINX = re.compile(r"^## nginx$.*?^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# what an answer carries beside what guards it
OTHERS = {"Cache-Control", "Content-Length", "Content-Type", "Set-Cookie", "Vary"}


@pytest.fixture
def nginx() -> str:
    """The site that docs/production.md gives nginx."""
    found = NGINX.search((ROOT / "docs" / "production.md").read_text("utf-8"))
    assert found
    return found[1]


def test_nginx_says_of_its_own_pages_what_the_service_says_of_its_own(
    nginx: str, make_app: Callable[..., Flask]
) -> None:
    answer = make_app(public_url="https://localhost").test_client().get("/", base_url="https://localhost")
    said = {name: value for name, value in answer.headers.items() if name not in OTHERS}
    maps = re.findall(r'^map \$upstream_http_(\w+)\s+(\$\w+)\s*\{\s*"" "(.*?)";\s*\}$', nginx, re.MULTILINE)
    values = {variable: (name, value) for name, variable, value in maps}
    added = dict(re.findall(r"^    add_header (\S+)\s+(\$\w+)\s+always;$", nginx, re.MULTILINE))
    assert {name: values[variable][1] for name, variable in added.items()} == said
    assert all(values[variable][0] == name.replace("-", "_").lower() for name, variable in added.items())
    assert nginx.count("add_header ") - nginx.count("an add_header ") == len(said)  # none inside a location


def test_nginx_keeps_secret_addresses_out_of_its_logs_and_names_its_host(nginx: str) -> None:
    plain, tls = nginx.split("server {\n")[1:]
    for door in (plain, tls):
        silent = re.findall(r"location ~ (\S+) \{\n\s+access_log off;\n\s+error_log /dev/null;", door)
        assert len(silent) == 1
        for path in ("/auth/confirm/x", "/auth/reset/x", "/auth/email/x", "/unsubscribe/x"):
            assert re.match(silent[0], path)
    assert "https://$host" not in nginx


def test_slow_senders_hold_no_thread_of_the_service(nginx: str) -> None:
    assert "proxy_request_buffering off" not in nginx
    assert "limit_conn senders" in nginx
