"""A window in this process's hands: who waits, who is out with the wire, and what became of the others."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter, sub

from mailer.dispatch.ledger.types import NOBODY, Accepted, Finished, Recipient, RunFacts, Settlement, Window
from mailer.mail.letter import Letter
from mailer.mail.smtp.events import Envelope
from mailer.mail.smtp.replies import readable_lines

# a letter that went well: the recipient's index, monotonic seconds of its first command and of the reply, the reply
Took = tuple[int, float, float, int, bytes]


@dataclass(slots=True, eq=False)
class Hand:
    """One claim. `left` counts recipients that are neither finished nor on their way back.

    `letter` is None when the message cannot be made into one, `slot` the journal's place of the first
    recipient, `lease_s` the monotonic second after which no body may begin, `barred` the indexes whose
    address was suppressed since the claim. `written_s`: when results of it were last written, at first when it came.
    `is_gone`: another worker has settled the claim.
    """

    window: Window
    run: RunFacts
    letter: Letter | None
    slot: int
    lease_s: float
    place: int = 0
    again: list[Envelope] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    taken: list[Took] = field(default_factory=list)
    back: list[Recipient] = field(default_factory=list)
    barred: set[int] = field(default_factory=set)
    left: int = 0
    written_s: float = 0.0
    is_closed: bool = False
    is_gone: bool = False

    def __post_init__(self) -> None:
        self.left = len(self.window.recipients)

    @property
    def waiting_count(self) -> int:
        """How many nobody has begun."""
        return len(self.window.recipients) - self.place + len(self.again)

    @property
    def results(self) -> int:
        """How much there is to be written: rows, and the claim itself when it is over."""
        return len(self.finished) + len(self.taken) + len(self.back) + (self.left == 0)

    def waiting(self) -> Iterator[int]:
        """Indexes nobody has begun; they count as handed out from now on."""
        for envelope in self.again:
            yield envelope.token[1]
        yield from range(self.place, len(self.window.recipients))
        self.again.clear()
        self.place = len(self.window.recipients)

    def bar(self, client_ids: Collection[int]) -> None:
        """These clients must not be written to any more; a body not yet given out will not be."""
        if client_ids:
            these = enumerate(self.window.recipients.client_ids)
            self.barred.update(index for index, client_id in these if client_id in client_ids)

    def give_back(self, index: int) -> None:
        """One recipient was certainly not sent to and will be claimed again."""
        self.back.append(self.window.recipients[index])
        self.left -= 1

    def settlement(self, now: datetime, now_s: float) -> Settlement:
        """What has come together since the last one; empties it. `now_s` is the monotonic second of `now`."""
        finished, self.finished = self.finished, []
        back, self.back = self.back, []
        return Settlement(
            claim_id=self.window.claim_id,
            run_id=self.window.run_id,
            finished=tuple(finished),
            back=tuple(back),
            back_at=now if back else None,
            is_over=self.left == 0,
            accepted=self._accepted(now, now_s),
        )

    def _accepted(self, now: datetime, now_s: float) -> Accepted:
        """Column by column, for each is a hundredth of what a letter costs."""
        if not self.taken:
            return NOBODY
        indexes, begun, answered, codes, replies = zip(*self.taken, strict=True)
        self.taken = []
        people = self.window.recipients
        whose = itemgetter(*indexes) if len(indexes) > 1 else lambda column: (column[indexes[0]],)
        # letters that were begun together share their moment
        began_at = {at_s: now - timedelta(seconds=now_s - at_s) for at_s in set(begun)}
        return Accepted(
            whose(people.client_ids),
            whose(people.numbers),
            whose(people.addresses),
            [*map(began_at.__getitem__, begun)],
            [int(s * 1000) for s in map(sub, answered, begun)],
            codes,
            readable_lines(replies),
        )
