"""Many processes that tick at the same moment. Prints, as JSON, how many runs each of them opened.

python -m tests.engine.faults.ticks 8
"""

import json
import os
import sys

from flask import Flask

from mailer.app import create_app
from mailer.clock import utcnow
from mailer.dispatch.engine import build_engine
from mailer.dispatch.tick import tick
from mailer.extensions import db


def tick_when_told(app: Flask, begin: int, ready: int) -> int:
    """With connections of this process's own: say that it is there, wait, tick; how many runs that opened."""
    with app.app_context():
        db.engine.dispose(close=False)  # the parent's are the parent's
    parts = build_engine(app).parts
    parts.ledger.beat_if_quiet("tick", utcnow())  # connected by now
    os.write(ready, b".")
    os.close(ready)
    os.read(begin, 1)
    return tick(parts.ledger, now=utcnow(), folder=parts.folder).opened


def main(count: int) -> list[int]:
    """The children wait at a pipe that nobody writes to: closing it lets them go together."""
    app = create_app()
    (begin, go), (heard, ready), (result, answer) = os.pipe(), os.pipe(), os.pipe()
    for _ in range(count):
        if not os.fork():
            os.close(go)
            os.write(answer, f"{tick_when_told(app, begin, ready)}\n".encode())
            os._exit(0)
    os.close(ready)
    os.close(answer)
    while os.read(heard, count):
        pass
    os.close(go)
    with os.fdopen(result) as answers:
        return [int(line) for line in answers]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
