"""What every test gets: markers, and a guard against reaching out. The fixtures are in support/fixtures_*.py.

Everything they start is real and private to this worker process. They build no world (support/world.py does).
"""

from collections.abc import Iterator

import pytest

from tests.support.ports import Guard

pytest_plugins = (
    "tests.support.fixtures_databases",
    "tests.support.fixtures_app",
    "tests.support.fixtures_browser",
    "tests.support.fixtures_mail",
)
GUARD = Guard()
GUARD.install()


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker by which a test asks for both databases."""
    config.addinivalue_line("markers", "both_databases: runs once on SQLite and once on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.both_databases` makes two tests of one."""
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a page drives a browser: `-m "not browser"` leaves them out."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def stay_at_home() -> Iterator[Guard]:
    """Fail the test that reaches for another machine, or for a mail server of this one."""
    GUARD.reached.clear()
    GUARD.is_on = True
    yield GUARD
    GUARD.is_on = False
    assert not GUARD.reached, f"reached out unasked: {', '.join(GUARD.reached)}"
