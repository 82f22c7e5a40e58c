"""Who lives in the invented world: recruiters with habits, and candidates with made-up names."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TypeVar
from urllib.parse import quote

T = TypeVar("T")

STYLES = ("sell_first", "mixed", "reaction_first")
"""The opening styles, longest first."""

PROFILE = "https://www.linkedin.com/in/"

_FIRST = (
    "Ana", "Jonas", "Mara", "Zoë", "Tariq", "Lena", "Oskar", "Inès", "Pavel", "Noor", "Elif", "Bastian",
    "Clara", "Diego", "Freya", "Goran", "Hana", "Ivo", "Jule", "Kofi", "Léa", "Matteo", "Nadia", "Olga",
    "Piotr", "Rania", "Søren", "Thea", "Uma", "Viktor", "Wanda", "Yara", "Amélie", "Björn", "Chidi", "Dunja",
    "Emil", "Fatou", "Gregor", "Hugo", "Imke", "Jakub", "Kira", "Ludo", "Milan",
)  # fmt: skip
_LAST_HEAD = (
    "Vel", "Tos", "Bran", "Kor", "Mel", "Sar", "Quin", "Dor", "Hal", "Lun", "Fer", "Gras", "Ost", "Pel",
    "Rav", "Zan", "Thal",
)  # fmt: skip
_LAST_BODY = ("da", "mi", "ri", "lo", "ne", "va", "shi", "ke", "go", "bu")
_LAST_TAIL = (
    "mark",
    "rin",
    "sson",
    "vik",
    "mann",
    "eux",
    "ski",
    "lund",
    "berg",
    "ova",
    "dal",
    "gny",
    "wald",
    "tier",
    "ck",
    "D’or",
)
_TITLES = (", Ph.D.", ", PMP, CISSP", " 🚀", " (she/her)", ", Dr.-Ing.")
_COMPANY_HEAD = (
    "Nord", "Tessa", "Quill", "Ferro", "Bright", "Lumen", "Harbor", "Kestrel", "Mira", "Oak", "Pivot",
    "Sable", "Vanta", "Zephyr",
)  # fmt: skip
_COMPANY_TAIL = (
    "vale", "rion", "bank", "lane", "moor Labs", "works", "metrics", "gate GmbH", "loop", "field, Inc.",
    "stack", "wise", "grid",
)  # fmt: skip
TECHNOLOGIES = (
    "Python", "Kotlin", "Go", "Rust", "TypeScript", "PostgreSQL", "Kafka", "Terraform", "dbt", "Airflow",
    "Spark", "React", "Elixir", "Scala", "gRPC", "Redis", "Snowflake", "ClickHouse", "Flink", "C++", "C#",
    "Node.js", "Swift", "GraphQL", "DuckDB", "Ruby on Rails",
)  # fmt: skip
CITIES = (
    "Berlin", "Lyon", "Leeds", "Porto", "Zürich", "Utrecht", "Graz", "Nantes", "Gdańsk", "Leipzig", "Ghent",
    "Malmö", "Turin", "Bristol", "Toulouse", "Hamburg", "Cork", "Brno", "Lausanne", "Bilbao",
)  # fmt: skip


@dataclass(frozen=True)
class Recruiter:
    """One recruiter: how much they write, how, and how well they fare whatever they write."""

    slug: str
    name: str
    size: float
    """Share of all threads, before scaling."""
    offset: float
    """Added to every style's reply probability: what the recruiter brings, whatever the style."""
    styles: tuple[float, float, float]
    """Shares of sell_first, mixed, reaction_first."""
    languages: dict[str, float]
    verbosity: float
    """Mean number of extra sentences per message after the reply."""
    curiosity: float
    """Probability that such a sentence asks or reflects rather than tells."""
    era: str = "2026"
    """Shape of the LinkedIn archive: 2023, 2025 or 2026; `agency` for the canonical tables."""
    older_era: str | None = None
    """Shape of a second, older archive of the same inbox, where there is one."""
    team: str | None = None

    @property
    def is_agency(self) -> bool:
        """Whether the threads stand in the canonical tables instead of a LinkedIn archive."""
        return self.era == "agency"

    @property
    def id_text(self) -> str:
        """How the recruiter is named in the exports: profile URL, or address."""
        return f"{self.slug.replace('-', '.')}@agency.example.org" if self.is_agency else PROFILE + self.slug


RECRUITERS = (
    Recruiter("mira-tolvane-4f1a", "Mira Tolvane", 15, 0.05, (0.70, 0.20, 0.10), {"en": 0.7, "de": 0.3}, 1.6, 0.35),
    Recruiter("sam-orrivel-0a1b", "Sam Orrivel", 12, -0.04, (0.25, 0.30, 0.45), {"en": 1.0}, 0.6, 0.70),
    Recruiter("jule-brandeck-77c", "Jule Brandeck", 10, 0.04, (0.60, 0.25, 0.15), {"de": 0.8, "en": 0.2}, 1.2, 0.45),
    Recruiter("tomas-heldrin-9d2", "Tomas Heldrin", 8, -0.05, (0.20, 0.30, 0.50), {"en": 0.8, "de": 0.2}, 0.4, 0.60),
    Recruiter("ines-carvelle-31e", "Inès Carvelle", 7, 0.0, (0.45, 0.30, 0.25), {"fr": 0.8, "en": 0.2}, 1.0, 0.50),
    Recruiter("olaf-pendrick-5b0", "Olaf Pendrick", 6, 0.02, (0.55, 0.25, 0.20), {"en": 1.0}, 2.0, 0.30, era="2023"),
    Recruiter("lea-montsorel-c88", "Léa Montsorel", 5, -0.03, (0.30, 0.30, 0.40), {"fr": 1.0}, 0.8, 0.65),
    Recruiter(
        "dana-quivers-e02",
        "Dana Quivers, CIR",
        4,
        0.01,
        (0.50, 0.25, 0.25),
        {"en": 1.0},
        1.4,
        0.40,
        era="2025",
    ),
    Recruiter(
        "nils-abelwitz-6fa",
        "Nils Abelwitz",
        9,
        -0.04,
        (0.30, 0.30, 0.40),
        {"de": 0.7, "en": 0.3},
        0.7,
        0.55,
        older_era="2026",
    ),
    Recruiter(
        "rosa-fintamar-d41",
        "Rosa Fintamar",
        4,
        0.03,
        (0.55, 0.25, 0.20),
        {"en": 0.6, "fr": 0.4},
        1.1,
        0.5,
        older_era="2025",
    ),
    Recruiter(
        "pia-lorentsen",
        "Pia Lorentsen",
        8,
        0.03,
        (0.50, 0.30, 0.20),
        {"en": 0.7, "de": 0.3},
        1.3,
        0.4,
        era="agency",
        team="platform",
    ),
    Recruiter(
        "karim-vasquell",
        "Karim Vasquell",
        5,
        -0.048,
        (0.25, 0.3, 0.45),
        {"en": 0.75, "fr": 0.25},
        0.5,
        0.6,
        era="agency",
        team="platform",
    ),
    Recruiter(
        "greta-hollmund",
        "Greta Hollmund",
        4,
        0.021,
        (0.50, 0.25, 0.25),
        {"en": 0.7, "fr": 0.3},
        0.9,
        0.5,
        era="agency",
        team="data",
    ),
    Recruiter(
        "ben-straunik",
        "Ben Straunik",
        3,
        -0.028,
        (0.30, 0.30, 0.40),
        {"de": 0.5, "en": 0.5},
        1.5,
        0.5,
        era="agency",
        team="data",
    ),
)


@dataclass(frozen=True)
class Candidate:
    """One invented person."""

    number: int
    first: str
    name: str
    """Display name, with whatever people put behind it."""
    slug: str

    @property
    def url(self) -> str:
        """Profile address, percent-encoded as LinkedIn writes it."""
        return PROFILE + quote(self.slug)

    @property
    def address(self) -> str:
        """E-mail address of the candidate."""
        return f"dev{self.number:06d}@mail.example.org"


def pick(rng: Random, items: tuple[T, ...]) -> T:
    """One of `items`; about twice as fast as `rng.choice`."""
    return items[int(rng.random() * len(items))]


def invent_candidate(rng: Random, number: int) -> Candidate:
    """A new person; the slug is unique because the scrambled number is."""
    first = pick(rng, _FIRST)
    last = pick(rng, _LAST_HEAD) + pick(rng, _LAST_BODY) + pick(rng, _LAST_TAIL)
    title = pick(rng, _TITLES) if rng.random() < 0.04 else ""
    tail = (number * 2654435761) & 0xFFFFFFFF
    slug = f"{first}-{last}-{tail:08x}".lower().replace("’", "")
    return Candidate(number, first, f"{first} {last}{title}", slug)


def company_name(rng: Random) -> str:
    """A company that does not exist."""
    return pick(rng, _COMPANY_HEAD) + pick(rng, _COMPANY_TAIL)
