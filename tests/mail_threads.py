"""Invented mail threads as fifteen clients would send them, in fourteen languages; the parent is always at hand.

Rules and threads have one author: a share of these that is right says what was thought of, not what the world holds.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NAME, ADDRESS, OTHER = "Sam Rec", "sam@agency.example", "ana@dev.example"


@dataclass(frozen=True)
class Language:
    """What clients write around a quote, and what two people write to each other."""

    gmail: str
    apple: str
    thunderbird: str
    labels: tuple[str, str, str, str]
    """From, Sent, To, Subject"""
    moment: str
    original: str
    device: str
    parent: str
    replies: tuple[str, ...]


LANGUAGES = {
    "en": Language(
        "On Mon, Mar 4, 2024 at 9:15 AM {name} <{address}> wrote:",
        "On 4 Mar 2024, at 09:15, {name} <{address}> wrote:",
        "On 04/03/2024 09:15, {name} wrote:",
        ("From", "Sent", "To", "Subject"), "Monday, March 4, 2024 9:15 AM", "Original Message", "Sent from my iPhone",
        "Hi Ana,\n\nFrom here on it is fully remote.\n- 110-130k\n- a team of six who ship every week\n\nAre you open to a short chat this week?\n\nSam",
        ("Thanks Sam, sounds good.\n\nWhat is the notice period you expect? I am away until Monday.\n\nAna",
         "Not for me right now. Best,\nAna"),
    ),
    "de": Language(
        "Am Mo., 4. März 2024 um 09:15 Uhr schrieb {name} <{address}>:",
        "Am 04.03.2024 um 09:15 schrieb {name} <{address}>:",
        "Am 04.03.24 um 09:15 schrieb {name}:",
        ("Von", "Gesendet", "An", "Betreff"), "Montag, 4. März 2024 09:15", "Ursprüngliche Nachricht", "Von meinem iPhone gesendet",
        "Hallo Ana,\n\nwir suchen eine Entwicklerin für unser Kernteam.\n- vollständig remote\n- 90.000 bis 110.000 Euro\n\nHast du diese Woche Zeit für ein kurzes Gespräch?\n\nSam",
        ("Hallo Sam,\n\nklingt spannend: Welche Technik nutzt ihr genau?\n\nViele Grüße\nAna", "Danke, im Moment nicht.\nAna"),
    ),
    "fr": Language(
        "Le lun. 4 mars 2024 à 09:15, {name} <{address}> a écrit :",
        "Le 4 mars 2024 à 09:15, {name} <{address}> a écrit :",
        "Le 04/03/2024 à 09:15, {name} a écrit :",
        ("De", "Envoyé", "À", "Objet"), "lundi 4 mars 2024 09:15", "Message d'origine", "Envoyé de mon iPhone",
        "Bonjour Ana,\n\nNous cherchons une développeuse pour notre équipe.\n- télétravail complet\n- 60 à 75 k€\n\nSeriez-vous disponible pour en parler cette semaine ?\n\nSam",
        ("Bonjour Sam,\n\nPourquoi pas. Quel est le salaire proposé ?\n\nCordialement,\nAna", "Merci, mais je ne cherche pas en ce moment.\nAna"),
    ),
    "es": Language(
        "El lun, 4 mar 2024 a las 9:15, {name} (<{address}>) escribió:",
        "El 4 mar 2024, a las 9:15, {name} <{address}> escribió:",
        "El 4/3/24 a las 9:15, {name} escribió:",
        ("De", "Enviado el", "Para", "Asunto"), "lunes, 4 de marzo de 2024 9:15", "Mensaje original", "Enviado desde mi iPhone",
        "Hola Ana,\n\nBuscamos a alguien para nuestro equipo de datos.\n- trabajo remoto\n- entre 50 y 60 mil\n\n¿Te apetece hablar esta semana?\n\nSam",
        ("Hola Sam,\n\nSuena bien. ¿Cuál es el sueldo exacto?\n\nUn saludo,\nAna", "Gracias, ahora no busco.\nAna"),
    ),
    "it": Language(
        "Il giorno lun 4 mar 2024 alle ore 09:15 {name} <{address}> ha scritto:",
        "Il giorno 4 mar 2024, alle ore 09:15, {name} <{address}> ha scritto:",
        "Il 04/03/24 09:15, {name} ha scritto:",
        ("Da", "Inviato", "A", "Oggetto"), "lunedì 4 marzo 2024 09:15", "Messaggio originale", "Inviato da iPhone",
        "Ciao Ana,\n\ncerchiamo una sviluppatrice per il nostro gruppo.\n- tutto da remoto\n- 45-55 mila euro\n\nTi va di parlarne questa settimana?\n\nSam",
        ("Ciao Sam,\n\ninteressante. Com'è composto il gruppo?\n\nA presto,\nAna", "Grazie, per ora resto dove sono.\nAna"),
    ),
    "ro": Language(
        "În lun., 4 mar. 2024 la 09:15, {name} <{address}> a scris:",
        "Pe 4 mar. 2024, la 09:15, {name} <{address}> a scris:",
        "Pe 04.03.2024 09:15, {name} a scris:",
        ("De la", "Trimis", "Către", "Subiect"), "luni, 4 martie 2024 09:15", "Mesaj original", "Trimis de pe iPhone-ul meu",
        "Bună Ana,\n\nCăutăm o programatoare pentru echipa noastră.\n- complet remote\n- între 4 și 5 mii de euro\n\nAi vrea să vorbim săptămâna asta?\n\nSam",
        ("Bună Sam,\n\nsună interesant. Care este salariul?\n\nMulțumesc,\nAna", "Mulțumesc, nu caut acum.\nAna"),
    ),
    "nl": Language(
        "Op ma 4 mrt 2024 om 09:15 schreef {name} <{address}>:",
        "Op 4 mrt. 2024, om 09:15 heeft {name} <{address}> het volgende geschreven:",
        "Op 04-03-2024 om 09:15 schreef {name}:",
        ("Van", "Verzonden", "Aan", "Onderwerp"), "maandag 4 maart 2024 09:15", "Oorspronkelijk bericht", "Verzonden vanaf mijn iPhone",
        "Hoi Ana,\n\nWij zoeken iemand voor ons platformteam.\n- volledig op afstand\n- 70 tot 80 duizend euro\n\nHeb je deze week tijd voor een gesprek?\n\nSam",
        ("Hoi Sam,\n\nKlinkt leuk. Met welke talen werken jullie?\n\nGroet,\nAna", "Dank je, nu even niet.\nAna"),
    ),
    "pl": Language(
        "pon., 4 mar 2024 o 09:15 {name} <{address}> napisał(a):",
        "Wiadomość napisana przez {name} <{address}> w dniu 4 mar 2024, o godz. 09:15:",
        "W dniu 4.03.2024 o 09:15, {name} pisze:",
        ("Od", "Wysłano", "Do", "Temat"), "poniedziałek, 4 marca 2024 09:15", "Wiadomość oryginalna", "Wysłane z iPhone'a",
        "Cześć Ana,\n\nszukamy osoby do naszego zespołu danych.\n- w pełni zdalnie\n- 25 do 30 tysięcy\n\nCzy masz czas na rozmowę w tym tygodniu?\n\nSam",
        ("Cześć Sam,\n\nbrzmi ciekawie. Jaki jest skład zespołu?\n\nPozdrawiam,\nAna", "Dzięki, teraz nie szukam.\nAna"),
    ),
    "pt": Language(
        "{name} <{address}> escreveu (segunda, 4/03/2024 à(s) 09:15):",
        "Em 4 de mar. de 2024, à(s) 09:15, {name} <{address}> escreveu:",
        "Em 04/03/2024 09:15, {name} escreveu:",
        ("De", "Enviado", "Para", "Assunto"), "segunda-feira, 4 de março de 2024 09:15", "Mensagem original", "Enviado do meu iPhone",
        "Olá Ana,\n\nProcuramos alguém para a nossa equipa.\n- trabalho remoto\n- entre 40 e 50 mil\n\nTem tempo para conversar esta semana?\n\nSam",
        ("Olá Sam,\n\nParece interessante. Qual é o salário?\n\nCumprimentos,\nAna", "Obrigada, agora não.\nAna"),
    ),
    "sv": Language(
        "Den mån 4 mars 2024 kl 09:15 skrev {name} <{address}>:",
        "4 mars 2024 kl. 09:15 skrev {name} <{address}>:",
        "Den 2024-03-04 kl. 09:15, skrev {name}:",
        ("Från", "Skickat", "Till", "Ämne"), "den 4 mars 2024 09:15", "Ursprungligt meddelande", "Skickat från min iPhone",
        "Hej Ana,\n\nVi söker en utvecklare till vårt team.\n- helt på distans\n- 60 till 70 tusen kronor\n\nHar du tid för ett samtal i veckan?\n\nSam",
        ("Hej Sam,\n\nDet låter bra. Vilka verktyg använder ni?\n\nHälsningar\nAna", "Tack, men inte just nu.\nAna"),
    ),
    "ru": Language(
        "пн, 4 мар. 2024 г. в 09:15, {name} <{address}>:",
        "4 марта 2024 г., в 09:15, {name} <{address}> написал(а):",
        "04.03.2024 09:15, {name} пишет:",
        ("От", "Отправлено", "Кому", "Тема"), "4 марта 2024 г. 9:15", "Исходное сообщение", "Отправлено с iPhone",
        "Привет, Ана!\n\nМы ищем разработчика в нашу команду.\n- полностью удалённо\n- от 300 до 350 тысяч\n\nЕсть время поговорить на этой неделе?\n\nСэм",
        ("Привет, Сэм!\n\nЗвучит интересно. Какой стек вы используете?\n\nАна", "Спасибо, сейчас не ищу.\nАна"),
    ),
    "tr": Language(
        "{name} <{address}>, 4 Mar 2024 Pzt, 09:15 tarihinde şunu yazdı:",
        "{name} <{address}> şunları yazdı (4 Mar 2024 09:15):",
        "04.03.2024 09:15 tarihinde {name} yazdı:",
        ("Kimden", "Gönderildi", "Kime", "Konu"), "4 Mart 2024 Pazartesi 09:15", "Özgün İleti", "iPhone’umdan gönderildi",
        "Merhaba Ana,\n\nEkibimize bir geliştirici arıyoruz.\n- tamamen uzaktan\n- 60 ile 70 bin arası\n\nBu hafta konuşmak ister misin?\n\nSam",
        ("Merhaba Sam,\n\nKulağa hoş geliyor. Hangi dilleri kullanıyorsunuz?\n\nAna", "Teşekkürler, şu an aramıyorum.\nAna"),
    ),
    "cs": Language(
        "po 4. 3. 2024 v 9:15 odesílatel {name} <{address}> napsal:",
        "4. 3. 2024 v 9:15, {name} <{address}>:",
        "Dne 04. 03. 24 v 9:15 {name} napsal(a):",
        ("Od", "Odesláno", "Komu", "Předmět"), "pondělí 4. března 2024 9:15", "Původní zpráva", "Odesláno z iPhonu",
        "Ahoj Ano,\n\nhledáme někoho do našeho týmu.\n- práce na dálku\n- 90 až 100 tisíc\n\nMáš tento týden čas na rozhovor?\n\nSam",
        ("Ahoj Same,\n\nzní to dobře. Jaké nástroje používáte?\n\nAna", "Díky, teď nehledám.\nAna"),
    ),
    "hu": Language(
        "{name} <{address}> ezt írta (időpont: 2024. márc. 4., H, 9:15):",
        "{name} <{address}> írta (2024. márc. 4., 9:15):",
        "2024. 03. 04. 9:15 keltezéssel, {name} írta:",
        ("Feladó", "Elküldve", "Címzett", "Tárgy"), "2024. március 4., hétfő 9:15", "Eredeti üzenet", "Elküldve az iPhone-omról",
        "Szia Ana,\n\nfejlesztőt keresünk a csapatunkba.\n- teljesen távmunka\n- másfél millió forint\n\nVan időd beszélni ezen a héten?\n\nSam",
        ("Szia Sam,\n\njól hangzik. Milyen eszközökkel dolgoztok?\n\nAna", "Köszönöm, most nem keresek.\nAna"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One mail: what it looks like, what its sender wrote, and the mail before it."""

    client: str
    language: str
    text: str
    new: str
    parent: str


def _marked(text: str, width: int = 0) -> str:
    lines = text.split("\n")
    if width:
        lines = [part for line in lines for part in (textwrap.wrap(line, width) or [""])]
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def _line(pattern: str, name: str = NAME) -> str:
    return pattern.format(name=name, address=ADDRESS)


def _gmail(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_line(language.gmail)}\n\n{_marked(language.parent)}\n"


def _gmail_wrapped(language: Language, reply: str) -> str:
    line = "\n".join(textwrap.wrap(_line(language.gmail, "Samantha Recruiter-Featherstonehaugh, MSc"), 70))
    return f"{reply}\n\n{line}\n\n{_marked(language.parent)}\n"


def _gmail_unmarked(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_line(language.gmail)}\n\n{language.parent}\n"


def _gmail_crlf(language: Language, reply: str) -> str:
    return _gmail(language, reply).replace(", ", ",\u202f").replace("\n", "\r\n")


def _apple(language: Language, reply: str) -> str:
    return f"{reply}\n\n> {_line(language.apple)}\n> \n{_marked(language.parent)}\n"


def _apple_plain(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_line(language.apple)}\n\n{_marked(language.parent)}\n"


def _iphone(language: Language, reply: str) -> str:
    return f"{reply}\n\n{language.device}\n\n{_line(language.apple)}\n\n\ufeff{_marked(language.parent)}\n"


def _thunderbird(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_line(language.thunderbird)}\n{_marked(language.parent, 72)}\n"


def _bottom(language: Language, reply: str) -> str:
    return f"{_line(language.thunderbird)}\n{_marked(language.parent, 72)}\n\n{reply}\n"


def _block(language: Language, *, bold: bool = False, address: str = f"{NAME} <{ADDRESS}>") -> str:
    values = (address, language.moment, f"Ana Dev <{OTHER}>", "Python")
    mark = "*" if bold else ""
    return "\n".join(f"{mark}{label}:{mark} {value}" for label, value in zip(language.labels, values, strict=True))


def _outlook(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_block(language)}\n\n{language.parent}\n"


def _outlook_old(language: Language, reply: str) -> str:
    block = _block(language, address=f"{NAME} [mailto:{ADDRESS}]")
    return f"{reply}\n\n-----{language.original}-----\n{block}\n\n{language.parent}\n"


def _outlook_internal(language: Language, reply: str) -> str:
    return f"{reply}\n\n{_block(language, address=NAME).replace(f' <{OTHER}>', '')}\n\n{language.parent}\n"


def _outlook_web(language: Language, reply: str) -> str:
    return f"{reply}\n________________________________\n{_block(language)}\n\n{language.parent}\n"


def _outlook_mobile(language: Language, reply: str) -> str:
    footer = "Get Outlook for iOS<https://aka.ms/o0ukef>"
    return (
        f"{reply}\n\n{footer}\n________________________________\n{_block(language, bold=True)}\n\n{language.parent}\n"
    )


def _sent_first(language: Language, reply: str) -> str:
    sender, sent, to, subject = _block(language).split("\n")
    return f"{reply}\n\n\n{sent}\n{sender}\n{to}\n{subject}\n\n{language.parent}\n"


def _interleaved(language: Language, reply: str) -> str:
    first, _, rest = reply.partition("\n")
    head, _, tail = language.parent.partition("\n\n")
    return f"{_line(language.thunderbird)}\n{_marked(head)}\n\n{first}\n\n{_marked(tail)}\n\n{rest.strip() or 'OK'}\n"


def _bare(_: Language, reply: str) -> str:
    return f"{reply}\n"


CLIENTS: dict[str, Callable[[Language, str], str]] = {
    "Gmail": _gmail,
    "Gmail, wrapped": _gmail_wrapped,
    "Gmail, no marks": _gmail_unmarked,
    "Gmail, CRLF, narrow spaces": _gmail_crlf,
    "Apple Mail": _apple_plain,
    "Apple Mail, all marked": _apple,
    "iPhone": _iphone,
    "Thunderbird": _thunderbird,
    "Thunderbird, below": _bottom,
    "interleaved": _interleaved,
    "Outlook": _outlook,
    "Outlook, no addresses": _outlook_internal,
    "Outlook 2003": _outlook_old,
    "Outlook on the web": _outlook_web,
    "Outlook mobile": _outlook_mobile,
    "GMX, date first": _sent_first,
    "no quote": _bare,
}

TRAPS = {
    "terms": "Hi Sam,\n\nthese would be my terms:\nFrom: 1 April 2025\nTo: 30 September 2025\nRate: 600\n\nAna",
    "prose": "On Monday we met your colleague, and on Tuesday he wrote:\nnothing at all.\n\nSo I am not sure any more.\nAna",
    "bullets": "Hi Sam,\n\nmy questions:\n- salary?\n- remote?\n- how large is the team?\n\nBest, most senior people first, please.\nAna",
    "thanks": "Thanks, that is kind.\n\nI have two more questions about the role and the team.\nAna",
    "dashes": "Here is the order I prefer:\n\n--\none\n\ntwo\n\nthree\n" + "\n".join(f"line {n}" for n in range(12)),
    "code": "We use\n\n    List<String> names = new ArrayList<>();\n\nand x -> y everywhere. When: 9:15, at my desk:\nyes.\nAna",
    "schedule": "I can talk then:\nMonday: 9:15\nTuesday: 10:30\nWednesday: 11:00\n\nWhich one do you take?\nAna",
    "from": "From here on I only work remotely.\n\nTo be honest: the commute killed me.\nSubject to change, of course.\nAna",
}


def cases() -> Iterator[Case]:
    """Every client in every language, with each reply of that language."""
    for name, language in LANGUAGES.items():
        for client, written in CLIENTS.items():
            for reply in language.replies:
                text = written(language, reply)
                new = reply
                if client == "interleaved":
                    first, _, rest = reply.partition("\n")
                    new = f"{first}\n\n{rest.strip() or 'OK'}"
                yield Case(client, name, text, new, language.parent)


def traps() -> Iterator[Case]:
    """Mails with nothing to strip that look as if there were, after the English parent."""
    for name, text in TRAPS.items():
        yield Case(name, "en", text, text, LANGUAGES["en"].parent)


def independent() -> Iterator[Case]:
    """Mails that were written without sight of the rules; see the README beside them."""
    path = Path(__file__).parent / "samples" / "mail_quotes" / "independent.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield Case(case["client"], case["language"], case["text"], case["new"], case["parent"])
