"""The scripted server as a process of its own, and what it promises to tests that kill things."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from mailer.mail.wire import Server, Wire
from tests.smtp.bag import Bag, people, turn_until
from tests.support.processes import wait_until
from tests.support.smtp_script import Rule, Script


def test_a_letter_is_in_the_log_before_it_is_answered(tmp_path: Path) -> None:
    script = Script(rules=[Rule("dot", "p1@*", do="cut", kept=True)], users={"us": "secret"})
    port_file, log = tmp_path / "port", tmp_path / "log"
    command = [sys.executable, "-m", "tests.support.smtp_server", "--port-file", port_file, "--log", log]
    with subprocess.Popen([*command, "--script", script.to_json()]) as process:
        try:
            wait_until(port_file.exists, what="a server that listens")
            bag = Bag(people(3), letter=b"Message-ID: <1@example.test>\r\n\r\nHello\r\n")
            wire = Wire(Server("127.0.0.1", int(port_file.read_text())))
            turn_until(wire, bag, lambda: bag.settled)
            wire.close(bag, 1)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(line["recipient"] for line in lines) == people(3)
    assert {line["message_id"] for line in lines} == {"<1@example.test>"}
    assert list(bag.unknown) == ["p1@example.test"]


def test_a_script_travels_as_json() -> None:
    script = Script(pipelining=False, rules=[Rule("rcpt", code=451, times=2)])
    assert Script.from_json(script.to_json()).rules == script.rules
    assert Script.from_json("{}").pipelining
