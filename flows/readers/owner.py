"""Whose inbox a LinkedIn archive is: a ladder of evidence, and a refusal where none decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from flows.readers.identity import identity, linkedin_identity, name_identity
from schemas.errors import InputError

PRESENCE_SHARE = 0.9
PRESENCE_CONVERSATIONS = 3
FREQUENT_CONVERSATIONS = 5
FREQUENT_MARGIN = 3

HIDDEN_NAMES = frozenset({"linkedin member"})


@dataclass(frozen=True)
class Owner:
    """The person whose archive it is."""

    identity: str
    method: str
    links: frozenset[str] = frozenset()
    """Identities of the profiles that are the owner's."""
    names: frozenset[str] = frozenset()
    """Names the owner goes by, folded."""


@dataclass(frozen=True)
class Evidence:
    """What an archive shows about its owner."""

    people: pl.DataFrame
    """Columns conversation, link, name (folded; null where unsure), sends, row_no: who takes part where."""
    conversations: int
    direction_names: tuple[str, ...] = ()
    """FROM of outgoing and TO of incoming rows, in files with a DIRECTION column."""
    invitation_links: tuple[str, ...] = ()
    """Inviter of outgoing and invitee of incoming invitations."""
    invitation_names: tuple[str, ...] = ()
    profile_name: str | None = None
    row_names: frozenset[str] = frozenset()
    """Every name in FROM or TO."""
    recipients_have_links: bool = False


def folded(name: str | None) -> str:
    """A name for comparing."""
    return " ".join((name or "").split()).casefold()


def resolve_owner(evidence: Evidence, configured: str | None) -> Owner:
    """The owner and how they were found. Raises InputError where nothing decides, or two profiles do."""
    if configured:
        return _configured(evidence, configured)
    for method, links in _link_rungs(evidence):
        if len(links) == 1:
            owner = _with_names(evidence, Owner(links[0], method, frozenset(links)))
            _refuse_second_profile(evidence, owner)
            return owner
        if method.endswith("_name") and len(links) > 1:
            raise _two_profiles()
    for method, names in (
        ("direction_column", evidence.direction_names),
        ("invitations", evidence.invitation_names),
        ("profile_name", _single(evidence.profile_name)),
    ):
        known = [folded(name) for name in names if folded(name) not in HIDDEN_NAMES | {""}]
        if known:
            first = Counter(known).most_common(1)[0][0]
            return Owner(name_identity("", first), method, frozenset(), _own_names(evidence) | set(known))
    raise InputError(
        "owner unresolved: nothing in this archive says whose inbox it is. "
        'Set it in talkshare.toml: [linkedin] owner = "profile-slug", or owners = {"file pattern" = "slug"}.'
    )


def _link_rungs(evidence: Evidence) -> Iterable[tuple[str, list[str]]]:
    yield "invitations", sorted(set(evidence.invitation_links))
    names = sorted({folded(name) for name in evidence.invitation_names} - {""})
    if len(names) == 1:
        yield "invitations_name", _links_of(evidence, names[0])
    if evidence.profile_name:
        yield "profile_name", _links_of(evidence, folded(evidence.profile_name))
    yield "presence", _present_nearly_everywhere(evidence)
    yield "frequent_sender", _frequent_sender(evidence)


def _links_of(evidence: Evidence, name: str) -> list[str]:
    """The profiles that send under a name; where none does, those that receive under it."""
    named = evidence.people.filter(pl.col("name") == name)
    sending = named.filter("sends")
    return (sending if sending.height else named)["link"].unique().sort().to_list()


def _present_nearly_everywhere(evidence: Evidence) -> list[str]:
    if evidence.conversations < PRESENCE_CONVERSATIONS:
        return []
    presence = evidence.people.group_by("link").agg(pl.col("conversation").n_unique().alias("n"))
    links = presence.filter(pl.col("n") >= PRESENCE_SHARE * evidence.conversations)["link"].to_list()
    return links if len(links) == 1 else []


def _frequent_sender(evidence: Evidence) -> list[str]:
    senders = evidence.people.filter("sends").group_by("link").agg(pl.col("conversation").n_unique().alias("n"))
    top = senders.sort("n", descending=True).head(2).rows()
    runner_up = top[1][1] if len(top) > 1 else 0
    if top and top[0][1] >= FREQUENT_CONVERSATIONS and top[0][1] >= FREQUENT_MARGIN * runner_up:
        return [top[0][0]]
    return []


def _configured(evidence: Evidence, value: str) -> Owner:
    """The configured owner: an address, a slug, several of one person's slugs, or (old archives) a name."""
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if len(parts) > 1 and any(" " in part for part in parts):
        parts = [value.strip()]
    links = [_link_from(part) for part in parts]
    seen = set(evidence.people["link"]) | set(evidence.invitation_links)
    if any(link in seen for link in links):
        return _with_names(evidence, Owner(links[0], "configured", frozenset(links)))
    name = folded(value)
    if name in evidence.row_names:
        of_name = _links_of(evidence, name)
        if len(of_name) > 1:
            raise _two_profiles()
        link = of_name[0] if of_name else name_identity("", name)
        return _with_names(evidence, Owner(link, "configured", frozenset(of_name), frozenset({name})))
    own_names = _own_names(evidence)
    if evidence.row_names and (evidence.recipients_have_links or (not seen and not own_names & evidence.row_names)):
        raise InputError(
            "owner unresolved: the configured owner takes part in no conversation of this archive. "
            'Give each archive its own in talkshare.toml: [linkedin] owners = {"file pattern" = "slug"}.'
        )
    return Owner(links[0], "configured", frozenset(links), own_names)


def _link_from(text: str) -> str:
    found = identity(text) or ""
    return found if found.startswith("linkedin:") else linkedin_identity(text.strip().strip("/"))


def _with_names(evidence: Evidence, owner: Owner) -> Owner:
    sent = evidence.people.filter(pl.col("link").is_in(list(owner.links)) & pl.col("sends"))
    names = set(sent["name"].drop_nulls()) | owner.names | _own_names(evidence)
    return Owner(owner.identity, owner.method, owner.links, frozenset(names) - HIDDEN_NAMES)


def _own_names(evidence: Evidence) -> frozenset[str]:
    """Names that files of the archive other than its conversations give the owner."""
    names = {folded(name) for name in (*evidence.direction_names, *evidence.invitation_names)}
    return frozenset((names | {folded(evidence.profile_name)}) - HIDDEN_NAMES - {""})


def _refuse_second_profile(evidence: Evidence, owner: Owner) -> None:
    """Another profile under the owner's name, where the owner is absent, is the owner with an older slug.

    Where both take part in one conversation they are namesakes.
    """
    people = evidence.people
    namesakes = people.filter(
        pl.col("sends") & pl.col("name").is_in(list(owner.names)) & ~pl.col("link").is_in(list(owner.links))
    )
    with_owner = people.filter(pl.col("link").is_in(list(owner.links)))["conversation"].unique()
    if namesakes.filter(~pl.col("conversation").is_in(with_owner.to_list())).height:
        raise _two_profiles()


def _two_profiles() -> InputError:
    return InputError(
        "owner unresolved: two profile addresses send under the owner's name. If the owner changed theirs, "
        'say both in talkshare.toml, the newest first: [linkedin] owner = "new-slug, old-slug"; '
        "if they are two people, give only the owner's."
    )


def _single(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()
