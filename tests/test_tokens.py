"""Tokens: nothing but what we made is read, in one spelling only."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.tokens import RunTokens, new_token, read_unsubscribe_token, token_hash, unsubscribe_token

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
IDS = st.integers(0, 2**63 - 1)
URL_SAFE = set(string.ascii_letters + string.digits + "-_")


def message_id(key: bytes, run_id: int, client_id: int, domain: str) -> str:
    return RunTokens(key, run_id, domain).for_letters([client_id])[0][0].decode()


@given(IDS, IDS)
def test_an_unsubscribe_token_names_its_run_and_client(run_id: int, client_id: int) -> None:
    token = unsubscribe_token(KEY, run_id, client_id)

    assert set(token) <= URL_SAFE
    assert read_unsubscribe_token(KEY, token) == (run_id, client_id)
    assert read_unsubscribe_token(OTHER_KEY, token) is None


def test_it_is_short() -> None:
    assert len(unsubscribe_token(KEY, 100_000, 10_000_000)) <= 24


@given(IDS, IDS, st.data())
def test_no_other_token_is_read(run_id: int, client_id: int, data: st.DataObject) -> None:
    token = unsubscribe_token(KEY, run_id, client_id)
    at = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from(sorted(URL_SAFE | set("=+/ \n.é"))))
    changed = data.draw(
        st.sampled_from([token[:at] + character + token[at + 1 :], token[:at] + character + token[at:], token[:at]])
    )

    assert changed == token or read_unsubscribe_token(KEY, changed) is None


@pytest.mark.parametrize("spelling", ["{}=", "{}==", "{}\n", " {}", "{}A", "{}!", "!{}"])
def test_each_token_has_one_spelling(spelling: str) -> None:
    token = unsubscribe_token(KEY, 7, 9)

    assert read_unsubscribe_token(KEY, spelling.format(token)) is None


@given(st.text(max_size=50))
def test_garbage_is_nobody(token: str) -> None:
    assert read_unsubscribe_token(KEY, token) is None


TOO_LARGE = ["AQf" + "_" * 36, "CP" + "_" * 37]  # numbers that no database can look for


@pytest.mark.parametrize("token", ["", "A", "A" * 14, "_" * 40, "A" * 10_000, "\x00", "\ud800", "é" * 24, *TOO_LARGE])
def test_hostile_garbage_is_nobody(token: str) -> None:
    assert read_unsubscribe_token(KEY, token) is None


def test_ids_cannot_be_shifted_from_one_to_the_other() -> None:
    assert unsubscribe_token(KEY, 0x0102, 0x03) != unsubscribe_token(KEY, 0x01, 0x0203)
    assert message_id(KEY, 0x0102, 0x03, "example.org") != message_id(KEY, 0x01, 0x0203, "example.org")


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 65])
def test_a_key_that_is_too_short_or_too_long_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        unsubscribe_token(key, 1, 1)


def test_no_part_of_a_key_is_taken_for_a_run() -> None:
    assert message_id(KEY, 1, 2, "") != message_id(KEY + b"\1\1", 0, 2, "")


@pytest.mark.parametrize("ids", [(-1, 1), (1, -1)])
def test_there_is_no_negative_id(ids: tuple[int, int]) -> None:
    with pytest.raises(OverflowError):
        unsubscribe_token(KEY, *ids)


def test_a_message_id_is_the_same_for_every_attempt() -> None:
    once, again = message_id(KEY, 1, 2, "mail.example.org"), message_id(KEY, 1, 2, "mail.example.org")

    assert once == again
    assert once.startswith("<")
    assert once.endswith("@mail.example.org>")
    assert len({once, message_id(KEY, 1, 3, "mail.example.org"), message_id(KEY, 2, 2, "mail.example.org")}) == 3
    assert once != message_id(OTHER_KEY, 1, 2, "mail.example.org")


@pytest.mark.parametrize("token", ["AgEsARFwHHU64ibinkza_g", "AgEsARFwnZ_R7j8bRmpWsA"])
def test_links_of_letters_sent_long_ago_go_on_working(token: str) -> None:
    assert read_unsubscribe_token(KEY, token) == (300, 70_000)
    assert read_unsubscribe_token(KEY, token[:-1] + "w") is None
    assert read_unsubscribe_token(OTHER_KEY, token) is None


def test_what_is_written_today_stays_as_it_is() -> None:
    assert unsubscribe_token(KEY, 300, 70_000) == "AgEsAAABEXCq1mZWxjZIng3q"
    assert message_id(KEY, 300, 70_000, "example.org") == "<6cf919064acaecdc3a625f@example.org>"


@given(IDS, st.lists(IDS, max_size=8))
def test_neighbours_have_nothing_in_common(run_id: int, clients: list[int]) -> None:
    together = RunTokens(KEY, run_id, "example.org").for_letters(clients)
    alone = [RunTokens(KEY, run_id, "example.org").for_letters([one]) for one in clients]

    assert together == ([ids[0] for ids, _tokens in alone], [tokens[0] for _ids, tokens in alone])
    assert len(set(together[0])) == len(set(together[1])) == len(set(clients))


def test_a_new_token_is_long_and_new() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(len(token) == 43 and set(token) <= URL_SAFE for token in tokens)


def test_only_the_hash_of_a_token_is_kept() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(token_hash("\ud800")) == 64
