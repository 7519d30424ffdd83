"""How the network cuts what a server says. The tables run once with each of WAYS, see the fixture `cut`."""

import itertools
from collections.abc import Callable, Iterable

Way = Callable[[bytes], list[bytes]]


def byte_by_byte(said: bytes) -> list[bytes]:
    return [said[place : place + 1] for place in range(len(said))]


def line_by_line(said: bytes) -> list[bytes]:
    return said.splitlines(keepends=True)


def whole(said: bytes) -> list[bytes]:
    return [said]


def cut_at(said: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut there; places beyond the end begin again at the front."""
    edges = [0, *sorted(place % (len(said) + 1) for place in places), len(said)]
    return [said[a:b] for a, b in itertools.pairwise(edges)]


def pieces(said: bytes) -> list[bytes]:
    """As what is said arrives in this test."""
    return way(said)


way: Way = whole
WAYS: dict[str, Way] = {"whole": whole, "line by line": line_by_line, "byte by byte": byte_by_byte}
