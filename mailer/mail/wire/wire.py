"""The loop: opens lines, hands out letters, reads, writes, watches the clock. One thread; only `wake` may be
called from another. Says nothing about a letter that the dialogue did not say.
"""

import ssl
import time
from collections.abc import Callable

from mailer.mail.smtp.events import Step, Trouble
from mailer.mail.wire.lessons import Lessons
from mailer.mail.wire.line import Line
from mailer.mail.wire.mailbag import Mailbag
from mailer.mail.wire.opener import Opener
from mailer.mail.wire.poller import open_poller
from mailer.mail.wire.pool import EARLY_S, Pool
from mailer.mail.wire.quota import Quota
from mailer.mail.wire.reports import Reports
from mailer.mail.wire.serving import Serving
from mailer.mail.wire.settings import Limits, Server
from mailer.mail.wire.wakeup import Wakeup

REVIEW_S = 0.1
PARTING_S = 1.0
SPELL_S = 0.002  # between two looks at everything else, which costs as much as a letter
# a server that answers a letter within RUSH_S works on the others meanwhile: where fewer than one line in FEW had
# something to say there is time to get letters ready, or to rest, which costs less than to look all the time
RUSH_S, FEW, REST_S = 0.000_05, 2, 0.000_18


class Wire:
    """All connections to one server. `context` is for TLS; the default checks certificate and name.

    `quota` is what was learned before, see `Lessons`.
    """

    def __init__(
        self,
        server: Server,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        quota: Quota | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._poller = open_poller()
        self._wakeup = Wakeup(self._poller)
        self._opener = Opener(server, self._poller, self.wake, context)
        self._pool = Pool(self._limits.start, self._limits.connections)
        self._quota = quota or Lessons(monotonic).begin(server, self._limits)
        self._lines: set[Line] = set()
        self._now_s = self._sweep_at_s = self._review_at_s = self._reviewed_s = monotonic()
        self._served = self._answers = 0
        self._is_rush = False
        self.closed = False
        self._reports = Reports(self._pool, self._quota, self._lines, self._now_s)
        self._serving = Serving(self._reports, self._drop)

    @property
    def resting(self) -> bool:
        """There was trouble: nothing is begun until `resume`."""
        return self._reports.resting

    @property
    def connections(self) -> int:
        """Lines that stand or are being opened."""
        return len(self._lines)

    @property
    def in_flight(self) -> int:
        """Letters that were pulled and are not settled."""
        return sum((line.dialogue.current is not None) + (line.dialogue.next is not None) for line in self._lines)

    @property
    def letters_per_connection(self) -> int:
        """The limit for new connections: the setting, or what the server taught."""
        return self._quota.letters

    def wake(self) -> None:
        """End the wait of `turn`; callable from any thread."""
        self._wakeup.wake()

    def resume(self) -> None:
        """After trouble: connections may be opened and letters taken again."""
        self._reports.resting = False
        self._pool.restart()

    def stop_taking(self) -> None:
        """Pull no more letters; what is in flight goes on."""
        self._serving.taking = False

    def turn(self, bag: Mailbag, timeout_s: float) -> None:
        """Hand out letters, wait at most `timeout_s` for the sockets, serve them for a while, look at the clock."""
        self._look()
        if self._serving.taking and not self._reports.resting:
            self._open_lines(bag)
            self._serving.feed(bag)
        until_s, timeout_s = self._now_s + SPELL_S, min(timeout_s, self._limits.sweep_s)
        while self._serve_ready(bag, timeout_s) and self._now_s < until_s:
            timeout_s = SPELL_S  # the caller may have something to do by now
            if self._is_rush and self._served * FEW < len(self._lines) and not bag.prepare():
                time.sleep(REST_S)
        if self._now_s >= self._review_at_s:
            self._review(bag)

    def close(self, bag: Mailbag, grace_s: float) -> None:
        """Finish what is in flight within `grace_s`, say goodbye, hang up. The wire is of no use afterwards."""
        self._serving.taking = False
        until_s = self._monotonic() + grace_s
        while self.in_flight and self._monotonic() < until_s:
            self.turn(bag, min(0.1, grace_s))
        for line in list(self._lines):
            self._part(bag, line)
        until_s = self._monotonic() + PARTING_S
        while self._lines and self._monotonic() < until_s:
            self.turn(bag, PARTING_S)
        self.cut()

    def cut(self) -> None:
        """Hang up on everybody without a word, for when there is no other way; after `close` nothing is left to do."""
        if not self.closed:
            self.closed = True
            for line in list(self._lines):
                self._drop(line)
            self._wakeup.close()
            self._poller.close()

    def _open_lines(self, bag: Mailbag) -> None:
        room = self._pool.size - len(self._lines)
        if room <= 0:
            return
        spare = sum(not (line.dialogue.current or line.dialogue.next) for line in self._lines)
        room = min(room, bag.waiting() - spare)
        if room <= 0:
            return
        try:
            limit_s = self._limits.resolve_s
            lines = self._opener.lines(room, self._quota, self._lines, now_s=self._now_s, limit_s=limit_s)
        except OSError as error:
            self._reports.trouble(bag, Trouble(Step.CONNECT, 0, str(error)))
            return
        for line in lines:
            if self._reports.resting:
                return
            line.since_s = self._now_s
            self._lines.add(line)
            self._serving.settle(bag, line, line.connect())

    def _serve_ready(self, bag: Mailbag, timeout_s: float) -> bool:
        """Once round the sockets that can go on; False: the caller is wanted, or nothing came."""
        quick, others = self._poller.wait(timeout_s)
        self._look()
        slow = [one for one in others if one[0] is not None]
        is_wanted = len(slow) < len(others)
        if is_wanted:
            self._wakeup.clear()
        self._serving.serve(bag, quick, slow)
        self._served = len(quick) + len(slow)
        return self._served > 0 and not is_wanted

    def _look(self) -> None:
        """At the clock, which is what everybody here goes by until the next look."""
        self._now_s = now_s = self._monotonic()
        self._reports.look(now_s)

    def _review(self, bag: Mailbag) -> None:
        passed_s = self._now_s - self._reviewed_s
        self._is_rush = passed_s < (self._reports.answers - self._answers) * RUSH_S
        self._reviewed_s, self._answers = self._now_s, self._reports.answers
        self._review_at_s = self._now_s + (EARLY_S if self._pool.is_early else REVIEW_S)
        self._share_quota()
        if len(self._lines) >= self._pool.size:
            ready = sum(line.dialogue.ready for line in self._lines)
            waiting = self._serving.taking and not self._serving.hungry and bag.waiting() > 0
            self._pool.review(self._now_s, answers=self._reports.answers, ready=ready, waiting=waiting)
        self._pool.weigh(self._now_s, answers=self._reports.answers, deferred=self._reports.deferred)
        if self._now_s >= self._sweep_at_s:
            self._sweep_at_s = self._now_s + self._limits.sweep_s
            for line in list(self._lines):
                events = line.overdue(self._now_s, self._limits, is_wanted=not self._reports.resting)
                if events is not None:
                    self._serving.settle(bag, line, events)

    def _share_quota(self) -> None:
        """What one line carries, the others need not find out."""
        for line in self._lines:
            self._quota.served(line.dialogue.answered)
        for line in self._lines:
            line.dialogue.carry(self._quota.letters)

    def _part(self, bag: Mailbag, line: Line) -> None:
        talk = line.dialogue
        if talk.current or talk.next:
            self._serving.settle(bag, line, talk.lost("stopped before the server answered"))
        elif talk.idle:
            talk.quit()
            self._serving.settle(bag, line, [])
        elif not talk.leaving:
            self._drop(line)

    def _drop(self, line: Line) -> None:
        line.close()
        self._quota.served(line.dialogue.answered)
        if line.dialogue.ready:
            self._opener.answered(line)
        self._lines.discard(line)
        self._serving.hungry.pop(line, None)
