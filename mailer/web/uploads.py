"""Forms that may be sent more than others: what is too big comes back with a sentence and nothing typed is lost.

Only whoever is signed in is let that far, and that is asked before the body is read. Of a file its limit and one byte
are kept, enough to tell that it is too big; the rest is read and thrown away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

from flask import Flask, Request, current_app, request
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser

from mailer.extensions import db

MEGABYTE = 1024 * 1024
HARD_END = 256 * MEGABYTE
IN_MEMORY = 512 * 1024
MOST_PARTS = 100
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Allowance:
    """The one file field of a form with the most it may hold, and the most of all typed text together, in bytes."""

    file_field: str
    file_bytes: int
    text_bytes: int


def generous(file_field: str, *, file_bytes: int, text_bytes: int) -> Callable[[_View], _View]:
    """Let a view be sent more than it takes, up to HARD_END; beyond that, or beyond `text_bytes`, it is a 413."""

    def mark(view: _View) -> _View:
        view.allowance = Allowance(file_field, file_bytes, text_bytes)  # type: ignore[attr-defined]
        return view

    return mark


def install(app: Flask) -> None:
    """Look at who asks before anything reads the body: install it before the CSRF protection, which does."""
    app.request_class = GenerousRequest
    app.before_request(_admit)
    app.teardown_request(_throw_away)


def _admit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    allowance = getattr(view, "allowance", None)
    if allowance is None or request.mimetype != "multipart/form-data" or not isinstance(request, GenerousRequest):
        return
    if is_signed_in():
        request.allowance = allowance
        request.max_content_length = HARD_END
        request.max_form_memory_size, request.max_form_parts = allowance.text_bytes, MOST_PARTS


def _throw_away(_error: BaseException | None) -> None:
    # also those of a body that was given up half way
    if isinstance(request, GenerousRequest):
        for file in request.kept:
            file.close()


def is_signed_in() -> bool:
    """Asked in a transaction of its own: a slow body must hold no lock."""
    found = bool(current_user.is_authenticated)
    db.session.commit()
    return found


class GenerousRequest(Request):
    """A request that may have an allowance."""

    allowance: Allowance | None = None
    kept: Sequence["FirstBytes"] = ()

    def make_form_data_parser(self) -> FormDataParser:
        """The usual one, unless there is an allowance to keep."""
        usual = super().make_form_data_parser()
        if self.allowance is None:
            return usual
        forms = _Forms(self.allowance, usual)
        self.kept = forms.files
        return forms


class FirstBytes(SpooledTemporaryFile[bytes]):
    """A temporary file that keeps the first `most` bytes of what is written, and knows how many there were."""

    def __init__(self, most: int) -> None:
        super().__init__(max_size=IN_MEMORY, mode="w+b")
        self._left = most
        self.seen = 0

    def write(self, content: Any) -> int:
        """As if all of it were written."""
        kept = content[: self._left]
        self._left -= len(kept)
        self.seen += len(content)
        super().write(kept)
        return len(content)


class _Forms(FormDataParser):
    def __init__(self, allowance: Allowance, usual: FormDataParser) -> None:
        super().__init__(
            max_form_memory_size=usual.max_form_memory_size,
            max_content_length=usual.max_content_length,
            max_form_parts=usual.max_form_parts,
            cls=usual.cls,
        )
        self.allowance = allowance
        self.files: list[FirstBytes] = []

    def _parse_multipart(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any) -> Any:
        parts = _Parts(self)
        if not options.get("boundary"):
            raise ValueError("Missing boundary")
        form, files = parts.parse(stream, options["boundary"].encode("ascii"), content_length)
        return stream, form, files


class _Parts(MultiPartParser):
    """Counts what is no file while it reads: a hundred fields below the limit must not fill the memory either."""

    def __init__(self, forms: _Forms) -> None:
        super().__init__(
            max_form_memory_size=forms.max_form_memory_size, max_form_parts=forms.max_form_parts, cls=forms.cls
        )
        self._allowance, self._files = forms.allowance, forms.files
        self._stream: IO[bytes]
        self._read = 0

    def start_file_streaming(self, event: Any, total_content_length: int | None) -> Any:
        is_awaited = event.name == self._allowance.file_field and not self._files
        self._files.append(FirstBytes(self._allowance.file_bytes + 1 if is_awaited else 0))
        return self._files[-1]

    def parse(self, stream: IO[bytes], boundary: bytes, content_length: int | None) -> Any:
        self._stream = stream
        return super().parse(self, boundary, content_length)  # type: ignore[arg-type] # of a stream it wants `read`

    def read(self, size: int) -> bytes:
        """The next piece of the body; raises RequestEntityTooLarge when too much of it was text."""
        piece = self._stream.read(size)
        self._read += len(piece)
        if self._read - sum(file.seen for file in self._files) > self._allowance.text_bytes + MEGABYTE:
            raise RequestEntityTooLarge
        return piece
