"""Guards the building: its floors, its marks, its promises on paper. A failing test here names the room."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import nodes

from mailer.app import create_app
from mailer.config import ROOT
from tests.support.fixtures_app import AppConfig

OWN = [*sorted((ROOT / "mailer").rglob("*.py")), ROOT / "wsgi.py", ROOT / "tasks.py", ROOT / "run.py"]
MOST_LINES, MOST_FUNCTION_LINES = 250, 40


def trees() -> list[tuple[str, ast.Module, str]]:
    """Every file of ours: its name, its tree, its text."""
    found = []
    for path in OWN:
        text = path.read_text("utf-8")
        found.append((str(path.relative_to(ROOT)), ast.parse(text), text))
    return found


def test_no_file_is_longer_than_one_sitting() -> None:
    long = [f"{name}: {text.count(chr(10)) + 1}" for name, _, text in trees() if text.count("\n") >= MOST_LINES]
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree, _ in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    assert not [name for name, tree, _ in trees() if not ast.get_docstring(tree)]


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{name}:{inner.lineno}"
        for name, tree, _ in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_imports_run_only_downward() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200", "LANG": "C.UTF-8"},
    )
    assert found.returncode == 0, found.stdout[-3000:]
    assert "0 broken" in found.stdout


def test_nothing_imports_the_two_doors() -> None:
    doors = re.compile(r"^\s*(from|import) (wsgi|tasks)\b", re.MULTILINE)
    assert not [name for name, _, text in trees() if doors.search(text)]


def test_the_example_settings_are_the_settings_that_are_read() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    text = (ROOT / "mailer" / "config.py").read_text("utf-8")
    assert example == set(re.findall(r'\b(?:word|number|flag)\("([A-Z_]+)"', text))


def test_every_template_compiles(app: Flask) -> None:
    names = app.jinja_env.list_templates(extensions=["html", "txt", "xml"])
    assert len(names) > 20
    for name in names:
        if not name.startswith("admin/") or (ROOT / "templates" / name).exists():
            app.jinja_env.get_template(name)


def test_no_page_carries_its_own_script_or_style() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son[a-z]+=\"|\sstyle=\"", re.IGNORECASE
    )
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if "mail" not in path.relative_to(ROOT / "templates").parts[:1] and inline.search(path.read_text("utf-8"))
    ]
    assert not found


def test_every_link_of_the_templates_leads_to_a_page(app: Flask) -> None:
    missing = set()
    for path in (ROOT / "templates").rglob("*.html"):
        tree = app.jinja_env.parse(path.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            is_url = isinstance(call.node, nodes.Name) and call.node.name == "url_for"
            if is_url and call.args and isinstance(call.args[0], nodes.Const):
                endpoint = call.args[0].value
                if endpoint not in app.view_functions and not endpoint.startswith("."):
                    missing.add(f"{path.relative_to(ROOT)}: {endpoint}")
    assert not missing


@pytest.mark.both_databases
def test_the_tables_are_what_the_models_say(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check()  # raises SystemExit when a migration is missing


@pytest.mark.both_databases
def test_the_migrations_go_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        flask_migrate.upgrade()
        flask_migrate.check()


def test_the_migrations_have_one_head() -> None:
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1


def test_every_sentence_has_its_russian(tmp_path: Path) -> None:
    template = tmp_path / "messages.pot"
    subprocess.run(
        [
            str(Path(sys.executable).with_name("pybabel")),
            "-q",
            "extract",
            "-F",
            "babel.cfg",
            "-k",
            "_l",
            "-k",
            "lazy_gettext",
            "-o",
            str(template),
            ".",
        ],
        cwd=ROOT,
        check=True,
    )
    with template.open("rb") as file:
        wanted = {message.id for message in read_po(file) if message.id}
    with (ROOT / "mailer/translations/ru/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file, locale="ru")
    fuzzy = {message.id for message in catalog if message.id and message.fuzzy}
    have = {
        message.id
        for message in catalog
        if message.id and all(message.string if isinstance(message.string, tuple | list) else [message.string])
    }
    assert not fuzzy
    assert not sorted(str(one) for one in wanted - have)


def test_the_compiled_russian_is_the_written_one() -> None:
    folder = ROOT / "mailer/translations/ru/LC_MESSAGES"
    from_po = subprocess.run(
        [
            str(Path(sys.executable).with_name("pybabel")),
            "-q",
            "compile",
            "-i",
            "messages.po",
            "-o",
            "/dev/stdout",
            "-l",
            "ru",
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    assert from_po.stdout == (folder / "messages.mo").read_bytes()


def test_the_app_starts_without_a_warning(app_config: AppConfig) -> None:
    assert create_app(app_config()).url_map is not None


def test_every_pin_has_its_closure() -> None:
    pins = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[\w+\])?==(\S+)", re.MULTILINE)
    closure = {
        name.lower().replace("_", "-"): version
        for name, version in pins.findall((ROOT / "constraints.txt").read_text())
    }
    for file in ("requirements.txt", "requirements-dev.txt"):
        for name, version in pins.findall((ROOT / file).read_text()):
            assert closure[name.lower().replace("_", "-")] == version, name


def test_the_tools_are_configured_where_people_look() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    assert {"tool:pytest", "mypy", "coverage:run", "importlinter"} <= set(parser.sections())
