"""Quote stripping beside two libraries, on the invented threads: `python -m tests.quoting_table`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable

from flows.readers.mail.quoting import parts
from tests.mail_threads import Case, cases, independent, traps

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "cs", "da", "ja", "ko"]
"""All that mail-parser-reply knows."""

Found = tuple[bool, bool, bool]


def main() -> None:
    """Print the share of mails read exactly, with new text lost, and with quoted text left, per client and language."""
    methods = _methods()
    found = {name: [(case, judge(case, method(case))) for case in cases()] for name, method in methods.items()}
    for key in ("client", "language"):
        print(f"| {key} | mails | " + " | ".join(f"{name}: exact / loses / leaks" for name in methods) + " |")
        print("|---" * (len(methods) + 2) + "|")
        groups: dict[str, dict[str, list[Found]]] = defaultdict(lambda: defaultdict(list))
        for name, rows in found.items():
            for case, result in rows:
                groups[getattr(case, key)][name].append(result)
                groups["all"][name].append(result)
        for group in sorted(groups, key=lambda group: group == "all"):
            cells = [_shares(groups[group][name]) for name in methods]
            print(f"| {group} | {len(groups[group]['talkshare'])} | " + " | ".join(cells) + " |")
        print()
    for name, method in methods.items():
        results = [judge(case, method(case)) for case in independent()]
        print(f"{name}, on {len(results)} mails written without sight of the rules: {_shares(results)}")
    for name, method in methods.items():
        kept = [case.client for case in traps() if judge(case, method(case))[0]]
        print(f"{name}: {len(kept)} of {len(list(traps()))} mails that only look quoted stay whole")


def judge(case: Case, got: str) -> Found:
    """Exact; words of the new text lost; words left that are not new."""
    wanted, had = _words(case.new), _words(got)
    return wanted == had, bool(Counter(wanted) - Counter(had)), bool(Counter(had) - Counter(wanted))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _shares(results: list[Found]) -> str:
    return " / ".join(f"{sum(result[place] for result in results) / len(results):.1%}" for place in range(3))


def _methods() -> dict[str, Callable[[Case], str]]:
    import quotequail
    from mailparser_reply import EmailReplyParser

    parser = EmailReplyParser(languages=LANGUAGES)

    def by_quotequail(case: Case) -> str:
        text = case.text.replace("\r\n", "\n")
        found = quotequail.unwrap(text)
        return f"{found.get('text_top') or ''}\n{found.get('text_bottom') or ''}" if found else text

    return {
        "talkshare": lambda case: parts(case.text, [case.parent]).new,
        "talkshare without parents": lambda case: parts(case.text).new,
        "quotequail": by_quotequail,
        "mail-parser-reply": lambda case: parser.read(case.text.replace("\r\n", "\n")).replies[0].full_body,
    }


if __name__ == "__main__":
    main()
