"""`flask send` whose loop breaks off by a mistake of ours: no mail server and no database can bring that about.

    python -m tests.engine.breaking [keeps]

breaks as soon as there are results to be written; with "keeps" again, when it is to write them on its way out.
"""

import sys
from typing import Any

from flask.cli import main

from mailer.dispatch.loop.books import Books

usual = Books.turn


def turn(books: Books, **how: Any) -> None:
    """As usual, until somebody has got a letter."""
    if not any(hand.results for hand in books.hands.values()):
        usual(books, **how)
        return
    if not KEEPS:
        Books.turn = usual
    raise RuntimeError("a mistake of ours")


if __name__ == "__main__":
    Books.turn, KEEPS = turn, "keeps" in sys.argv
    sys.argv[1:] = ["--app", "wsgi", "send"]
    main()
