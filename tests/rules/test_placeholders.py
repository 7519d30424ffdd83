"""Placeholders are found and checked; all other text stays exactly as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rules.placeholders import KNOWN, Piece, Placeholder, Problem, ProblemKind, check, names, parse, unknown

NAME = Placeholder("name")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("Hello", ("Hello",), id="plain text"),
        pytest.param("{{ name }}", (NAME,), id="alone"),
        pytest.param("Hi {{name}}!", ("Hi ", NAME, "!"), id="no spaces inside"),
        pytest.param("Hi {{\n  name\t}}!", ("Hi ", NAME, "!"), id="over two lines"),
        pytest.param("{{ name }}{{ email }}", (NAME, Placeholder("email")), id="side by side"),
        pytest.param("{{ name | friend }}", (Placeholder("name", "friend"),), id="with a fallback"),
        pytest.param("{{name|dear friend}}", (Placeholder("name", "dear friend"),), id="a fallback of two words"),
        pytest.param("{{ name | a | b }}", (Placeholder("name", "a | b"),), id="a fallback with a bar"),
        pytest.param("{{ name | {x} {{ }}", (Placeholder("name", "{x} {{"),), id="a fallback with braces"),
        pytest.param("{{ name | друг }}", (Placeholder("name", "друг"),), id="a Russian fallback"),
        pytest.param("{{ name | }}", (NAME,), id="an empty fallback"),
        pytest.param("{{ nmae }}", (Placeholder("nmae"),), id="an unknown name"),
        pytest.param("{{ name }}}", (NAME, "}"), id="a brace too many"),
        pytest.param("a {{ name", ("a {{ name",), id="never closed"),
        pytest.param("a {{ na me }} {{ name }}", ("a {{ na me }} ", NAME), id="two words are no name"),
        pytest.param("{{ name.__class__ }}", ("{{ name.__class__ }}",), id="no attributes"),
        pytest.param("{{ 7 * 7 }}{% x %}${name}%(name)s%s", ("{{ 7 * 7 }}{% x %}${name}%(name)s%s",), id="no sums"),
        pytest.param("a{b{c}}", ("a{b{c}}",), id="style sheets"),
    ],
)
def test_a_text_is_parsed(text: str, pieces: tuple[Piece, ...]) -> None:
    assert parse(text) == pieces


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("Hi {{ name | friend }}, {{email}}", [], id="fine"),
        pytest.param("@media { a { b: c }}", [], id="style sheets are fine"),
        pytest.param("Hi {{ nmae }}", [Problem(ProblemKind.UNKNOWN, 3, "nmae")], id="a slip"),
        pytest.param("{{ имя }}", [Problem(ProblemKind.UNKNOWN, 0, "имя")], id="a Russian name"),
        pytest.param("{{ Name }}", [Problem(ProblemKind.UNKNOWN, 0, "Name")], id="capitals matter"),
        pytest.param("Hi {{ name", [Problem(ProblemKind.UNCLOSED, 3, "{{ name")], id="never closed"),
        pytest.param("Hi {{}}", [Problem(ProblemKind.MALFORMED, 3, "{{}}")], id="empty"),
        pytest.param(
            "{{ | friend }}", [Problem(ProblemKind.MALFORMED, 0, "{{ | friend }}")], id="a fallback for nothing"
        ),
        pytest.param("{{{ name }}}", [Problem(ProblemKind.MALFORMED, 0, "{{{ name }}")], id="three braces"),
        pytest.param(
            "{{ a }} {{ b c }} {{ d",
            [
                Problem(ProblemKind.UNKNOWN, 0, "a"),
                Problem(ProblemKind.MALFORMED, 8, "{{ b c }}"),
                Problem(ProblemKind.UNCLOSED, 18, "{{ d"),
            ],
            id="one after another",
        ),
    ],
)
def test_a_text_is_checked(text: str, problems: list[Problem]) -> None:
    assert check(text) == problems


def test_what_is_shown_of_a_problem_is_short() -> None:
    (problem,) = check("{{" + "x " * 10_000 + "}}")

    assert len(problem.found) == 60


def test_unknown_names_come_once_and_in_order() -> None:
    assert unknown("{{ b }}{{ a }}{{ name }}{{ b | c }}{{ x") == ("b", "a")


def test_a_letter_may_have_its_own_unsubscribe_line() -> None:
    assert names("Leave: {{ unsubscribe_url }}, {{ name }} {{ name") == {"unsubscribe_url", "name"}
    assert names("Hello") == frozenset()


def written(piece: Piece) -> str:
    return piece if isinstance(piece, str) else f"{{{{ {piece.name} | {piece.fallback} }}}}"


LITERALS = st.text(min_size=1).filter(lambda text: "{" not in text)
FALLBACKS = st.text().map(str.strip).filter(lambda text: "}" not in text)


@given(st.lists(st.builds(Placeholder, st.sampled_from(KNOWN), FALLBACKS) | LITERALS))
def test_what_was_put_together_comes_apart_again(pieces: list[Piece]) -> None:
    text = "".join(map(written, pieces))

    assert "".join(map(written, parse(text))) == text
    assert [p for p in parse(text) if isinstance(p, Placeholder)] == [p for p in pieces if isinstance(p, Placeholder)]
    assert check(text) == []


@given(st.text(st.sampled_from("{} name|\n")))
def test_no_text_is_lost_whatever_the_braces(text: str) -> None:
    literals = "".join(piece for piece in parse(text) if isinstance(piece, str))

    assert len(literals) <= len(text)
    assert parse(text) == (text,) or "{{" in text or text == ""


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    text = "{{" * 200_000

    assert parse(text) == (text,)
    assert [problem.kind for problem in check(text)] == ["unclosed"]
