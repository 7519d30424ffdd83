"""A measured process with the app in it: `Worker` asks from outside, `answer` is its other end (`flask bench-worker`).

One question per line, as JSON, answered by one line: so a process is measured more than once and starts once.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any, TextIO

from flask import Flask

from mailer.bench import page_jobs, sending_jobs
from mailer.bench.places import FLASK, Place, Workshop
from mailer.bench.running import BenchError, Child

LONGEST_S = 1_200.0  # no job takes so long; one that hangs is killed

JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    job.__name__: job
    for job in (
        sending_jobs.send,
        sending_jobs.plain,
        sending_jobs.start,
        sending_jobs.quiet_tick,
        page_jobs.pages,
        page_jobs.export,
        page_jobs.take_in,
    )
}


class Worker:
    """One such process at one place."""

    def __init__(self, child: Child) -> None:
        """Use `running_worker`."""
        self._child = child

    def ask(self, job: str, **facts: Any) -> dict[str, Any]:
        """Have a job done and wait for what came of it."""
        process = self._child.process
        if process.stdin is None or process.stdout is None:
            raise BenchError("a worker without ears")
        process.stdin.write(json.dumps([job, facts]) + "\n")
        process.stdin.flush()
        bound = Timer(LONGEST_S, process.kill)
        bound.start()
        try:
            said = process.stdout.readline()
        finally:
            bound.cancel()
        if not said:
            raise BenchError(f"the measured process died at “{job}”")
        found: dict[str, Any] = json.loads(said)
        if "trouble" in found:
            raise BenchError(f"{job}: {found['trouble']}")
        return found


@contextmanager
def running_worker(shop: Workshop, place: Place, **env: str) -> Iterator[Worker]:
    """A fresh process, ended afterwards."""
    child = Child([*FLASK, "bench-worker"], env=place.env(**env), log=shop.log("worker"), is_asked=True)
    try:
        yield Worker(child)
    finally:
        child.end()


def answer(app: Flask, questions: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> None:
    """Do one job after the other until nobody asks any more."""
    for line in questions:
        job, facts = json.loads(line)
        try:
            said = JOBS[job](app, **facts)
        except BenchError as error:
            said = {"trouble": str(error)}
        answers.write(json.dumps(said) + "\n")
        answers.flush()
