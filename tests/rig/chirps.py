"""Chirps, and when each of them is heard again.

A chirp is a logarithmic sweep of 120 ms through the band of speech, so that a codec for speech carries it and a matched filter
finds it to the sample. They follow each other irregularly: a delay cannot be mistaken for the distance between two of them.

    chirps.py OUT.wav [SECONDS]     writes chirps
    chirps.py --find REC.wav        delay from the left channel to the right, chirp by chirp"""
import sys, wave

import numpy as np
from scipy.signal import fftconvolve, find_peaks

RATE = 48000
LENGTH = 0.12
LOW_HZ, HIGH_HZ = 400, 3600
# Between the beginnings of two chirps, s; what is heard later than the least of it after a chirp is not counted as that chirp.
APART, WANDER = 0.5, 0.3
# A peak of the matched filter counts above this share of the highest, and is the only one within this time, s.
SHARE, ALONE = 0.35, 0.4


def chirp():
    t = np.arange(int(LENGTH * RATE)) / RATE
    k = (HIGH_HZ / LOW_HZ) ** (1 / LENGTH)
    return np.sin(2 * np.pi * LOW_HZ * (k ** t - 1) / np.log(k)) * np.hanning(len(t))


def chirps(seconds, seed=7):
    """So many seconds of them, the same for the same seed."""
    random, sound, sweep = np.random.default_rng(seed), np.zeros(int(seconds * RATE)), chirp()
    at = 0.5
    while at < seconds - 0.5:
        first = int(at * RATE)
        sound[first:first + len(sweep)] += 0.6 * sweep
        at += APART + random.random() * WANDER
    return sound


def onsets(sound):
    """The samples at which chirps begin."""
    fit = np.abs(fftconvolve(sound, chirp()[::-1], mode="valid"))
    if not len(fit) or fit.max() < 1:
        return np.array([], dtype=int)
    peaks, _ = find_peaks(fit, height=fit.max() * SHARE, distance=int(ALONE * RATE))
    return peaks


def delays(left, right, skip=0.0):
    """(milliseconds from the left to the right channel for every chirp that was heard, number of chirps sent). What was sent in
    the first `skip` seconds after the first chirp is not counted."""
    sent, heard = onsets(left), onsets(right)
    if len(sent):
        sent = sent[sent >= sent[0] + skip * RATE]
    found = []
    for at in sent:
        after = heard[(heard >= at) & (heard < at + APART * RATE)]
        if len(after):
            found.append((after[0] - at) / RATE * 1000)
    return np.array(found), len(sent)


def write(path, sound):
    """48 kHz, 16 bit, one column a channel."""
    sound = np.clip(sound, -1, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if sound.ndim == 1 else sound.shape[1]), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def read(path):
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float) / 32768
        return sound.reshape(-1, file.getnchannels())


def main():
    match sys.argv[1:]:
        case ["--find", path]:
            sound = read(path)
            found, sent = delays(sound[:, 0], sound[:, 1])
            if not len(found):
                sys.exit(f"{sent} chirps sent, none heard")
            low, middle, high, top = np.percentile(found, [0, 50, 95, 100])
            print(f"{sent} chirps sent, {len(found)} heard: p50 {middle:.1f}, p95 {high:.1f}, from {low:.1f} to {top:.1f} ms")
        case [path, *rest]:
            write(path, chirps(float(rest[0]) if rest else 30))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
