"""Times skystack and the Python programs in turn on the same stacks and compares their answers.

`cargo xtask compare` runs this in its own environment: driver.py ENGINE FOLDER OUT.csv THREADS [--quick].
No time holds a start-up or a file: every program has the stack in memory before its turn, and every time goes from there to
the image. Each row says how the images differ; xtask makes the table.
"""

import importlib.metadata
import os
import subprocess
import sys
import time
import warnings

ENGINE, FOLDER, OUT, THREADS = sys.argv[1:5]
QUICK = "--quick" in sys.argv[5:]
os.environ["RAYON_NUM_THREADS"] = THREADS  # imcombiners; before its import

import bottleneck as bn  # noqa: E402
import imcombiners as ic  # noqa: E402
import numpy as np  # noqa: E402
from astropy import units  # noqa: E402
from astropy.nddata import CCDData  # noqa: E402
from astropy.stats import sigma_clip  # noqa: E402
from ccdproc import Combiner  # noqa: E402

# Type, frames, rows, columns.
STACKS = [("f32", 31, 512, 512), ("u16", 31, 512, 512), ("f32", 9, 512, 512), ("f32", 101, 512, 512)]
STACKS_QUICK = [("f32", 31, 128, 128)]
TURNS = 3 if QUICK else 5

# How an answer may differ, and why. The share of pixels is for samples at a clipping limit, which another rounding of
# centre and deviation decides the other way.
EXACT = (0.0, 0.0, "the same definition")
F32_SUMS = (2e-6, 0.0, "adds in f32; skystack adds in f64 and rounds once")
F32_CLIP = (2e-6, 2e-4, "works in f32: samples at a limit may fall on the other side")


class Engine:
    """The skystack side, a process that keeps the stack."""

    def __init__(self):
        # Its global pool is as wide as the widest job: no job makes a pool of its own.
        self.process = subprocess.Popen(
            [ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        answer = self.process.stdout.readline().split()
        if not answer or answer[0] == "error":
            sys.exit(f"the engine says {' '.join(answer) or 'nothing'} to {' '.join(map(str, words))}")
        return answer


def clipped_mean(stack, **how):
    clipped = sigma_clip(stack, sigma=3, maxiters=5, axis=0, masked=False, copy=True, **how)
    return np.nanmean(clipped, axis=0)


def combiner(frames, clip):
    c = Combiner(frames)
    if clip:
        c.sigma_clipping(low_thresh=3, high_thresh=3)
    return c


def jobs(stack, frames):
    """Job, convention of skystack, [(program, has threads, call, how it may differ)]."""
    integers = stack.dtype != np.float32
    sums = EXACT if integers else F32_SUMS
    clip = dict(reject="sigclip", sigma=(3.0, 3.0), maxiters=5, cenfunc="median", ddof=0)
    im = lambda **how: (lambda: ic.ndcombine(stack, **how))  # noqa: E731
    return [
        ("average", "-", [
            ("imcombiners", True, im(combine="mean"), EXACT),
            ("numpy", False, lambda: np.mean(stack, axis=0), sums),
            ("Bottleneck", False, lambda: bn.nanmean(stack, axis=0), sums),
            ("ccdproc", False, lambda: combiner(frames, False).average_combine().data, sums),
        ]),
        ("sum", "-", [
            ("imcombiners", True, im(combine="sum"), EXACT),
            ("numpy", False, lambda: np.sum(stack, axis=0), sums),
            ("Bottleneck", False, lambda: bn.nansum(stack, axis=0), sums),
        ]),
        ("min", "-", [
            ("imcombiners", True, im(combine="min"), EXACT),
            ("numpy", False, lambda: np.min(stack, axis=0), EXACT),
            ("Bottleneck", False, lambda: bn.nanmin(stack, axis=0), EXACT),
        ]),
        ("max", "-", [
            ("imcombiners", True, im(combine="max"), EXACT),
            ("numpy", False, lambda: np.max(stack, axis=0), EXACT),
            ("Bottleneck", False, lambda: bn.nanmax(stack, axis=0), EXACT),
        ]),
        ("median", "-", [
            ("imcombiners", True, im(combine="median"), EXACT),
            ("numpy", False, lambda: np.median(stack, axis=0), EXACT),
            ("Bottleneck", False, lambda: bn.nanmedian(stack, axis=0), EXACT),
            ("ccdproc", False, lambda: combiner(frames, False).median_combine().data, EXACT),
        ]),
        ("minmax", "-", [
            ("imcombiners", True, im(combine="mean", reject="minmax", n_minmax=(1, 1)), EXACT),
        ]),
        ("sigclip-average", "imcombiners", [("imcombiners", True, im(combine="mean", **clip), EXACT)]),
        ("sigclip-median", "imcombiners", [("imcombiners", True, im(combine="median", **clip), EXACT)]),
        ("sigclip-average", "astropy", [("astropy", False, lambda: clipped_mean(stack), F32_CLIP)]),
        ("sigclip-average", "ccdproc", [
            ("ccdproc", False, lambda: combiner(frames, True).average_combine().data, F32_CLIP),
        ]),
        ("madclip-average", "astropy", [
            ("astropy", False, lambda: clipped_mean(stack, stdfunc="mad_std"), (*F32_CLIP, one_column(stack))),
        ]),
    ]


def one_column(stack):
    """astropy 8.0.2 clips with mad_std along an axis otherwise than it clips the same numbers as one array (axis=None).

    Where its image differs from ours, ours is compared with that other path of its own.
    """
    def mean(pixel):
        column = stack[:, *np.unravel_index(pixel, stack.shape[1:])].astype(np.float64)
        return np.nanmean(sigma_clip(column, sigma=3, maxiters=5, masked=False, stdfunc="mad_std"))
    return mean


def verdict(ours, theirs, allowed):
    """Pixels that differ beyond the tolerance, the greatest relative difference, and the judgement."""
    tolerance, share, reason, *column = allowed
    theirs = np.asarray(np.ma.filled(theirs, np.nan) if np.ma.isMaskedArray(theirs) else theirs)
    if theirs.shape != ours.shape:
        return ours.size, float("inf"), f"DIFFERS: shape {theirs.shape}"
    a, b = ours.astype(np.float64), theirs.astype(np.float32).astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    scale = np.maximum(np.abs(a), np.finfo(np.float32).tiny)
    relative = np.where(same, 0.0, np.abs(a - b) / scale)
    relative[np.isnan(relative)] = np.inf
    beyond, greatest = int((relative > tolerance).sum()), float(relative.max())
    if greatest == 0.0:
        return 0, 0.0, "exact"
    if beyond == 0:
        return 0, greatest, f"within {tolerance:g}: {reason}"
    if beyond <= share * ours.size:
        return beyond, greatest, f"but for {beyond} of {ours.size} pixels: {reason}"
    if column:
        # A thousand of them tell; each is a call of Python.
        pixels = np.flatnonzero(relative > tolerance)
        pixels = pixels[:: max(1, len(pixels) // 1000)]
        again = np.array([column[0](pixel) for pixel in pixels])
        agree = np.abs(again - a.ravel()[pixels]) <= tolerance * np.abs(again)
        if agree.mean() >= 0.99:
            return beyond, greatest, (f"astropy along an axis differs from astropy on one column at {beyond} of {ours.size}"
                                      f" pixels; skystack has the latter ({agree.sum()} of {len(pixels)} checked)")
    return beyond, greatest, f"DIFFERS at {beyond} of {ours.size} pixels"


def seconds(call):
    begun = time.perf_counter()
    result = call()
    return time.perf_counter() - begun, result


def compare(engine, stack_words, job, convention, peers, rows):
    """One job: everybody once for the answer, then in turn for the time."""
    image = os.path.join(FOLDER, "ours.npy")
    engine.ask("run", job, convention, THREADS, image)
    ours = np.load(image)
    mine = lambda name, threads: lambda: float(engine.ask("run", name, convention, threads, "-")[1])  # noqa: E731
    ways = sorted({1, int(THREADS)})
    entries = [("skystack", threads, mine(job, threads), "", 0, 0.0) for threads in ways]
    if job == "sum":
        entries += [("plain sum", threads, mine("plain-sum", threads), "", 0, 0.0) for threads in ways]
    for program, threaded, call, allowed in peers:
        beyond, greatest, judgement = verdict(ours, seconds(call)[1], allowed)
        timed = lambda call=call: seconds(call)[0]  # noqa: E731
        entries.append((program, int(THREADS) if threaded else 1, timed, judgement, beyond, greatest))
    times = [[] for _ in entries]
    for _ in range(TURNS):
        for entry, spent in zip(entries, times):
            spent.append(entry[2]())
    label = job if convention == "-" else f"{job} ({convention})"
    for (program, threads, _, judgement, beyond, greatest), spent in zip(entries, times):
        ms = np.percentile(spent, [50, 25, 75]) * 1e3
        rows.append([*stack_words, label, program, version(program), threads, TURNS,
                     *(f"{v:.3f}" for v in ms), beyond, f"{greatest:.3g}", judgement.replace(",", ";")])


def version(program):
    return "" if program in ("skystack", "plain sum") else importlib.metadata.version(program)


def main():
    warnings.simplefilter("ignore")
    engine, rows = Engine(), []
    for words in STACKS_QUICK if QUICK else STACKS:
        path = os.path.join(FOLDER, "stack.npy")
        engine.ask("stack", *words, path)
        stack = np.load(path)
        frames = [CCDData(frame, unit=units.adu) for frame in stack]
        for job, convention, peers in jobs(stack, frames):
            print(*words, job, convention, file=sys.stderr, flush=True)
            compare(engine, words, job, convention, peers, rows)
    with open(OUT, "w", encoding="ascii") as out:
        print("type,frames,height,width,job,program,version,threads,turns,median_ms,low_ms,high_ms,"
              "pixels_beyond,greatest_relative,answer", file=out)
        for row in rows:
            print(*row, sep=",", file=out)
    engine.process.stdin.close()


main()
