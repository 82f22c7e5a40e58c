"""The shape of a sentence bank: what one language offers to the invented writers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bank:
    """Sentences of one language with `{slots}`; every slot is filled from one thread's own facts."""

    greetings: tuple[str, ...]
    sign_offs: tuple[str, ...]
    subjects: tuple[str, ...]
    domains: tuple[str, ...]
    salaries: tuple[str, ...]
    # recruiter, selling
    intro: tuple[str, ...]
    company: tuple[str, ...]
    role: tuple[str, ...]
    stack: tuple[str, ...]
    pay: tuple[str, ...]
    benefits: tuple[str, ...]
    bullets_head: tuple[str, ...]
    bullets: tuple[str, ...]
    place: tuple[str, ...]
    close_ask: tuple[str, ...]
    close_tell: tuple[str, ...]
    # recruiter, curious
    observation: tuple[str, ...]
    curious: tuple[str, ...]
    permission: tuple[str, ...]
    about_me: tuple[str, ...]
    short_offer: tuple[str, ...]
    # recruiter, later
    postscript: tuple[str, ...]
    follow_up: tuple[str, ...]
    again: tuple[str, ...]
    question: tuple[str, ...]
    telling: tuple[str, ...]
    reflect: tuple[str, ...]
    schedule: tuple[str, ...]
    goodbye: tuple[str, ...]
    # candidate
    interested: tuple[str, ...]
    other: tuple[str, ...]
    declined: tuple[str, ...]
    opted_out: tuple[str, ...]
    answer: tuple[str, ...]
    story: tuple[str, ...]
    short: tuple[str, ...]
    counter: tuple[str, ...]
    inbound: tuple[str, ...]
    auto_reply: tuple[str, ...]
