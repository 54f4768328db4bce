"""Writes aggregation.txt: models, and what aggregation rules make of them in floating point.

The expectations come from ByzFL (https://pypi.org/project/byzfl/, 0.0.11), whose rules know nothing
of fixed point, and, for rules that it lacks, from the definitions in the functions below. The file
is committed; the test `vectors` of qres-core reads it. To write it anew:

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install numpy scipy
    /tmp/vectors/bin/pip install --no-deps byzfl==0.0.11
    /tmp/vectors/bin/python tests/vectors/aggregation.py > tests/vectors/aggregation.txt

ByzFL takes NumPy arrays as well as tensors; with arrays it never calls PyTorch, so a stand-in is
enough to import it. Weights and influences are integers in 2^-16, expectations in 2^-32.

Two conventions differ and are bridged here. ByzFL's Krum looks at the n - f - 1 nearest others, the
original and ours at n - f - 2: so its Krum for f + 1 is ours for f. Its iterations start at the
origin, ours at the median or at the own model: so what it gets is shifted there and back.
"""

import importlib.util
import math
import os
import sys
import types
from unittest.mock import MagicMock

import numpy as np

ONE = 65536.0


def byzfl():
    """ByzFL's aggregators without what of it needs PyTorch."""
    folder = importlib.util.find_spec("byzfl").submodule_search_locations[0]
    package = types.ModuleType("byzfl")
    package.__path__ = [folder]
    sys.modules.update({"byzfl": package, "torch": MagicMock(), "torch.linalg": MagicMock()})
    from byzfl import aggregators

    return aggregators


B = byzfl()


# --- rules that ByzFL lacks; rows are peers, own the start, w influences ----------------------


def weighted_mean(rows, w):
    return (rows * w[:, None]).sum(0) / w.sum()


def weighted_trimmed(rows, w, f):
    out = []
    for column in rows.T:
        kept = np.argsort(column, kind="stable")[f : len(column) - f]
        out.append((column[kept] * w[kept]).sum() / w[kept].sum())
    return np.array(out)


def weighted_median(rows, w):
    out = []
    for column in rows.T:
        order = np.argsort(column, kind="stable")
        below = 2 * np.cumsum(w[order])
        first = column[order][np.argmax(below >= w.sum())]
        last = column[order][np.argmax(below > w.sum())]
        out.append((first + last) / 2)
    return np.array(out)


def weiszfeld(rows, w, nu, steps):
    z = weighted_median(rows, w)
    for _ in range(steps):
        b = w / np.maximum(nu, np.linalg.norm(rows - z, axis=1))
        z = (rows * b[:, None]).sum(0) / b.sum()
    return z


def krum_order(rows, f):
    n = len(rows)
    scores = []
    for row in rows:
        d = np.sort(((rows - row) ** 2).sum(1))
        scores.append(d[1 : max(n - f - 2, 1) + 1].sum())
    return np.argsort(scores)


def bulyan(rows, f):
    left, chosen = rows, []
    while len(chosen) < len(rows) - 2 * f:
        best = krum_order(left, f)[0]
        chosen.append(left[best])
        left = np.delete(left, best, axis=0)
    chosen = np.array(chosen)
    keep = len(chosen) - 2 * f
    out = []
    for column in chosen.T:
        near = np.argsort(abs(column - np.median(column)))[:keep]
        out.append(column[near].mean())
    return np.array(out)


def clip_step(own, own_w, rows, w, radius):
    d = rows - own
    cut = np.minimum(1, radius / np.linalg.norm(d, axis=1))
    return own + (d * (w * cut)[:, None]).sum(0) / (w.sum() + own_w)


def clipped_gossip(own, own_w, rows, w, f):
    d = np.linalg.norm(rows - own, axis=1)
    order = np.argsort(d)
    near, far = order[: len(d) - f], order[len(d) - f :]
    radius = math.sqrt((w[near] * d[near] ** 2).sum() / w[far].sum())
    return clip_step(own, own_w, rows, w, radius)


def cs_plus(own, own_w, rows, w, f):
    d = np.sort(np.linalg.norm(rows - own, axis=1))
    return clip_step(own, own_w, rows, w, d[len(d) - 2 * f - 1])


def balance(own, rows, reach, decay, share, at, horizon):
    near = np.linalg.norm(rows - own, axis=1)
    limit = reach * math.exp(-decay * at / horizon) * np.linalg.norm(own)
    assert abs(near - limit).min() > 0.002 * limit, "too close to call with a rounded radius"
    near = rows[near <= limit]
    return own if len(near) == 0 else share * own + (1 - share) * near.mean(0)


def ubar(own, own_loss, rows, losses, keep, share):
    near = np.argsort(np.linalg.norm(rows - own, axis=1))[: max(1, int(len(rows) * keep))]
    good = [place for place in near if losses[place] <= own_loss]
    good = good or [min(near, key=lambda place: losses[place])]
    return share * own + (1 - share) * rows[good].mean(0)


# --- cases ------------------------------------------------------------------------------------


def crowd(rng, n, liars, spread):
    """The own model first, then peers; the last `liars` of them lie, each in its own way."""
    centre = rng.uniform(-1, 1, 8)
    rows = centre + rng.normal(0, spread, (n, 8))
    for k in range(liars):
        rows[n - 1 - k] = [4 * np.ones(8), -3 * centre, centre + 1.5 * spread, -4 * np.ones(8)][k % 4]
    return np.clip(np.rint(rows * ONE), -4 * ONE, 4 * ONE)


def cases(models, w, losses, f):
    """Name, parameters (raw integers), where from, whether weighted, expectation in 2^-16."""
    n, own, peers = len(models), models[0], models[1:]
    even = np.ones(n)
    nu, tau = 6554, 13107
    yield "mean", [], "byzfl", B.Average()(models)
    yield "trimmed", [f], "byzfl", B.TrMean(f)(models)
    yield "median", [], "byzfl", B.Median()(models)
    yield "meamed", [f], "byzfl", B.Meamed(f)(models)
    yield "krum", [f], "byzfl", B.Krum(f + 1)(models)
    yield "multikrum", [f, n - f - 1], "byzfl", B.MultiKrum(f + 1)(models)
    middle = np.median(models, axis=0)
    for steps in (3, 8):
        # In units of 1, as ByzFL's smoothing is.
        rule = B.GeometricMedian(nu / ONE, steps)
        yield "geometric", [nu, steps], "byzfl", rule((models - middle) / ONE) * ONE + middle
        rule = B.CenteredClipping(L=steps, tau=float(tau))
        yield "clipping", [tau, steps], "byzfl", rule(models - own) + own
    yield "nna", [f], "byzfl", B.MoNNA(f, 0)(models)
    yield "nnm-trimmed", [f], "byzfl", B.TrMean(f)(B.NNM(f)(models))
    yield "nnm-median", [f], "byzfl", B.Median()(B.NNM(f)(models))
    yield "arc-mean", [f], "byzfl", B.Average()(B.ARC(f)(models - own)) + own
    yield "arc-trimmed", [f], "byzfl", B.TrMean(f)(B.ARC(f)(models - own) + own)
    if n >= 4 * f + 3:
        yield "bulyan", [f], "numpy", bulyan(models, f)
    yield "gossip", [f], "numpy", clipped_gossip(own, 1, peers, even[1:], f)
    yield "csplus", [f], "numpy", cs_plus(own, 1, peers, even[1:], f)
    # Of round 30.
    parameters = [131072, 65536, 100, 32768]
    yield "balance", parameters, "numpy", balance(own, peers, 2, 1, 0.5, 30, 100)
    expected = ubar(own, losses[0], peers, losses[1:], 0.5, 0.25)
    yield "ubar", [32768, 16384], "numpy", expected
    yield "w-mean", [], "numpy", weighted_mean(models, w)
    yield "w-trimmed", [f], "numpy", weighted_trimmed(models, w, f)
    yield "w-median", [], "numpy", weighted_median(models, w)
    yield "w-geometric", [nu, 8], "numpy", weiszfeld(models, w, nu, 8)
    yield "w-gossip", [f], "numpy", clipped_gossip(own, w[0], peers, w[1:], f)
    yield "w-csplus", [f], "numpy", cs_plus(own, w[0], peers, w[1:], f)


def main():
    rng = np.random.default_rng(20180606)
    print("# Written by aggregation.py, which says how to write it anew and what it means.")
    print("# models N, then N lines of influence, loss and 8 weights, the own model first;")
    print("# rule name source parameters : 8 expectations in 2^-32.")
    for n, f, spread in [(5, 1, 0.05), (9, 1, 0.02), (9, 2, 0.4), (12, 2, 0.1), (20, 4, 0.05), (23, 5, 0.01)]:
        models = crowd(rng, n, f, spread)
        w = rng.integers(2000, 52000, n).astype(float)
        losses = rng.integers(20000, 90000, n).astype(float)
        print("models", n)
        for row in zip(w, losses, models):
            print(int(row[0]), int(row[1]), *row[2].astype(int))
        for name, parameters, source, out in cases(models.copy(), w, losses, f):
            wide = [int(math.floor(x * ONE + 0.5)) for x in out]
            print("rule", name, source, *parameters, ":", *wide)


if __name__ == "__main__":
    main()
