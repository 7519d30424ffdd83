"""The third-party parts under static/ are what vendor.json says: whole, licensed, from nowhere else."""

import hashlib
import io
import re
import tarfile
from pathlib import Path

import pytest

from tools import vendor

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
PACKAGES = vendor.read_list(ROOT / "vendor.json")
OWN = [p for p in STATIC.rglob("*") if p.suffix in {".css", ".js"} and "vendor" not in p.parts]
# letters are no pages: mail programs have no policy, and drop style sheets
TEMPLATES = [p for p in (ROOT / "templates").rglob("*.html") if "mail" not in p.relative_to(ROOT).parts]


def archive(tmp_path: Path, **files: str) -> Path:
    """A small package as npm packs it."""
    path = tmp_path / "p.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def package(path: Path, *files: str, icons: tuple[str, ...] = ()) -> vendor.Package:
    """The entry of vendor.json that fits this archive."""
    return vendor.Package("p", "1", hashlib.sha256(path.read_bytes()).hexdigest(), files, icons)


def test_the_committed_files_are_those_that_were_vendored() -> None:
    assert vendor.sums(STATIC) == (STATIC / "vendor" / vendor.SUMS).read_text()


def test_everything_on_the_list_is_there_with_its_licence() -> None:
    for entry in PACKAGES:
        folder = STATIC / "vendor" / entry.name
        assert list(folder.glob("LICEN*")), entry.name
        for name in entry.files:
            assert (folder / name.removeprefix("dist/")).is_file(), name


def test_no_vendored_file_points_to_a_source_map() -> None:
    files = [p for p in (STATIC / "vendor").rglob("*") if p.is_file()]
    assert not [p for p in files if b"sourceMappingURL" in p.read_bytes()]


def test_our_own_styles_scripts_and_templates_ask_no_other_host() -> None:
    for path in [*OWN, *TEMPLATES]:
        assert not re.search(r"(?:url\(|src=|@import|from )\s*['\"]?(?:https?:)?//", path.read_text()), path


def test_templates_hold_no_inline_scripts_styles_or_handlers() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=\"|javascript:", text), path


def test_every_static_file_that_a_page_names_is_there() -> None:
    for path in TEMPLATES:
        named = re.findall(r"filename='([^']+\.\w+)'\)", path.read_text())
        assert not [name for name in named if not (STATIC / name).is_file()], path


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    assert sprite == set(PACKAGES[-1].icons)
    for path in TEMPLATES:
        text = path.read_text()
        named = {*re.findall(r"\bicon\('([^']+)'", text), *re.findall(r"\), '([^']+)', '\w+'\)", text)}
        assert named <= sprite, path


def test_a_package_with_another_checksum_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = archive(tmp_path, LICENSE="free", **{"dist/a.js": "1"})
    other = vendor.Package("p", "1", "0" * 64, ("dist/a.js",))
    with pytest.raises(vendor.VendorError, match="expected 0000"):
        vendor.take(other, path, tmp_path / "static")
    assert not (tmp_path / "static").exists()


@pytest.mark.parametrize(
    ("files", "asked", "sentence"),
    [
        pytest.param({"dist/a.js": "1"}, "dist/a.js", "no licence", id="without a licence"),
        pytest.param({"LICENSE": "free"}, "dist/a.js", "not in the package", id="without the file asked for"),
    ],
)
def test_a_package_is_refused(tmp_path: Path, files: dict[str, str], asked: str, sentence: str) -> None:
    path = archive(tmp_path, **files)
    with pytest.raises(vendor.VendorError, match=sentence):
        vendor.take(package(path, asked), path, tmp_path / "static")


def test_a_package_is_taken_with_its_folders_and_without_its_source_maps(tmp_path: Path) -> None:
    drawing = '<svg class="bi" viewBox="0 0 16 16">\n  <path d="M1 1"/>\n</svg>'
    path = archive(
        tmp_path,
        **{
            "LICENSE": "free",
            "dist/js/a.js": "one();\n//# sourceMappingURL=a.js.map",
            "dist/css/a.css": "a{}\n/*# sourceMappingURL=a.css.map */\n",
            "icons/dot.svg": drawing,
        },
    )
    vendor.take(package(path, "dist/js/a.js", "dist/css/a.css", icons=("dot",)), path, tmp_path)
    taken = tmp_path / "vendor" / "p"
    assert (taken / "js" / "a.js").read_text() == "one();\n"
    assert (taken / "css" / "a.css").read_text() == "a{}\n"
    assert (taken / "LICENSE").read_text() == "free"
    symbol = '<symbol id="dot" viewBox="0 0 16 16"><path d="M1 1"/></symbol>'
    assert symbol in (tmp_path / "icons.svg").read_text()
