"""Commands of the terminal: `flask send · user · demo · inbox · mail · bench`."""

from flask import Flask

from mailer.cli.bench import bench, bench_worker
from mailer.cli.demo import demo
from mailer.cli.mail import mail
from mailer.cli.send import send
from mailer.cli.users import users


def install(app: Flask) -> None:
    """Add our commands to `flask`."""
    app.cli.add_command(users)
    app.cli.add_command(mail)
    app.cli.add_command(send)
    app.cli.add_command(demo)
    app.cli.add_command(bench)
    app.cli.add_command(bench_worker)
