"""Who appears in the story: the people who sign in, and the readers of the bookshop in the order they came."""

from dataclasses import dataclass

from mailer.rules.access import Role
from mailer.services.passwords import DEMO

PASSWORD = DEMO
RUSSIAN, ENGLISH, CLUB, TRIALS = "по-русски", "English", "клуб", "проба"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in; the name in Russian and in English."""

    email: str
    roles: tuple[Role, ...]
    names: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A client of the bookshop, and how many days ago they joined."""

    email: str
    name: str
    tags: tuple[str, ...]
    days_ago: int
    comment: str = ""


OWNER = Person("demo@example.org", (), {"ru": ("Вера", "Маякова"), "en": ("Vera", "Mayakova")})
STAFF = (
    Person("admin@example.org", (Role.ADMIN,), {"ru": ("Антон", "Главный"), "en": ("Anton", "Chief")}),
    Person(
        "moderator@example.org",
        (Role.MAIL_MODERATOR, Role.BLOG_MODERATOR),
        {"ru": ("Мария", "Смотрова"), "en": ("Maria", "Watcher")},
    ),
)

_RUSSIANS = (
    ("anna.petrova", "Анна Петрова"), ("ivan.kuznetsov", "Иван Кузнецов"), ("olga.smirnova", "Ольга Смирнова"),
    ("dmitry.volkov", "Дмитрий Волков"), ("elena.morozova", "Елена Морозова"), ("sergey.lebedev", "Сергей Лебедев"),
    ("natalia.kozlova", "Наталья Козлова"), ("alexey.novikov", "Алексей Новиков"), ("irina.pavlova", "Ирина Павлова"),
    ("mikhail.sokolov", "Михаил Соколов"), ("tatiana.orlova", "Татьяна Орлова"), ("pavel.zaitsev", "Павел Зайцев"),
    ("ksenia.belova", "Ксения Белова"), ("roman.gusev", "Роман Гусев"), ("yulia.vinogradova", "Юлия Виноградова"),
    ("maxim.ershov", "Максим Ершов"), ("vera.timofeeva", "Вера Тимофеева"), ("nikita.danilov", "Никита Данилов"),
    ("larisa.zhukova", "Лариса Жукова"), ("gleb.ryabov", "Глеб Рябов"),
)  # fmt: skip
_ENGLISH = (
    ("emma.brooks", "Emma Brooks"), ("oliver.grant", "Oliver Grant"), ("sophie.turner", "Sophie Turner"),
    ("jack.murphy", "Jack Murphy"), ("amelia.hughes", "Amelia Hughes"), ("noah.bennett", "Noah Bennett"),
    ("grace.oconnor", "Grace O’Connor"), ("liam.foster", "Liam Foster"), ("zoe.wright", "Zoë Wright"),
    ("henry.cole", "Henry Cole"), ("chloe.martin", "Chloé Martin"), ("leo.fischer", "Leo Fischer"),
    ("maya.patel", "Maya Patel"), ("lucas.silva", "Lucas Silva"), ("nora.lindqvist", "Nora Lindqvist"),
    ("reader42", ""), ("books.fan", ""),
)  # fmt: skip

# their part in the past sixty days
FULL_MAILBOX, GONE, WEARY, SILENT = "pavel.zaitsev", "leo.fischer", "maxim.ershov", "chloe.martin"

TRIAL_READERS = (
    Reader("refuse@example.org", "Отказ · Refusal", (TRIALS,), 0, "550: всегда отказ · always refused"),
    Reader("later@example.org", "Позже · Later", (TRIALS,), 0, "451, потом принято · taken at the second try"),
    Reader("slow@example.org", "Не спеша · Slowly", (TRIALS,), 0, "Отвечает через несколько секунд · answers slowly"),
)


def readers() -> list[Reader]:
    """All forty, the first ones first; the three that play a part join last."""
    both = [*((one, RUSSIAN, "example.com") for one in _RUSSIANS), *((one, ENGLISH, "example.net") for one in _ENGLISH)]
    both.sort(key=lambda one: sum(map(ord, one[0][0])) % 37)  # a mix that is the same each time
    found = []
    for place, ((local, name), language, host) in enumerate(both):
        tags = (language, CLUB) if place % 4 == 0 else (language,)
        found.append(Reader(f"{local}@{host}", name, tags, 62 if place < 16 else 104 - place * 3 + place // 8 * 2))
    return [*found, *TRIAL_READERS]
