"""A private Redis: a unix socket and no port, nothing kept on disk."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.processes import Server, missing, short_folder


class PrivateRedis:
    """The running server: its address, and `server` to stop and start it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.socket = folder / "s"
        self.url = f"unix://{self.socket}"
        settings = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self.server = Server([program, *settings], folder=folder, is_ready=self.is_up)

    def is_up(self) -> bool:
        """True when it answers."""
        if not self.socket.exists():
            return False
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisConnectionError:
            return False

    def wipe(self) -> None:
        """Forget everything, as a lost Redis would."""
        with Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def running_redis() -> Iterator[PrivateRedis]:
    """Start an empty one."""
    program = shutil.which("redis-server") or missing("Redis")
    with short_folder() as folder:
        redis = PrivateRedis(folder, program)
        redis.server.start()
        try:
            yield redis
        finally:
            redis.server.stop()
