"""What a scripted mail server offers and where it misbehaves. Plain data, so that it travels as JSON."""

import json
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any


@dataclass(slots=True)
class Rule:
    """One misbehaviour at one step: banner ehlo helo starttls tls auth mail rcpt data body dot rset quit.

    `do`: "reply" (with code and text), "raw" (exactly `text`, in Latin-1; no code), "hang" (silent until released),
    "cut" (hang up), "reset" (hang up with RST), "wait" (`delay_s`, then as usual), "drip" (every `delay_s` a line of
    one reply, or where there is no code a byte of `text`, beneath TLS, until released). The handshake, "tls", has no
    replies. `address` is a pattern for the recipient. `skip` lets so many pass first, `times` 0 means for ever.
    `kept`: at the dot the letter is accepted and recorded before the misbehaviour, which the sender then cannot see.
    """

    step: str
    address: str = "*"
    code: int = 0
    text: str = "as the script says"
    do: str = "reply"
    delay_s: float = 0.0
    times: int = 0
    skip: int = 0
    kept: bool = False
    struck: int = 0


@dataclass(slots=True)
class Script:
    """The server's manners; `rules` are tried in order, the first that fits strikes.

    `close_after` hangs up after so many letters on a connection, without reading on. `data_anyway` answers 354
    even when every recipient was refused. `users` (name: password) switches AUTH on. `room` limits what the kernel
    takes off a sender's hands before we read it, in bytes (0: megabytes).
    """

    pipelining: bool = True
    size: int = 10_000_000
    eight_bit: bool = True
    smtputf8: bool = True
    tls: str = "none"
    certificate_for: str = "localhost"
    users: dict[str, str] = field(default_factory=dict)
    mechanisms: list[str] = field(default_factory=lambda: ["PLAIN", "LOGIN"])
    close_after: int = 0
    data_anyway: bool = False
    room: int = 0
    delay_s: float = 0.0
    rules: list[Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def strike(self, step: str, address: str) -> Rule | None:
        """The rule that strikes now, counted; safe from every connection's thread."""
        if not self.rules:
            return None
        with self._lock:
            for rule in self.rules:
                if rule.step != step or not fnmatchcase(address, rule.address):
                    continue
                rule.struck += 1
                if rule.struck > rule.skip and (not rule.times or rule.struck <= rule.skip + rule.times):
                    return rule
        return None

    def to_json(self) -> str:
        """For `--script`."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "_lock"}
        facts["rules"] = [asdict(rule) for rule in self.rules]
        return json.dumps(facts)

    @classmethod
    def from_json(cls, text: str) -> "Script":
        """The other end of `to_json`; what is left out takes its default."""
        facts: dict[str, Any] = json.loads(text)
        facts["rules"] = [Rule(**rule) for rule in facts.get("rules", [])]
        return cls(**facts)
