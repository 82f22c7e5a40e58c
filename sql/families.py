"""Template families: first messages that are near copies of each other, and how much of each is its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sql.lexicon import lexicons
from sql.sentences import without_addresses
from sql.text import UNSPACED

SHINGLE_WORDS = 5
TEXTS_PER_BATCH = 20_000
PAIRS_PER_BATCH = 2_000_000
PAIRS_COMPARED_AT_ONCE = 100_000
SKETCH_BITS = 256

_LETTER = rf"[\p{{L}}\p{{M}}\p{{N}}&&[^{UNSPACED[1:-1]}]]"
WORD = rf"{UNSPACED}|{_LETTER}+(?:['\-]{_LETTER}+)*"
"""A script without spaces gives a word for every character."""
GREETING = r"^\s*(\S+(?:[^\S\n]+\S+){0,3}?)[^\S\n]*(?:[,!:;–—]|[^\S\n]-[^\S\n]|\n)"
NUMBER = r"\p{N}+(?:(?:[^\S\n]|[.,:/'–\-]){1,3}\p{N}+)*"

Counts = npt.NDArray[np.int64]
Rows = npt.NDArray[np.integer[Any]]


def families(texts: pl.DataFrame, elsewhere: pl.Series | None = None) -> pl.DataFrame:
    """`body_hash, body` (distinct) -> `body_hash, family_id, n_family, own_text_share`, sorted by `body_hash`.

    A family is a connected component of texts whose 5-word shingles, masked, have a Jaccard similarity of .8 or more;
    its id is its smallest `body_hash`. `own_text_share` is the share of a text's shingles that no other text has and
    that are not known from texts `elsewhere`.
    Exact but for two shingles of one 64-bit hash: about 3 in a million at 10 million shingles.
    """
    ordered = texts.select("body_hash", "body").sort("body_hash")
    if ordered.is_empty():
        family, own = np.zeros(0, dtype=np.int64), np.zeros(0)
    else:
        shingles, sizes = _all_shingles(ordered["body"])
        codes = pl.Series(shingles).rank("dense").to_numpy() - 1
        twins = _first_of_the_same(shingles, sizes)
        is_elsewhere = np.isin(shingles, [] if elsewhere is None else elsewhere.to_numpy())
        del shingles
        own = _own_share(codes, sizes, is_elsewhere)
        is_first = twins == np.arange(len(twins))
        labels = _components(_indexed(codes[np.repeat(is_first, sizes)], sizes[is_first]))
        family = labels[(np.cumsum(is_first) - 1)[twins]]
    return (
        ordered.select("body_hash", family=pl.Series(family), own_text_share=pl.Series(own, dtype=pl.Float64))
        .with_columns(
            family_id=pl.col("body_hash").min().over("family"),
            n_family=pl.len().over("family").cast(pl.Int64),
        )
        .select("body_hash", "family_id", "n_family", "own_text_share")
    )


def shared_shingles(texts: pl.DataFrame, of: pl.Series) -> pl.Series:
    """The distinct shingles that texts of `body_hash, body` share with another one, of those with a hash in `of`."""
    ordered = texts.filter(pl.col("body").is_not_null())
    if ordered.is_empty():
        return pl.Series(dtype=pl.UInt64)
    shingles, sizes = _all_shingles(ordered["body"])
    found = pl.DataFrame(
        {"shingle": shingles, "is_wanted": np.repeat(ordered["body_hash"].is_in(of.implode()).to_numpy(), sizes)}
    )
    counted = found.group_by("shingle").agg(pl.len(), pl.col("is_wanted").any())
    return counted.filter("is_wanted", pl.col("len") > 1)["shingle"].sort()


def masked_words(bodies: pl.Series) -> pl.DataFrame:
    """`text, word`, in order: lower case, without addresses and the greeting's line; numbers are `0`, its names `_`.

    `text` is the position in `bodies`. A name is known from the greeting alone, so one that stands only in a
    signature is a word like any other; a name that is also a stop word (Will, May) is masked only in the greeting.
    """
    straight = without_addresses(bodies.fill_null("")).str.replace_all("[’ʼ`´]", "'").str.replace_all(NUMBER, "0")
    masked = pl.DataFrame({"body": straight}).with_row_index("text").lazy()
    greeting, rest = pl.col("body").str.extract(GREETING), pl.col("body").str.replace(GREETING, "")
    stop_words = sorted({word for lexicon in lexicons().values() for word in lexicon.stop_words})
    lower = pl.col("word").str.to_lowercase()
    names = (
        masked.select("text", word=greeting.str.extract_all(WORD))
        .explode("word")
        .filter(pl.col("word") != lower, ~lower.is_in(stop_words))
        .unique()
        .with_columns(is_name=True)
    )
    return (
        masked.select("text", word=rest.str.extract_all(WORD))
        .explode("word", empty_as_null=True)
        .join(names, on=["text", "word"], how="left", maintain_order="left")
        .select("text", word=pl.when("is_name").then(pl.lit("_")).otherwise(lower).fill_null(""))
        .collect()
    )


def shingles_of(bodies: pl.Series) -> pl.DataFrame:
    """`text, shingle`: hashes of five words each, distinct within a text and in its order; a short text is one."""
    # A text of fewer than five words keeps its first window, filled up with nulls.
    words = masked_words(bodies).select("text", word=pl.col("word").hash(seed=0))
    windows = [pl.col("word").shift(-ahead).over("text").alias(f"word_{ahead}") for ahead in range(SHINGLE_WORDS)]
    return (
        words.lazy()
        .with_columns(*windows)
        .filter(pl.col(f"word_{SHINGLE_WORDS - 1}").is_not_null() | (pl.int_range(pl.len()).over("text") == 0))
        .select("text", shingle=pl.struct(pl.selectors.starts_with("word_")).hash(seed=0))
        .unique(maintain_order=True)
        .collect()
    )


def _all_shingles(bodies: pl.Series) -> tuple[npt.NDArray[np.uint64], Counts]:
    """Every text's shingles behind those of the text before, and how many each has (at least one)."""
    found, sizes = [], []
    for batch in pl.DataFrame({"body": bodies}).iter_slices(TEXTS_PER_BATCH):
        shingles = shingles_of(batch["body"])
        found.append(shingles["shingle"].to_numpy())
        sizes.append(np.bincount(shingles["text"].to_numpy(), minlength=len(batch)))
    return np.concatenate(found), np.concatenate(sizes)


def _first_of_the_same(shingles: npt.NDArray[np.uint64], sizes: Counts) -> Rows:
    """For every text the first one with the same set of shingles, told by size and two 64-bit sums."""
    starts = np.cumsum(sizes) - sizes
    sums = pl.DataFrame(
        {
            "size": sizes,
            "once": np.add.reduceat(shingles, starts),
            "squared": np.add.reduceat(shingles * shingles, starts),
        }
    )
    return sums.with_row_index("text").select(pl.first("text").over("size", "once", "squared"))["text"].to_numpy()


def _own_share(codes: Rows, sizes: Counts, is_elsewhere: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    is_own = (np.bincount(codes)[codes] == 1) & ~is_elsewhere
    return np.add.reduceat(is_own, np.cumsum(sizes) - sizes, dtype=np.int64) / sizes


@dataclass(frozen=True)
class Index:
    """Distinct sets of shingles; `shared` holds those that two or more have, columns from rarest to commonest."""

    shared: Any
    sizes: Counts
    n_own: Counts
    sketches: npt.NDArray[np.uint64]
    """The parity of shared shingles per bit: at least as many shingles differ as bits do."""


def _indexed(codes: Rows, sizes: Counts) -> Index:
    from scipy.sparse import csr_array

    frequencies = np.bincount(codes)
    by_rarity = np.argsort(frequencies, kind="stable")
    n_rare = int((frequencies < 2).sum())
    columns = np.empty(len(frequencies), dtype=np.int32)
    columns[by_rarity] = np.arange(-n_rare, len(frequencies) - n_rare, dtype=np.int32)
    columns = columns[codes]
    is_shared = columns >= 0
    n_shared = np.add.reduceat(is_shared, np.cumsum(sizes) - sizes, dtype=np.int64)
    columns = columns[is_shared]
    indptr = np.concatenate([[0], np.cumsum(n_shared)]).astype(np.int32 if len(columns) < 2**31 else np.int64)
    shape = (len(sizes), max(1, len(frequencies) - n_rare))
    shared = csr_array((np.ones(len(columns), dtype=np.int8), columns, indptr), shape=shape)
    shared.sort_indices()
    return Index(shared, sizes, sizes - n_shared, _sketches(shared))


def _sketches(shared: Any) -> npt.NDArray[np.uint64]:
    found = []
    for start in range(0, shared.shape[0], TEXTS_PER_BATCH):
        rows = shared[start : start + TEXTS_PER_BATCH]
        n_rows = rows.shape[0]
        cells = np.repeat(np.arange(n_rows), np.diff(rows.indptr)) * SKETCH_BITS + rows.indices % SKETCH_BITS
        parity = np.bincount(cells, minlength=n_rows * SKETCH_BITS).reshape(n_rows, SKETCH_BITS) % 2
        found.append(np.packbits(parity.astype(bool), axis=1).view(np.uint64))
    return np.concatenate(found)


def _components(index: Index) -> Rows:
    """Labels of the connected components.

    Sets as alike as .8 share one of the rarest fifth of their shingles (prefix filtering). Every list of sets with
    such a shingle is first joined to its commonest member, so that of a template with thousands of copies only
    those pairs are left to look at that this star did not already join.
    """
    labels: Rows = np.arange(len(index.sizes))
    rows, starts, n_left = _lists(index)
    if not len(rows):
        return labels
    left, right = _star(index, rows, starts)
    labels = _merged(labels, *_alike(index, left, right))
    lengths = np.diff(np.append(starts, len(rows)))
    batch_of_list = np.cumsum(lengths**2) // PAIRS_PER_BATCH
    firsts = starts[np.flatnonzero(np.diff(batch_of_list, prepend=-1))]
    list_of_row = np.repeat(np.arange(len(starts)), lengths)
    for first, end in zip(firsts, np.append(firsts[1:], len(rows)), strict=True):
        part = slice(first, end)
        for left, right in _pairs_apart(index, rows[part], n_left[part], list_of_row[part], labels):
            is_apart = labels[left] != labels[right]
            labels = _merged(labels, *_alike(index, left[is_apart], right[is_apart]))
    return labels


def _lists(index: Index) -> tuple[Rows, Counts, Rows]:
    """Rows that have the same shingle among their rarest, list after list from the rarest on.

    Also where each list begins, and how many shingles a row has from that one on.
    """
    n_shared = np.diff(index.shared.indptr)
    n_rarest = index.sizes - (4 * index.sizes + 4) // 5 + 1 - index.n_own
    position = np.arange(len(index.shared.indices)) - np.repeat(index.shared.indptr[:-1], n_shared)
    is_rare = position < np.repeat(n_rarest, n_shared)
    n_left = np.repeat(n_shared, n_shared)[is_rare] - position[is_rare]
    shingles = index.shared.indices[is_rare]
    rows = np.repeat(np.arange(len(n_shared), dtype=np.int32), n_shared)[is_rare]
    order = np.argsort(shingles, kind="stable")
    order = order[(np.bincount(shingles) > 1)[shingles[order]]] if len(shingles) else order
    return rows[order], np.flatnonzero(np.diff(shingles[order], prepend=-1)), n_left[order]


def _star(index: Index, rows: Rows, starts: Counts) -> tuple[Rows, Rows]:
    """Every row of a list beside the one whose shingles are the commonest."""
    commonness = index.shared @ index.shared.sum(axis=0, dtype=np.int64) / index.sizes
    by_commonness = np.argsort(-commonness, kind="stable")
    rank = np.empty(len(by_commonness), dtype=np.int64)
    rank[by_commonness] = np.arange(len(by_commonness))
    best = by_commonness[np.minimum.reduceat(rank[rows], starts)]
    best = np.repeat(best, np.diff(np.append(starts, len(rows))))
    pairs = np.unique(best[best != rows] * len(rank) + rows[best != rows])
    return pairs // len(rank), pairs % len(rank)


def _pairs_apart(index: Index, rows: Rows, n_left: Rows, lists: Rows, labels: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of one list and two components, in batches.

    In the list of the rarest shingle that both have, all they share lies from there on; a pair for which that is too
    little is left to another list. Most copies with many changes meet nobody here.
    """
    sizes = index.sizes[rows]
    begins = np.flatnonzero(np.diff(lists, prepend=-1))
    smallest = np.repeat(np.minimum.reduceat(sizes, begins), np.diff(np.append(begins, len(rows))))
    may = 9 * n_left >= 4 * (sizes + smallest)
    rows, n_left, lists, sizes = rows[may], n_left[may], lists[may], sizes[may]
    order = np.lexsort((labels[rows], lists))
    rows, n_left, lists, sizes, label = rows[order], n_left[order], lists[order], sizes[order], labels[rows[order]]
    begins = np.flatnonzero((np.diff(lists, prepend=-1) != 0) | (np.diff(label, prepend=-1) != 0))
    ends = np.append(begins[1:], len(rows))
    block_end = np.repeat(ends, ends - begins) if len(rows) else begins
    n_partners = np.searchsorted(lists, lists, side="right") - block_end
    batch = np.cumsum(n_partners) // PAIRS_PER_BATCH
    for number in np.unique(batch[n_partners > 0]):
        chosen = np.flatnonzero((batch == number) & (n_partners > 0))
        n_chosen = n_partners[chosen]
        ahead = np.arange(n_chosen.sum()) - np.repeat(np.cumsum(n_chosen) - n_chosen, n_chosen)
        left, right = np.repeat(chosen, n_chosen), np.repeat(block_end[chosen], n_chosen) + ahead
        may = 9 * np.minimum(n_left[left], n_left[right]) >= 4 * (sizes[left] + sizes[right])
        yield rows[left[may]], rows[right[may]]


def _alike(index: Index, left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """The pairs whose Jaccard similarity is at least 4/5: nine times what differs is at most both sizes together."""
    both = index.sizes[left] + index.sizes[right]
    n_differ = index.n_own[left] + index.n_own[right]
    for sketch in index.sketches.T:
        n_differ = n_differ + np.bitwise_count(sketch[left] ^ sketch[right])
        may = 9 * n_differ <= both
        left, right, both, n_differ = left[may], right[may], both[may], n_differ[may]
    is_alike = np.zeros(len(left), dtype=bool)
    for start in range(0, len(left), PAIRS_COMPARED_AT_ONCE):
        part = slice(start, start + PAIRS_COMPARED_AT_ONCE)
        common = index.shared[left[part]].multiply(index.shared[right[part]])
        is_alike[part] = 9 * np.diff(common.tocsr().indptr) >= 4 * both[part]
    return left[is_alike], right[is_alike]


def _merged(labels: Rows, left: Rows, right: Rows) -> Rows:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return labels
    n_labels = int(labels.max()) + 1
    # Floats, because edges between the same two labels are summed and a small integer would come round to 0.
    edges = coo_array((np.ones(len(left)), (labels[left], labels[right])), shape=(n_labels, n_labels))
    merged: Rows = connected_components(edges, directed=False)[1][labels]
    return merged
