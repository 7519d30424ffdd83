"""Where letters go, and how long and how wide the wire may wait and grow."""

from dataclasses import dataclass, field

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The next mail server; its host name is also the name that its certificate must carry."""

    host: str
    port: int
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections, and seconds a server may stay silent at each step.

    From MAIL to the final dot they are those of RFC 5321 §4.5.3.2. Until then nobody has been begun, the run waits and
    the next connection may have more luck: half a minute is enough there.
    `letters` is how many one connection carries at most where the server was found to take so many.
    `body_s` is the longest pause while a body is being written, `idle_s` how long an unused line is kept.
    """

    start: int = 10
    connections: int = 50
    letters: int = 5_000
    resolve_s: float = 10
    connect_s: float = 30
    banner_s: float = 30
    ehlo_s: float = 30
    starttls_s: float = 30
    auth_s: float = 30
    mail_s: float = 300
    rcpt_s: float = 300
    data_s: float = 120
    body_s: float = 180
    dot_s: float = 600
    rset_s: float = 60
    void_s: float = 60
    quit_s: float = 5
    idle_s: float = 5
    sweep_s: float = 1

    def patience_s(self, step: Step | None, *, writing: bool) -> float:
        """Seconds until a line counts as stuck: writing, waiting for the reply to a step, or unused."""
        if writing:
            return self.body_s
        seconds: float = getattr(self, f"{step}_s") if step else self.idle_s
        return seconds
