"""The letter compiler: a draft becomes bytes once, then one e-mail per recipient by joining bytes.

Standard library only; knows no database, no socket, no language.
"""

from mailer.mail.letter.cleaning import date_header, is_writable
from mailer.mail.letter.compile import Copies, Letter, compile_letter
from mailer.mail.letter.types import Addressee, Addressees, Draft, Piece, Slot

__all__ = [
    "Addressee",
    "Addressees",
    "Copies",
    "Draft",
    "Letter",
    "Piece",
    "Slot",
    "compile_letter",
    "date_header",
    "is_writable",
]
