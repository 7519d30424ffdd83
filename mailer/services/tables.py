"""Rows of cells out of what people upload or paste: CSV in the usual encodings and separators, and XLSX."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import IO

from openpyxl import load_workbook

MAX_ROWS = 1_000_000
MAX_COLUMNS = 100  # a row that names only its last cell is as wide as that
MAX_UNZIPPED = 256 * 1024 * 1024
ENCODINGS = ("utf-8-sig", "cp1251")
SEPARATORS = ";\t|,"


class UnreadableTable(ValueError):
    """The file is neither text nor a workbook; `code` says which trouble: encoding, workbook, too_big."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def rows_of_file(stream: IO[bytes], filename: str) -> Iterator[list[str]]:
    """The rows of an uploaded file; raises UnreadableTable."""
    if filename.lower().endswith((".xlsx", ".xlsm")):
        return _rows_of_workbook(stream)
    return rows_of_text(_decoded(stream.read()))


def rows_of_text(text: str) -> Iterator[list[str]]:
    """The rows of pasted or decoded text; the separator is guessed from the first lines."""
    sample = "\n".join(text.splitlines()[:20])
    separator = max(SEPARATORS, key=lambda mark: (sample.count(mark), mark == ","))
    lines = io.StringIO(text.replace("\x00", ""), newline=None)
    try:
        for row in csv.reader(_bounded(lines), delimiter=separator):
            yield [cell.strip() for cell in row]
    except csv.Error:  # a quote that is never closed takes everything behind it for one cell
        raise UnreadableTable("cell") from None


def _bounded(lines: io.StringIO) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number >= MAX_ROWS:
            raise UnreadableTable("too_big")
        # one endless line would make the reader raise in the middle of the work
        yield line if len(line) < 10_000 else line[:200].replace('"', "") + "\n"


def _decoded(raw: bytes) -> str:
    encodings = ("utf-16",) if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ENCODINGS
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTable("encoding")


def _rows_of_workbook(stream: IO[bytes]) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNZIPPED:
                raise UnreadableTable("too_big")
        stream.seek(0)
        sheet = load_workbook(stream, read_only=True, data_only=True).worksheets[0]
        yield from _cells(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True))
    except UnreadableTable:
        raise
    except Exception:  # a hostile file may make the reader raise anything, in its last row too
        raise UnreadableTable("workbook") from None


def _cells(rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise UnreadableTable("too_big")
        yield ["" if cell is None else str(cell).strip() for cell in row]
