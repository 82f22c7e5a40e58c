"""Texts of the invented world: openings in three styles and conversations, from sentence banks."""

from __future__ import annotations

from random import Random

from flows.demo.bank import Bank
from flows.demo.bank_de import GERMAN
from flows.demo.bank_en import ENGLISH
from flows.demo.bank_fr import FRENCH
from flows.demo.people import CITIES, TECHNOLOGIES, Candidate, Recruiter, company_name, pick

BANKS: dict[str, Bank] = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH}
MONTHS = {
    "en": ("January", "March", "May", "September", "October"),
    "de": ("Januar", "März", "Mai", "September", "Oktober"),
    "fr": ("janvier", "mars", "mai", "septembre", "octobre"),
}
SELL_WORDS = (118, 188)
"""Where the words of a sell-first opening stop growing; whole sentences carry it somewhat beyond."""

Facts = dict[str, str]


def invent_facts(rng: Random, language: str, recruiter: Recruiter, candidate: Candidate) -> Facts:
    """What the sentences of one thread speak about."""
    bank = BANKS[language]
    tech, tech2, tech3 = rng.sample(TECHNOLOGIES, 3)
    company = company_name(rng)
    return {
        "first": "{{firstName}}" if rng.random() < 0.003 else candidate.first,
        "me": recruiter.name.split(maxsplit=1)[0],
        "tech": tech,
        "tech2": tech2,
        "tech3": tech3,
        "company": company,
        "past": company_name(rng),
        "city": pick(rng, CITIES),
        "salary": pick(rng, bank.salaries),
        "domain": pick(rng, bank.domains),
        "month": pick(rng, MONTHS[language]),
        "slug": f"{company.split()[0].lower().strip(',')}-{rng.randrange(1000):03d}",
    }


def saved_template(rng: Random, language: str, recruiter: Recruiter) -> str:
    """A sell-first text a recruiter keeps and sends again; only `{first}` and `{salary}` stay open."""
    facts = invent_facts(rng, language, recruiter, Candidate(0, "{first}", "", ""))
    return sell_first(rng, BANKS[language], facts | {"first": "{first}", "salary": "{salary}"})


def from_template(template: str, facts: Facts) -> str:
    """The saved text, addressed to one person."""
    return template.replace("{first}", facts["first"]).replace("{salary}", facts["salary"])


def opening(rng: Random, style: str, bank: Bank, facts: Facts) -> str:
    """A first message in one of the three styles."""
    if style == "sell_first":
        return sell_first(rng, bank, facts)
    return mixed(rng, bank, facts) if style == "mixed" else reaction_first(rng, bank, facts)


def sell_first(rng: Random, bank: Bank, facts: Facts) -> str:
    """120 to 220 words about company, role, money and benefits; at most one question, at the end."""
    chosen = [
        [pick(rng, bank.intro), *rng.sample(bank.company, 2)],
        [*rng.sample(bank.role, 2), pick(rng, bank.stack)],
        [pick(rng, bank.pay), *rng.sample(bank.benefits, 2)],
    ]
    bullets = _bullets(rng, bank, facts) if rng.random() < 0.35 else ""
    words = sum(_words(s) for part in chosen for s in part) + _words(bullets) + 8
    target = rng.randint(*SELL_WORDS)
    spare = [(0, s) for s in bank.company] + [(1, s) for s in bank.role]
    spare += [(2, s) for s in (*bank.benefits, *bank.place)]
    rng.shuffle(spare)
    for part, sentence in spare:
        if words >= target:
            break
        if sentence not in chosen[part]:
            chosen[part].append(sentence)
            words += _words(sentence)
    blocks = [" ".join(_fill(rng, s, facts, capital=s is not chosen[0][0]) for s in part) for part in chosen]
    if bullets:
        blocks.insert(2, bullets)
    blocks.append(say(rng, bank.close_ask if rng.random() < 0.7 else bank.close_tell, facts))
    return _letter(rng, bank, facts, pick(rng, ("\n\n", "\n\n", "\n")).join(blocks))


def mixed(rng: Random, bank: Bank, facts: Facts) -> str:
    """About 80 words: something noticed, a question, some offer, a closing question."""
    curious, other = rng.sample(bank.curious, 2)
    offer, more = rng.sample(bank.short_offer, 2)
    last = pick(rng, bank.permission) if rng.random() < 0.5 else other
    chosen = (pick(rng, bank.observation), curious, offer, pick(rng, bank.about_me), more, last)
    return _letter(rng, bank, facts, _paragraph(rng, chosen, facts))


def reaction_first(rng: Random, bank: Bank, facts: Facts) -> str:
    """25 to 60 words: something noticed, zero to two open questions, and a request for permission."""
    how_many = rng.choices((0, 1, 2), (0.35, 0.45, 0.20))[0]
    chosen = (pick(rng, bank.observation), *rng.sample(bank.curious, how_many), pick(rng, bank.permission))
    return _letter(rng, bank, facts, _paragraph(rng, chosen, facts))


def say(rng: Random, sentences: tuple[str, ...], facts: Facts) -> str:
    """One sentence of a bank, filled."""
    return _fill(rng, pick(rng, sentences), facts)


def recruiter_turn(rng: Random, bank: Bank, facts: Facts, extra: int, curiosity: float) -> str:
    """A recruiter's message in a conversation: `extra` + 1 sentences that ask, reflect or tell."""
    said: list[str] = []
    for _ in range(1 + extra):
        if rng.random() < curiosity:
            said.append(say(rng, bank.reflect if rng.random() < 0.3 else bank.question, facts))
        else:
            said.append(say(rng, bank.schedule if rng.random() < 0.25 else bank.telling, facts))
    return " ".join(dict.fromkeys(said))


def candidate_turn(rng: Random, bank: Bank, facts: Facts) -> str:
    """A candidate's message inside a conversation: a word, an answer, a story, perhaps a question back."""
    if rng.random() < 0.2:
        return say(rng, bank.short, facts)
    said = [say(rng, bank.answer, facts)]
    if rng.random() < 0.35:
        said.append(say(rng, bank.story, facts))
    if rng.random() < 0.3:
        said.append(say(rng, bank.answer, facts))
    if rng.random() < 0.25:
        said.append(say(rng, bank.counter, facts))
    return " ".join(dict.fromkeys(said))


def _paragraph(rng: Random, sentences: tuple[str, ...], facts: Facts) -> str:
    return " ".join(_fill(rng, s, facts, capital=i > 0) for i, s in enumerate(sentences))


def _bullets(rng: Random, bank: Bank, facts: Facts) -> str:
    mark = pick(rng, ("- ", "• ", "* ", "– "))
    lines = [mark + _fill(rng, s, facts) for s in rng.sample(bank.bullets, rng.randint(3, 5))]
    return "\n".join([pick(rng, bank.bullets_head), *lines])


def _letter(rng: Random, bank: Bank, facts: Facts, text: str) -> str:
    """Greeting, text and signature; German goes on in lower case after the greeting's comma."""
    greeting = _fill(rng, pick(rng, bank.greetings), facts)
    if bank is not GERMAN or not greeting.endswith(","):
        text = text[0].upper() + text[1:]
    gap = "\n\n" if rng.random() < 0.6 else "\n"
    return f"{greeting}{gap}{text}{gap}{_fill(rng, pick(rng, bank.sign_offs), facts)}"


def _fill(rng: Random, sentence: str, facts: Facts, capital: bool = True) -> str:
    if "{" in sentence:
        facts["n"] = str(rng.randrange(20, 480))
        facts["m"] = str(rng.randrange(3, 40))
        facts["k"] = str(rng.randrange(3, 9))
        facts["d"] = str(rng.randrange(27, 33))
        sentence = sentence.format_map(facts)
    return sentence[0].upper() + sentence[1:] if capital else sentence


def _words(text: str) -> int:
    return len(text.split())
