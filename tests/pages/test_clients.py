"""The address book through its pages."""

import io
import zipfile

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, Client, Suppression, Tag, User
from mailer.services import tables
from tests.pages.bad_input import CONTROL, KEPT
from tests.support.people import post
from tests.support.world import make_client, make_clients, make_suppression, make_tag


def clients_of(session: Session, owner: User) -> list[Client]:
    session.expire_all()
    return list(session.scalars(select(Client).where(Client.owner_id == owner.id).order_by(Client.id)))


def test_an_empty_book_says_what_to_do_next(web: FlaskClient, owner: User) -> None:
    page = web.get("/clients/").get_data(as_text=True)
    assert "No clients yet" in page
    assert 'href="/clients/create"' in page


def test_the_form_of_a_client_shows_its_tags_in_one_line(web: FlaskClient, session: Session, owner: User) -> None:
    tags = [make_tag(session, owner, "Москва"), make_tag(session, owner, "VIP")]
    client = make_client(session, owner, tags=tags)
    page = web.get(f"/clients/{client.id}/edit").get_data(as_text=True)
    assert 'value="VIP, Москва"' in page
    assert post(web, f"/clients/{client.id}/edit", email=client.email).status_code == 303


def test_a_long_address_leaves_room_for_the_way_back(web: FlaskClient, session: Session, owner: User) -> None:
    client = make_client(session, owner, email=f"{'a' * 60}@example.org")
    way_back = web.get(f"/clients/{client.id}").text.partition('class="breadcrumb"')[2].partition("</ol>")[0]
    assert "aaa..." in way_back
    assert client.email not in way_back


def test_a_client_is_added_with_tags(web: FlaskClient, session: Session, owner: User) -> None:
    answer = post(
        web, "/clients/create", email="Анна@Почта.рф", full_name="Анна", comment="сестра", tags="VIP, vip; Москва"
    )
    assert answer.status_code == 303
    (client,) = clients_of(session, owner)
    assert client.email == "Анна@xn--80a1acny.xn--p1ai"
    assert client.address_key == "анна@xn--80a1acny.xn--p1ai"
    assert [tag.name for tag in client.tags] == ["VIP", "Москва"]
    assert "Анна" in web.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "no-at",
        "a@b",
        "a b@example.org",
        "x" * 250 + "@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "\x00@example.org",
    ],
)
def test_what_is_no_address_is_refused_beside_the_field(
    web: FlaskClient, session: Session, owner: User, email: str
) -> None:
    answer = post(web, "/clients/create", email=email, full_name="Anna Kept")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'id="email-error"' in page
    assert "Anna Kept" in page
    assert not clients_of(session, owner)


@pytest.mark.parametrize("name", CONTROL.values(), ids=CONTROL.keys())
def test_control_characters_in_a_name_are_refused(web: FlaskClient, session: Session, owner: User, name: str) -> None:
    assert post(web, "/clients/create", email="a@example.org", full_name=name).status_code == 422
    assert not clients_of(session, owner)


@pytest.mark.parametrize("name", KEPT.values(), ids=KEPT.keys())
def test_any_script_in_a_name_is_kept_and_escaped(web: FlaskClient, session: Session, owner: User, name: str) -> None:
    answer = post(web, "/clients/create", email="a@example.org", full_name=name)
    assert answer.status_code == 303
    assert clients_of(session, owner)[0].full_name == name
    assert "<script>alert(1)" not in web.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize(("field", "size"), [("full_name", 201), ("comment", 2001), ("tags", 1200)])
def test_what_is_too_long_is_refused(web: FlaskClient, session: Session, owner: User, field: str, size: int) -> None:
    answer = post(web, "/clients/create", email="a@example.org", **{field: "x" * size})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert not clients_of(session, owner)


def test_the_same_address_is_taken_once_whatever_its_case(web: FlaskClient, session: Session, owner: User) -> None:
    make_client(session, owner, email="anna@example.org")
    answer = post(web, "/clients/create", email="ANNA@Example.org")
    assert answer.status_code == 422
    assert "already have a client" in answer.get_data(as_text=True)
    assert len(clients_of(session, owner)) == 1


def test_another_owner_may_have_the_same_address(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    make_client(session, stranger, email="anna@example.org")
    assert post(web, "/clients/create", email="anna@example.org").status_code == 303


def test_a_changed_address_is_remembered_as_changed(web: FlaskClient, session: Session, owner: User) -> None:
    client = make_client(session, owner, email="old@example.org")
    assert post(web, f"/clients/{client.id}/edit", email="new@example.org").status_code == 303
    session.refresh(client)
    assert client.email == "new@example.org"
    assert client.address_changed_at is not None


def test_an_edit_of_the_name_is_no_change_of_address(web: FlaskClient, session: Session, owner: User) -> None:
    client = make_client(session, owner, email="old@example.org")
    assert post(web, f"/clients/{client.id}/edit", email="old@example.org", full_name="New").status_code == 303
    session.refresh(client)
    assert client.full_name == "New"
    assert client.address_changed_at is None


@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
def test_a_stranger_s_client_is_a_missing_one(
    web: FlaskClient, session: Session, owner: User, stranger: User, path: str
) -> None:
    theirs = make_client(session, stranger)
    missing = web.get(f"/clients/{theirs.id + 1000}{path}")
    foreign = web.get(f"/clients/{theirs.id}{path}")
    assert foreign.status_code == missing.status_code == 404
    assert post(web, f"/clients/{theirs.id}{path or '/edit'}", email="x@example.org").status_code == 404
    assert len(clients_of(session, stranger)) == 1


def test_deleting_asks_first_and_is_written_down(web: FlaskClient, session: Session, owner: User) -> None:
    tag = make_tag(session, owner)
    client = make_client(session, owner, tags=[tag])
    assert web.get(f"/clients/{client.id}/delete").status_code == 200
    assert len(clients_of(session, owner)) == 1
    assert post(web, f"/clients/{client.id}/delete").status_code == 303
    assert not clients_of(session, owner)
    assert not session.scalars(select(Tag)).all()
    assert session.scalar(select(AuditEntry.verb).where(AuditEntry.object_kind == "client")) == "client.delete"


def test_the_list_finds_by_name_address_tag_and_status(web: FlaskClient, session: Session, owner: User) -> None:
    vip = make_tag(session, owner, "VIP")
    make_client(session, owner, email="boris@example.org", full_name="Борис", tags=[vip])
    make_client(session, owner, email="anna@example.org", full_name="Anna 100%")
    make_suppression(session, owner, "anna@example.org")

    def found(query: str) -> tuple[bool, bool]:
        page = web.get("/clients/?" + query).get_data(as_text=True)
        return "boris@example.org" in page, "anna@example.org" in page

    assert found("q=борис") == (True, False)
    assert found("q=БОРИС") == (True, False)
    assert found("q=ANNA@") == (False, True)
    assert found("q=100%25") == (False, True)
    assert found("q=%25") == (False, True)
    assert found("tag=vip") == (True, False)
    assert found("status=suppressed") == (False, True)
    assert found("status=active") == (True, False)
    assert found("q=nobody") == (False, False)


def test_pages_follow_one_another_and_never_fail(web: FlaskClient, session: Session, owner: User) -> None:
    make_clients(session, owner, 60)
    for page in ("1", "3", "999", "0", "-1", "x", "9" * 30):
        assert web.get(f"/clients/?page={page}").status_code == 200
    assert web.get("/clients/?page=3").get_data(as_text=True).count('data-label="E-mail"') == 10


def test_search_as_you_type_answers_only_one_s_own(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    mine = make_client(session, owner, email="anna@example.org", full_name="Anna")
    make_client(session, stranger, email="anna2@example.org")
    assert web.get("/clients/search?q=anna").json == [{"value": mine.id, "text": "anna@example.org", "hint": "Anna"}]


def test_a_pasted_list_is_taken_in_and_its_bad_lines_are_named(web: FlaskClient, session: Session, owner: User) -> None:
    make_client(session, owner, email="known@example.org")
    lines = "\n".join(
        [
            "anna@example.org; Анна; VIP, news",
            "bad-line; X",
            "KNOWN@example.org;;VIP",
            "anna@example.org",
            ";Nobody",
            "",
            '"q""@example.org"',
        ]
    )
    answer = post(web, "/clients/import", text=lines, tags="spring")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Not an e-mail address" in page
    assert "bad-line" in page
    assert "stands earlier in the list" in page
    assert "No e-mail address in this line" in page
    added = {client.email: [tag.name for tag in client.tags] for client in clients_of(session, owner)}
    assert added == {"known@example.org": ["spring", "VIP"], "anna@example.org": ["news", "spring", "VIP"]}


def test_importing_twice_changes_nothing(web: FlaskClient, session: Session, owner: User) -> None:
    for _ in range(2):
        post(web, "/clients/import", text="a@example.org\nb@example.org")
    assert len(clients_of(session, owner)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_a_file_is_read_in_the_usual_encodings(web: FlaskClient, session: Session, owner: User, encoding: str) -> None:
    file = io.BytesIO("Имя,Почта\nАнна,anna@example.org\n".encode(encoding))
    answer = post(web, "/clients/import", {"file": (file, "list.csv")})
    assert answer.status_code == 200
    assert [(c.email, c.full_name) for c in clients_of(session, owner)] == [("anna@example.org", "Анна")]


def test_a_workbook_is_read(web: FlaskClient, session: Session, owner: User) -> None:
    book = Workbook()
    book.active.append(["email", "name", "tags"])
    book.active.append(["anna@example.org", "Anna", "VIP"])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    assert post(web, "/clients/import", {"file": (file, "list.xlsx")}).status_code == 200
    assert [c.email for c in clients_of(session, owner)] == ["anna@example.org"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 no zip"),
        ("a.xlsx", b""),
        ("b.csv", b"\xff\xfe\x00"),
        ("an open quote.csv", b'"' + b"a\n" * 70_000),
    ],
)
def test_a_broken_file_gets_a_sentence(
    web: FlaskClient, session: Session, owner: User, name: str, content: bytes
) -> None:
    answer = post(web, "/clients/import", {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.get_data(as_text=True)


def workbook_of(rows: str) -> io.BytesIO:
    """As a hostile program writes it: `rows` stand in it as they are."""
    whole, made = io.BytesIO(), io.BytesIO()
    Workbook().save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            new.writestr(name, f"{head}{rows}</sheetData></worksheet>" if is_sheet else old.read(name))
    made.seek(0)
    return made


@pytest.mark.parametrize(
    "rows",
    ['<row r="one"/>', '<row><c t="s"><v>7</v></c></row>', '<row><c t="n"><v>x</v></c></row>', "<row><c>"],
)
def test_a_workbook_that_breaks_off_while_it_is_read_gets_a_sentence(
    web: FlaskClient, owner: User, rows: str
) -> None:
    answer = post(web, "/clients/import", {"file": (workbook_of(rows), "list.xlsx")})
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.get_data(as_text=True)


def test_a_row_is_no_wider_than_a_list_of_people() -> None:
    wide = workbook_of('<row r="3"><c r="A3" t="str"><v>anna@example.org</v></c><c r="XFD3"><v>1</v></c></row>')
    rows = list(tables.rows_of_file(wide, "list.xlsx"))
    assert [row[0] for row in rows] == ["", "", "anna@example.org"]
    assert {len(row) for row in rows} == {tables.MAX_COLUMNS}


def test_an_empty_import_gets_a_sentence(web: FlaskClient, owner: User) -> None:
    assert post(web, "/clients/import", text="  ").status_code == 422


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"e-mail;name\n", b"\n;;\n"])
def test_a_file_without_a_client_gets_a_sentence(web: FlaskClient, owner: User, content: bytes) -> None:
    answer = post(web, "/clients/import", {"file": (io.BytesIO(content), "list.csv")})
    assert answer.status_code == 422
    assert "There is no client in this table." in answer.text


def test_what_is_wrong_with_a_pasted_list_is_said_beside_it(web: FlaskClient, owner: User) -> None:
    text = "anna@example.org\n" + '"' + "a\n" * 70_000
    answer = post(web, "/clients/import", text=text)
    assert answer.status_code == 422
    assert 'id="text-error"' in answer.text
    assert 'id="file-error"' not in answer.text
    assert "Perhaps a quotation mark before it is never closed." in answer.text
    assert "anna@example.org" in answer.text


def test_a_large_import_is_whole(web: FlaskClient, session: Session, owner: User) -> None:
    lines = "\n".join(f"c{i}@example.org,Client {i},bulk" for i in range(2501))
    assert post(web, "/clients/import", text=lines).status_code == 200
    count = session.scalar(select(func.count()).select_from(Client).where(Client.owner_id == owner.id))
    assert count == 2501


def test_suppressing_and_lifting_with_a_reason(web: FlaskClient, session: Session, owner: User) -> None:
    assert post(web, "/suppressions/create", address="Anna@example.org", reason="complaint").status_code == 303
    row = session.scalars(select(Suppression)).one()
    assert (row.address_key, row.reason) == ("anna@example.org", "complaint")
    assert post(web, f"/suppressions/{row.id}/lift", reason="").status_code == 422
    assert post(web, f"/suppressions/{row.id}/lift", reason="she asked for it").status_code == 303
    session.expire_all()
    assert not session.scalars(select(Suppression)).all()
    lifted = session.scalars(select(AuditEntry).where(AuditEntry.verb == "suppression.lift")).one()
    assert lifted.reason == "she asked for it"


def test_a_suppression_outlives_its_client(web: FlaskClient, session: Session, owner: User) -> None:
    client = make_client(session, owner, email="anna@example.org")
    make_suppression(session, owner, "anna@example.org")
    post(web, f"/clients/{client.id}/delete")
    post(web, "/clients/import", text="anna@example.org")
    assert "anna@example.org" in web.get("/clients/?status=suppressed").get_data(as_text=True)


def test_a_stranger_s_suppression_cannot_be_lifted(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    row = make_suppression(session, stranger, "a@example.org")
    assert post(web, f"/suppressions/{row.id}/lift", reason="x").status_code == 404
    assert web.get(f"/suppressions/{row.id}/lift").status_code == 404
