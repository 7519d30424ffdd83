"""The two tools from npm that look at pages: axe-core (accessibility) and html-validate (markup)."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.interface.pages import Seen
from tests.support.processes import missing

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
RUN = """async (options) => (await axe.run(document, {...options, resultTypes: ["violations"]})).violations.map(
  (one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`)"""


def axe_source() -> str:
    """The script that is run inside a page; skips or fails without it."""
    path = MODULES / "axe-core" / "axe.min.js"
    return path.read_text("utf-8") if path.exists() else missing("axe-core (npm ci in tests/interface)")


def complaints_about(pages: Iterable[Seen], folder: Path) -> list[str]:
    """What html-validate's standard preset has to say, as "path:line rule: words"."""
    program = MODULES / "html-validate" / "bin" / "html-validate.mjs"
    node = shutil.which("node") or missing("node")
    if not program.exists():
        missing("html-validate (npm ci in tests/interface)")
    names = {}
    for n, page in enumerate(pages):
        file = folder / f"{n}.html"
        file.write_text(page.html, "utf-8")
        names[str(file)] = page.path
    told = subprocess.run(
        [node, program, "--config", HERE / "htmlvalidate.json", "--formatter", "json", *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert told.returncode in {0, 1}, told.stderr
    found = [(names[one["filePath"]], note) for one in json.loads(told.stdout) for note in one["messages"]]
    return [f"{path}:{note['line']} {note['ruleId']}: {note['message']}" for path, note in found]
