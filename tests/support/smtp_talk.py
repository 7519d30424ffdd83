"""One connection of the scripted mail server: blocking, in a thread of its own, replies sent group by group."""

import itertools
import socket
import time
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.smtp_script import Rule
from tests.support.smtp_stream import HungUpError, Stream

if TYPE_CHECKING:
    from tests.support.smtp_server import SmtpServer


class Talk(Stream):
    """From the banner to the goodbye."""

    def __init__(self, server: "SmtpServer", sock: socket.socket, number: int) -> None:
        super().__init__(sock)
        self.server, self.script, self.number = server, server.script, number
        self.letters = 0
        self.secure = False
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.refused: list[str] = []

    def run(self) -> None:
        """Until somebody hangs up; a client that vanishes is everyday life."""
        try:
            if self.script.tls == "implicit":
                self.secure_line()
            self.say("banner", 220, "scripted.test ESMTP")
            while True:
                self.obey(self.line().decode("utf-8", "replace").strip())
        except (OSError, HungUpError):
            pass
        finally:
            self.sock.close()

    def secure_line(self) -> None:
        self.flush()
        rule = self.script.strike("tls", "")
        if rule is not None:
            self.misbehave(rule, "tls", 0, "", "")
        self.sock = secured = self.server.secured(self.sock)
        secured.do_handshake()
        self.secure = True
        self.buffer.clear()

    # -- replies ---------------------------------------------------------------------------------------------

    def say(self, step: str, code: int, text: str, address: str = "") -> int:
        """The usual reply, or what the script wants instead; the code that was said, 0 for none."""
        rule = self.script.strike(step, address)
        if rule is not None:
            code, text = self.misbehave(rule, step, code, text, address)
        return self.reply(step, code, text, address)

    def reply(self, step: str, code: int, text: str, address: str = "") -> int:
        self.server.note(self.number, step, address, code, text)
        if not code:
            self.out.append(text.encode("latin-1"))
            return 0
        *lines, last = text.split("\n")
        self.out += [f"{code}-{line}\r\n".encode() for line in lines]
        self.out.append(f"{code} {last}\r\n".encode())
        if code == 421:
            self.hang_up()
        return code

    def misbehave(self, rule: Rule, step: str, code: int, text: str, address: str) -> tuple[int, str]:
        self.server.strike(self.number, step, address, rule)
        if rule.delay_s:
            self.flush()
            time.sleep(rule.delay_s)
        if rule.do == "hang":
            self.flush()
            self.server.released.wait()
        if rule.do == "drip":
            self.drip(rule)
        if rule.do in ("cut", "reset"):
            self.hang_up(reset=rule.do == "reset")
        return (rule.code, rule.text) if rule.do in ("reply", "raw") else (code, text)

    def drip(self, rule: Rule) -> None:
        """Line after line of one reply, or byte after byte of the text, and never its end."""
        self.flush()
        for letter in itertools.cycle(rule.text):
            if self.server.released.wait(rule.delay_s):
                return
            if rule.code:
                self.sock.sendall(f"{rule.code}-{rule.text}\r\n".encode())
            else:
                self.send_beneath(letter.encode("latin-1"))

    # -- commands --------------------------------------------------------------------------------------------

    def obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        commands: dict[str, Callable[[str], object]] = {
            "EHLO": self.on_ehlo,
            "HELO": lambda _: self.say("helo", 250, "scripted.test"),
            "STARTTLS": self.on_starttls,
            "AUTH": self.on_auth,
            "MAIL": self.on_mail,
            "RCPT": self.on_rcpt,
            "DATA": self.on_data,
            "RSET": self.on_rset,
            "NOOP": lambda _: self.say("noop", 250, "ok"),
            "QUIT": self.on_quit,
        }
        self.server.heard(self.number, line)
        command = commands.get(verb.upper())
        command(rest) if command else self.say("unknown", 500, "what?")

    def on_ehlo(self, _: str) -> None:
        script = self.script
        words = ["scripted.test", f"SIZE {script.size}"]
        words += ["PIPELINING"] if script.pipelining else []
        words += ["8BITMIME"] if script.eight_bit else []
        words += ["SMTPUTF8"] if script.smtputf8 else []
        words += ["STARTTLS"] if script.tls == "starttls" and not self.secure else []
        words += [f"AUTH {' '.join(script.mechanisms)}"] if script.users else []
        self.say("ehlo", 250, "\n".join(words))

    def on_starttls(self, _: str) -> None:
        if self.say("starttls", 220, "go ahead") == 220:
            self.secure_line()

    def on_auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, name, password = b64decode(initial or self.ask("")).decode().split("\0")
        else:
            name = b64decode(self.ask("VXNlcm5hbWU6")).decode()
            password = b64decode(self.ask("UGFzc3dvcmQ6")).decode()
        good = self.script.users.get(name) == password
        self.say("auth", 235 if good else 535, "welcome" if good else "who are you?", name)

    def ask(self, challenge: str) -> bytes:
        self.out.append(f"334 {challenge}\r\n".encode())
        return self.line()

    def on_mail(self, rest: str) -> None:
        address, parameters = path(rest)
        size = int(next((word[5:] for word in parameters if word.upper().startswith("SIZE=")), 0))
        too_large = size > self.script.size
        code = self.say("mail", 552 if too_large else 250, "too large" if too_large else "sender ok", address)
        self.recipients, self.refused = [], []
        self.sender = address if code == 250 else None

    def on_rcpt(self, rest: str) -> None:
        address = path(rest)[0]
        code = self.say("rcpt", 503 if self.sender is None else 250, "recipient", address)
        (self.recipients if code == 250 else self.refused).append(address)

    def on_data(self, _: str) -> None:
        if not self.recipients and not (self.script.data_anyway and self.refused):
            self.say("data", 503, "no recipient", "".join(self.refused))
            return
        address = (self.recipients or self.refused)[0]
        if self.say("data", 354, "go on", address) not in (0, 354):
            return
        self.more_body(address)
        raw = self.body()
        if not self.recipients:
            self.say("dot", 554, "no valid recipients", address)
            return
        self.accept(raw, address)

    def more_body(self, address: str) -> None:
        rule = self.script.strike("body", address)
        if rule is not None:
            if not self.buffer:
                self.more()
            self.misbehave(rule, "body", 0, "", address)

    def body(self) -> bytes:
        seen = 0
        while not self.buffer.startswith(b".\r\n"):
            end = self.buffer.find(b"\r\n.\r\n", max(0, seen - 5))
            if end >= 0:
                return (b"\r\n" + self.cut(end, 5) + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:]
            seen = len(self.buffer)
            self.more()
        return self.cut(0, 3)

    def accept(self, raw: bytes, address: str) -> None:
        if self.script.delay_s:
            time.sleep(self.script.delay_s)
        rule = self.script.strike("dot", address)
        code, text = 250, "2.0.0 kept"
        kept = rule is not None and rule.kept
        if kept:
            self.server.keep(self.number, self.sender or "", self.recipients, raw)
        if rule is not None:
            code, text = self.misbehave(rule, "dot", code, text, address)
        if 200 <= code < 300 and not kept:
            self.server.keep(self.number, self.sender or "", self.recipients, raw)
        self.reply("dot", code, text, address)
        self.sender, self.recipients = None, []
        self.letters += 1
        if self.letters == self.script.close_after:
            self.server.note(self.number, "close_after", address, 0, "hung up")
            self.hang_up()

    def on_rset(self, _: str) -> None:
        self.sender, self.recipients = None, []
        self.say("rset", 250, "forgotten")

    def on_quit(self, _: str) -> None:
        self.say("quit", 221, "bye")
        self.hang_up()


def path(rest: str) -> tuple[str, list[str]]:
    """The address between the brackets and the parameters behind it."""
    _, _, tail = rest.partition("<")
    address, _, parameters = tail.rpartition(">") if ">" in tail else (tail, "", "")
    return address, parameters.split()
