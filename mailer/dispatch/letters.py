"""From a frozen message version to compiled letters, and what stands on each copy: links, ids, the date.

Takes language and settings as values; reads versions, writes nothing, speaks no SMTP.
"""

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from html import escape
from typing import Protocol

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Engine, select

from mailer.config import Config
from mailer.dispatch import imprint
from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.types import Recipient
from mailer.dispatch.markup import mail_ready, markup_pieces
from mailer.mail.letter import Addressees, Copies, Draft, Letter, Piece, Slot, compile_letter, date_header, is_writable
from mailer.mail.letter.plain_text import text_from_html
from mailer.models import Secret
from mailer.rules.outcome import SkipReason
from mailer.rules.placeholders import Placeholder, parse
from mailer.services import versions
from mailer.tokens import RunTokens

LINK = "unsubscribe_url"
KEPT_LETTERS = 100
KEPT_RUNS = 1_000
_VERSIONS = "SELECT id, subject, text, html, from_name, reply_to, locale FROM message_version WHERE {these}"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands below a letter that has no unsubscribe link of its own: words, and who sends."""

    unsubscribe: str
    below: tuple[str, ...] = ()

    def text(self, *, has_link: bool) -> tuple[Piece, ...]:
        """For the text part; a letter with its own link gets the lines about the sender alone."""
        below = "\n".join(self.below)
        if has_link:
            return (f"\n\n-- \n{below}\n",) if below else ()
        return (f"\n\n-- \n{self.unsubscribe}: ", Slot(LINK), f"\n{below}\n" if below else "\n")

    def html(self, *, has_link: bool) -> tuple[Piece, ...]:
        """For the HTML part, alike."""
        opening, below = '<hr><p style="font-size:small;color:#666">', "<br>".join(map(escape, self.below))
        if has_link:
            return (f"{opening}{below}</p>",) if below else ()
        lines = f"<br>{below}" if below else ""
        return (f'{opening}<a href="', Slot(LINK), f'">{escape(self.unsubscribe)}</a>{lines}</p>')


class Content(Protocol):
    """What a letter is made of; a message version has it all."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def from_name(self) -> str: ...
    @property
    def reply_to(self) -> str: ...


def footers(app: Flask, locales: tuple[str, ...] = ("ru", "en")) -> dict[str, Footer]:
    """One footer per language, so that the engine's threads need no app context."""
    site = app.config["MAILER"].site
    with app.app_context():
        made = {}
        for locale in locales:
            with force_locale(locale):
                made[locale] = Footer(_("Unsubscribe from these letters"), imprint.lines(site))
        return made


def draft(content: Content, sender: str, footer: Footer) -> Draft:
    """The parts with their slots; the text part is made from the HTML where its author wrote none."""
    text = slots(parse(content.text or text_from_html(content.html)))
    html = slots(markup_pieces(mail_ready(content.html))) if content.html else None
    return Draft(
        subject=slots(parse(content.subject)),
        text=(*text, *footer.text(has_link=has_link(text))),
        html=None if html is None else with_footer(html, footer.html(has_link=has_link(html))),
        from_name=content.from_name,
        from_address=sender,
        # beyond ASCII it would make the letter one that only servers with SMTPUTF8 can take, all the way (RFC 6531)
        reply_to=(content.reply_to.isascii() and content.reply_to) or None,
    )


def slots(parts: Iterable[str | Placeholder]) -> tuple[Piece, ...]:
    """Placeholders as slots, the rest as it stands; ValueError for a placeholder nobody can fill."""
    return tuple(part if isinstance(part, str) else Slot(part.name, part.fallback) for part in parts)


def has_link(parts: tuple[Piece, ...]) -> bool:
    """True when the author has placed the unsubscribe link."""
    return any(isinstance(part, Slot) and part.name == LINK for part in parts)


def with_footer(html: tuple[Piece, ...], footer: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Before the end of the body, where there is one."""
    last = html[-1] if html else ""
    at = last.lower().rfind("</body") if isinstance(last, str) else -1
    if at < 0:
        return (*html, *footer)
    return (*html[:-1], str(last)[:at], *footer, str(last)[at:])


class Letters:
    """Compiled letters of the versions in use, the latest KEPT_LETTERS of them. For one thread."""

    def __init__(self, driver: Driver, sender: str, words: dict[str, Footer]) -> None:
        self._driver = driver
        self._sender = sender
        self._words = words
        self._kept: OrderedDict[int, Letter | None] = OrderedDict()

    def of(self, version_ids: Collection[int]) -> dict[int, Letter | None]:
        """Each version's letter, or None where none can be made of it. All that are not kept are read together."""
        missing = [one for one in version_ids if one not in self._kept]
        self._kept.update(self._read(missing))
        found = {one: self._kept.get(one) for one in version_ids}
        for one in found.keys() & self._kept.keys():
            self._kept.move_to_end(one)
        while len(self._kept) > KEPT_LETTERS:
            self._kept.popitem(last=False)
        return found

    def _read(self, version_ids: list[int]) -> list[tuple[int, Letter | None]]:
        if not version_ids:
            return []
        with self._driver.reading() as work:
            driver = work.driver
            found = work.rows(_VERSIONS.format(these=driver.among("id")), (driver.ids(version_ids),))
        return [(version_id, self._compiled(version_id, versions.Content(*parts))) for version_id, *parts in found]

    def _compiled(self, version_id: int, content: versions.Content) -> Letter | None:
        footer = self._words.get(content.locale) or next(iter(self._words.values()))
        try:
            return compile_letter(draft(content, self._sender, footer))
        except Exception:  # whatever one message does to the compiler, the others' letters go out
            log.exception("version %d of a message cannot be made into a letter", version_id)
            return None


class Postmark:
    """What differs from copy to copy: ids and links by a keyed hash, the date by the second."""

    def __init__(self, config: Config, key: bytes) -> None:
        self.sender = parseaddr(config.mail.sender)[1]
        self._links = f"{config.public_url}/unsubscribe/".encode()
        self._domain = config.mail_domain
        self._key = key
        self._tokens: dict[int, RunTokens] = {}
        self._date = ""
        self._second = -1

    def set_time(self, now: datetime) -> None:
        """The date that letters filled from now on bear."""
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._date = second, date_header(now)

    def letters(
        self, letter: Letter, run_id: int, client_ids: Sequence[int], addresses: Sequence[str], names: Sequence[str]
    ) -> Copies:
        """A copy for each; ValueError when the address or a value of any of them cannot stand in a letter."""
        known = self._tokens.get(run_id)
        tokens = known or RunTokens(self._key, run_id, self._domain)
        message_ids, unsubscribe = tokens.for_letters(client_ids)
        links = [self._links + token for token in unsubscribe]
        to = Addressees(addresses, names, message_ids, links)
        made = letter.lay(to, date=self._date, is_vouched=known is not None)
        if known is None:
            self._keep(run_id, tokens)
        return made

    def _keep(self, run_id: int, tokens: RunTokens) -> None:
        """As the first ids and links are fit for a header, so are all: the rest of them is hex and base64."""
        if len(self._tokens) >= KEPT_RUNS:
            self._tokens.clear()
        self._tokens[run_id] = tokens

    @staticmethod
    def fault(recipient: Recipient) -> SkipReason:
        """Why `letters` refused: the address, or a value."""
        return SkipReason.UNFILLABLE if is_writable(recipient.address) else SkipReason.BAD_ADDRESS


def unsubscribe_key(database: Engine) -> bytes:
    """The key made by the first migration."""
    table = Secret.__table__
    with database.connect() as connection:
        return bytes(connection.execute(select(table.c.value).where(table.c.name == "unsubscribe")).scalar_one())
