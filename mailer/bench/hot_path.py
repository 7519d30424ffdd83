"""Part “hot-path”: microseconds per letter of each thing that happens to every letter, one at a time."""

import time
from collections.abc import Callable
from statistics import median

from mailer.bench import world
from mailer.bench.figures import Figure
from mailer.bench.places import SENDER, Place, Workshop
from mailer.bench.running import BenchError
from mailer.bench.sizes import Sizes
from mailer.bench.stopwatch import TimedLedger
from mailer.clock import utcnow
from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.types import Accepted, Order, Settlement, Turn, Window
from mailer.dispatch.letters import Footer, draft
from mailer.dispatch.loop.bag import AT_ONCE
from mailer.mail.letter import Addressees, compile_letter, date_header
from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Envelope, Terms
from mailer.mail.smtp.settings import Settings
from mailer.models import MessageVersion
from mailer.tokens import RunTokens

PART = "hot-path"
WINDOW, ROUNDS = 500, 5
HELLO = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
ACCEPTED, ENVELOPE_TAKEN = b"250 2.0.0 Ok\r\n", b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End with a dot\r\n"
KEY = b"a key for measuring only"
CONTENT = MessageVersion(
    subject=world.SUBJECT, text=world.TEXT, html=world.HTML, from_name="Ольга Книжная", reply_to="owner@example.org"
)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """The letter and the protocol without sockets; the window transaction without either."""
    size = len(_filled(1)[0])
    found = [
        _figure("compile once", lambda n: _compile(max(1, n // 100)), sizes.hot, per=max(1, sizes.hot // 100)),
        _figure("fill", _filled, sizes.hot, note=f"{size:,} bytes"),
        _figure("message id and unsubscribe link", _links, sizes.hot),
        _figure("envelope and replies", _talk, sizes.hot, note="no sockets"),
    ]
    return found + [figure for place in shop.places() for figure in _windows(place, sizes.hot)]


def _figure(name: str, act: Callable[[int], object], n: int, *, per: int = 0, note: str = "") -> Figure:
    spent = []
    for _ in range(ROUNDS):
        begun_s = time.thread_time()
        act(n)
        spent.append((time.thread_time() - begun_s) / (per or n) * 1e6)
    return Figure(PART, name, tuple(spent), "µs CPU", note=note)


def _compile(n: int) -> None:
    for _ in range(n):
        compile_letter(draft(CONTENT, SENDER, Footer("Отписаться")))


def _filled(n: int) -> list[bytes]:
    """As the engine fills: several at once."""
    letter, date = compile_letter(draft(CONTENT, SENDER, Footer("Отписаться"))), date_header(utcnow())
    link = b"https://mailer.example/unsubscribe/AAAAAAAAAAAAAAAAAAAAAAAA"
    last: list[bytes] = []
    for first in range(0, n, AT_ONCE):
        these = range(first, min(first + AT_ONCE, n))
        addresses = [f"c{i}@example.org" for i in these]
        ids = [b"<%d.aaaaaaaaaaaa@example.org>" % i for i in these]
        names = [f"Клиент {i}" for i in these]
        to = Addressees(addresses, names, ids, [link] * len(these))
        last = [*map(b"".join, letter.lay(to, date=date).letters)]
    return last


def _links(n: int) -> None:
    tokens = RunTokens(KEY, 1, "example.org")
    for first in range(0, n, AT_ONCE):
        tokens.for_letters(range(first, min(first + AT_ONCE, n)))


def _talk(n: int) -> None:
    """One connection as the wire leads it while all goes well: a body and the next envelope out, four replies in."""
    letter = (_filled(1)[0],)
    terms = Terms(SENDER, len(letter[0]), is_stuffed=True, is_plain=True)
    talk = Dialogue(Settings(letters_per_connection=n + 3))
    talk.connected()
    talk.receive(b"220 sink\r\n")
    talk.outgoing()
    talk.receive(HELLO)
    talk.offer(Envelope(terms, "c@example.org"))
    talk.unsent -= sum(map(len, talk.outgoing()))
    talk.receive(ENVELOPE_TAKEN)
    talk.body(letter)
    talk.offer(Envelope(terms, "d@example.org"))
    talk.unsent -= sum(map(len, talk.outgoing()))
    replies = ACCEPTED + ENVELOPE_TAKEN
    for i in range(n):
        if talk.taken(replies) is None or talk.begun >= talk.look_ahead:
            raise BenchError("the dialogue does not carry on")
        talk.carry_on(letter, Envelope(terms, f"c{i}@example.org"))


def _windows(place: Place, n: int) -> list[Figure]:
    """Claim and settle without sending: what the log costs per letter."""
    with place.database() as engine:
        owners = world.make_owners(engine, 1)
        world.fill_books(engine, owners, n)
        world.plan(engine, owners)
        world.settle_down(engine)
        ledger = TimedLedger(open_driver(engine))
        opened = ledger.open_due(utcnow())
        wall, cpu = _walk(ledger, opened.run_ids[0])
    name = f"{place.name}: window of {WINDOW}, claimed and settled"
    return [
        Figure(PART, name, (median(cpu) / WINDOW * 1e6,), "µs CPU", note="per letter, median window"),
        Figure(PART, f"{name}, waited", (median(wall) / WINDOW * 1e6,), "µs", note="per letter, with its fsync"),
    ]


def _walk(ledger: TimedLedger, run_id: int) -> tuple[list[float], list[float]]:
    wall, cpu = [], []
    settlements: list[Settlement] = []
    turn = Turn()
    while not turn.is_dry:
        before = ledger.db_wall_s, ledger.db_cpu_s
        turn = ledger.turns(settlements, [Order(run_id, WINDOW)], worker="bench")[0]
        wall.append(ledger.db_wall_s - before[0])
        cpu.append(ledger.db_cpu_s - before[1])
        settlements = [_accepted(turn.window)] if turn.window else []
    ledger.turns(settlements, [], worker="bench")
    return wall, cpu


def _accepted(window: Window) -> Settlement:
    people, n = window.recipients, len(window.recipients)
    said = (utcnow(),) * n, (3,) * n, (250,) * n, ("2.0.0 Ok",) * n
    accepted = Accepted(people.client_ids, people.numbers, people.addresses, *said)
    return Settlement(window.claim_id, window.run_id, accepted=accepted)
