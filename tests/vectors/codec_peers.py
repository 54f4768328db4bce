#!/usr/bin/env python3
"""Other codecs on the columns of docs/codec.md: pco and zstd, whole columns and packets of 64.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install pcodec==1.1.0 zstandard==0.25.0 numpy
    /tmp/peers/bin/python tests/vectors/codec_peers.py DIR

DIR as for `qres evidence codec --data DIR`. Samples are read as there: integers of so many decimals,
a gap repeats the sample before. Ratios are against 4 bytes a sample, all bytes counted, and each
series is decoded again. Must not be a part of any test: it needs packages and data.
"""

import csv
import pathlib
import sys

import numpy
import pcodec.standalone
import zstandard

PACKET = 64
SOURCES = [
    ("jena_2016h1.csv", "weather", ["p (mbar)", "T (degC)", "rh (%)", "wv (m/s)"], 2),
    ("Aotizhongxin.csv", "beijing", ["TEMP", "PRES", "DEWP", "WSPM"], 1),
    ("Aotizhongxin.csv", "beijing", ["PM2.5", "O3"], 0),
]


def read(folder, inside, file, name, decimals):
    path = folder / file
    path = path if path.exists() else folder / inside / file
    samples = []
    with open(path, newline="") as rows:
        for row in csv.DictReader(rows):
            try:
                # Halves away from zero, as the command rounds.
                number = float(row[name]) * 10**decimals
                samples.append(int(abs(number) + 0.5) * (1 if number >= 0 else -1))
            except ValueError:
                samples.append(samples[-1] if samples else 0)
    return numpy.array(samples, dtype=numpy.int32)


def pco(samples):
    packed = pcodec.standalone.simple_compress(samples, pcodec.ChunkConfig(compression_level=12))
    back = pcodec.standalone.simple_decompress(packed)
    assert numpy.array_equal(back, samples)
    return len(packed)


def zstd(samples):
    packed = zstandard.ZstdCompressor(level=19).compress(samples.astype("<i4").tobytes())
    back = zstandard.ZstdDecompressor().decompress(packed)
    assert numpy.array_equal(numpy.frombuffer(back, "<i4"), samples)
    return len(packed)


def main():
    folder = pathlib.Path(sys.argv[1])
    print("| file | column | pco, packets | zstd, packets | pco, column | zstd, column |")
    print("|---|---|---|---|---|---|")
    for file, inside, names, decimals in SOURCES:
        for name in names:
            samples = read(folder, inside, file, name, decimals)
            packets = [samples[at : at + PACKET] for at in range(0, len(samples), PACKET)]
            sizes = [
                sum(map(pco, packets)),
                sum(map(zstd, packets)),
                pco(samples),
                zstd(samples),
            ]
            ratios = " | ".join(f"{4 * len(samples) / size:.2f}" for size in sizes)
            print(f"| {file} | {name} | {ratios} |")


main()
