"""Static files carry a hash of their content in the address, so that browsers may keep them for a year."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask

YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Add `v=<hash>` to every address of a static file."""
    folder = Path(app.static_folder or "")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR_S

    @app.url_defaults
    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values and (found := content_hash(folder / values["filename"])):
            values["v"] = found


@lru_cache(maxsize=512)
def content_hash(path: Path) -> str:
    """The first characters of the file's SHA-256, or nothing when there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""
