"""Time and memory of mining on synthetic vectors, against FAISS searching both directions one after the other.

    python -m benchmarks.mining --small --json
    python -m benchmarks.mining --sentences 200000 --json

Vectors are 384 wide; half of the sentences of each side have a noisy translation on the other. Each size runs in a
process of its own, so that its peak memory is its own. FAISS is asked only up to --faiss sentences: it multiplies
twice. Work grows with the product of both sides, memory with their sum: the vectors as given and at length 1, the
neighbours, and blocks of 8 MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from xtreme_harness.kinds.mine.decode import mine
from xtreme_harness.kinds.mine.search import neighbours_both_ways
from xtreme_harness.kinds.retrieval import normalised

WIDTH = 384
NOISE = 1.0
K = 4
SMALL, FULL = (2_000, 4_000), (12_500, 25_000, 50_000)
MOST_FOR_FAISS = 25_000
CHUNK = 10_000
GIGABYTE = 1e9

Vectors = NDArray[np.float32]


def corpora(sentences: int, seed: int = 8) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """(queries, candidates, candidate of each translated query); made in place, so that peak memory is the mining's."""
    generator = np.random.default_rng(seed)
    queries = generator.standard_normal((sentences, WIDTH), dtype=np.float32)
    candidates = generator.standard_normal((sentences, WIDTH), dtype=np.float32)
    places = generator.permutation(sentences)[: sentences // 2]
    for start in range(0, len(places), CHUNK):
        part = slice(start, min(start + CHUNK, len(places)))
        candidates[places[part]] = NOISE * candidates[places[part]] + queries[part]
    return queries, candidates, places


def measure(sentences: int, with_faiss: bool) -> dict[str, Any]:
    """One size in this process."""
    queries, candidates, places = corpora(sentences)
    before = peak_bytes()
    started = time.perf_counter()
    found, mined, _ = mine(queries, candidates, "ratio", K, "max")
    seconds = time.perf_counter() - started
    right = (found < len(places)) & (places[np.minimum(found, len(places) - 1)] == mined)
    measured = {
        "sentences": sentences,
        "seconds": round(seconds, 2),
        "nanoseconds_a_pair": round(seconds / sentences**2 * 1e9, 2),
        "peak_gigabytes": round(peak_bytes() / GIGABYTE, 3),
        "gigabytes_before": round(before / GIGABYTE, 3),
        "translations_found": round(float(right.sum()) / len(places), 4),
    }
    return {**measured, **against_faiss(queries, candidates)} if with_faiss else measured


def against_faiss(queries: Vectors, candidates: Vectors) -> dict[str, Any]:
    """Both searches alone, in turn; `same_ids` is the share of equal neighbours."""
    import faiss

    queries, candidates = normalised(queries, "queries"), normalised(candidates, "candidates")
    started = time.perf_counter()
    ours = neighbours_both_ways(queries, candidates, K)
    between = time.perf_counter()
    ids = [
        faiss.knn(one, other, K, metric=faiss.METRIC_INNER_PRODUCT)[1]
        for one, other in ((queries, candidates), (candidates, queries))
    ]
    theirs = time.perf_counter() - between
    same = [float((one.ids == other).mean()) for one, other in zip(ours, ids, strict=True)]
    ratio = theirs / (between - started)
    return {"faiss_twice_seconds": round(theirs, 2), "faster_than_faiss": round(ratio, 2), "same_ids": min(same)}


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_own_process(sentences: int, most_for_faiss: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.mining", "--one", str(sentences), "--faiss", str(most_for_faiss)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@click.command()
@click.option("--small", is_flag=True, help="Sizes for continuous integration.")
@click.option("--sentences", "sizes", type=int, multiple=True, help="Sentences of each side. Repeatable.")
@click.option("--faiss", "most_for_faiss", type=int, default=MOST_FOR_FAISS, help="Largest size to give FAISS.")
@click.option("--one", type=int, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(small: bool, sizes: tuple[int, ...], most_for_faiss: int, one: int | None, as_json: bool) -> None:
    """Measure mining on synthetic vectors."""
    if one is not None:
        click.echo(json.dumps(measure(one, one <= most_for_faiss)))
        return
    measured = [in_own_process(size, most_for_faiss) for size in sizes or (SMALL if small else FULL)]
    if as_json:
        click.echo(json.dumps({"width": WIDTH, "k": K, "sizes": measured}, indent=1))
        return
    for row in measured:
        click.echo("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
