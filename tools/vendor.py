"""Brings the front end's third-party parts into static/: exact versions, checked by SHA-256, licences too.

Run it only to upgrade (`python3 tools/vendor.py`, needs npm); what it writes is committed. It must never
leave a file behind that vendor.json does not name, nor one whose package differs from the checksum there.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"
SOURCE_MAP = re.compile(rb"[ \t]*(?://|/\*)# sourceMappingURL=[^\s*]+(?: ?\*/)?[ \t]*\r?\n?")
DRAWING = re.compile(r'<svg[^>]*viewBox="([^"]+)"[^>]*>(.*)</svg>', re.DOTALL)


class VendorError(Exception):
    """A package is not what vendor.json says; nothing may be taken from it."""


@dataclass(frozen=True, slots=True)
class Package:
    """One entry of vendor.json: what to fetch, what it must weigh in at, what to take."""

    name: str
    version: str
    sha256: str
    files: tuple[str, ...]
    icons: tuple[str, ...] = ()


def read_list(path: Path) -> list[Package]:
    """The packages of vendor.json, in its order."""
    entries = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return [
        Package(e["name"], e["version"], e["sha256"], tuple(e["files"]), tuple(e.get("icons", ())))
        for e in entries
    ]


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive, downloaded by npm into `folder` (no scripts are run)."""
    place = folder / package.name
    place.mkdir()
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"]
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return next(place.glob("*.tgz"))


def take(package: Package, archive: Path, static: Path) -> None:
    """Write the listed files, the licence and, if any, the icon sprite, or raise VendorError."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise VendorError(f"{package.name} {package.version}: expected {package.sha256}, got {found}")
    target = static / "vendor" / package.name
    with tarfile.open(archive) as tar:
        licences = [n for n in tar.getnames() if re.fullmatch(r"package/(LICEN[CS]E|NOTICE)(\.\w+)?", n)]
        if not licences:
            raise VendorError(f"{package.name} {package.version}: no licence in the package")
        for member in [*licences, *(f"package/{name}" for name in package.files)]:
            place = target / member.removeprefix("package/").removeprefix("dist/")
            _write(place, without_source_map(_bytes(tar, member)))
        if package.icons:
            drawings = {n: _bytes(tar, f"package/icons/{n}.svg").decode() for n in package.icons}
            _write(static / "icons.svg", sprite(drawings).encode())


def without_source_map(content: bytes) -> bytes:
    """The file without its pointers to a map that we do not ship (browsers would ask for it, in vain)."""
    return SOURCE_MAP.sub(b"", content)


def sprite(drawings: dict[str, str]) -> str:
    """One SVG whose symbols bear the drawings' names, sorted; the page gives the colour."""
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name, drawing in sorted(drawings.items()):
        match = DRAWING.search(drawing)
        if match is None:
            raise VendorError(f"{name}: not a drawing")
        body = re.sub(r"\s*\n\s*", "", match[2])
        lines.append(f'<symbol id="{name}" viewBox="{match[1]}">{body}</symbol>')
    return "\n".join([*lines, "</svg>", ""])


def sums(static: Path) -> str:
    """`sha256sum` lines for all that was vendored, so that a later hand edit is noticed."""
    files = [p for p in (static / "vendor").rglob("*") if p.is_file() and p.name != SUMS]
    return "".join(
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(static).as_posix()}\n"
        for p in sorted([*files, static / "icons.svg"])
    )


def main() -> None:
    """Fetch and check everything, then replace static/vendor."""
    packages = read_list(ROOT / "vendor.json")
    with tempfile.TemporaryDirectory() as temp:
        fresh = Path(temp) / "static"
        for package in packages:
            take(package, fetch(package, Path(temp)), fresh)
            sys.stdout.write(f"{package.name} {package.version}\n")
        _write(fresh / "vendor" / SUMS, sums(fresh).encode())
        shutil.rmtree(ROOT / "static" / "vendor", ignore_errors=True)
        shutil.copytree(fresh, ROOT / "static", dirs_exist_ok=True)


def _bytes(tar: tarfile.TarFile, member: str) -> bytes:
    try:
        content = tar.extractfile(member)
    except KeyError as missing:
        raise VendorError(f"not in the package: {member}") from missing
    if content is None:
        raise VendorError(f"not a plain file: {member}")
    return content.read()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    try:
        main()
    except (VendorError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"Nothing was changed: {error}")
