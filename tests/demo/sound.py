"""What was said, what was heard, and when."""
import subprocess, wave
import numpy as np
from pystoi import stoi
from scipy.signal import butter, correlate, resample_poly, sosfilt

RATE = 48000


def speak(text, voice, path, speed=150):
    """Speech to a 48 kHz mono file, without silence at either end; its samples."""
    raw = path.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(raw), text], check=True)
    with wave.open(str(raw)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
    raw.unlink()
    samples = resample_poly(samples.astype(np.float64), RATE, rate)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    samples = samples[loud[0]:loud[-1] + 1]
    samples = samples / np.abs(samples).max() * 0.6
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((samples * 32767).astype(np.int16).tobytes())
    return samples


def samples_of(data):
    return np.frombuffer(data, np.int16).astype(np.float64) / 32768


def find(needle, hay):
    """(sample at which the needle begins in the hay, how well it fits from 0 to 1)."""
    if len(hay) < len(needle):
        return 0, 0.0
    product = correlate(hay, needle, mode="valid", method="fft")
    energy = np.concatenate([[0.0], np.cumsum(hay ** 2)])
    energy = energy[len(needle):] - energy[:-len(needle)]
    fit = product / np.sqrt(np.maximum(energy, 1e-9) * np.sum(needle ** 2))
    at = int(np.argmax(fit))
    return at, float(fit[at])


PIECE = RATE // 4
# The band that carries the words. Below it the microphone's high pass turns the phase on purpose, so that nothing would fit that is not
# damaged: of the same recordings 97 % of the pieces are found in this band and 73 % in all of it, and by chance 5 %.
BAND = butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")


def delays(said, said_at, heard, heard_at, spans):
    """Mouth-to-ear in milliseconds, measured on every quarter of a second of speech: where the sound that went into the one
    microphone's recording best fits the recording of the other side's speaker, up to half a second later. Longer pieces would not
    fit where a jitter buffer shortens or stretches a vowel by a few periods, which is no damage. Returns the delays and how many
    pieces were looked for: what is not found again was heard too badly, and is not passed over in silence."""
    found, looked = [], 0
    loud = np.abs(said)
    said, heard = sosfilt(BAND, said), sosfilt(BAND, heard)
    for start, end in spans:
        for begin in np.arange(start, end - PIECE / RATE, PIECE / RATE):
            first = int((begin - said_at) * RATE)
            piece = said[first:first + PIECE]
            if len(piece) < PIECE or np.sqrt(np.mean(loud[first:first + PIECE] ** 2)) < 0.01:
                continue
            looked += 1
            # Nothing is heard before it was said.
            window = max(0, int((begin - heard_at) * RATE))
            at, fit = find(piece, heard[window:window + PIECE + RATE // 2])
            if fit > 0.6:
                found.append((window + at) / RATE * 1000 + (heard_at - said_at) * 1000 - first / RATE * 1000)
    return found, looked


def aligned(said, said_at, heard, heard_at, start, end, delay_ms):
    """What was heard of an utterance, half second by half second where it fits best around the measured delay: a jitter
    buffer that stretches or shortens a pause moves what follows, which is no damage to the words."""
    half, reach = RATE // 2, int(0.06 * RATE)
    first, length = int((start - said_at) * RATE), int((end - start) * RATE)
    base = first + int((said_at + delay_ms / 1000 - heard_at) * RATE)
    a, b = [], []
    for n in range(0, length - half + 1, half):
        piece = said[first + n:first + n + half]
        low = base + n - reach
        hay = heard[low:base + n + half + reach]
        at, fit = find(piece, hay) if np.sqrt(np.mean(piece ** 2)) > 0.01 else (reach, 1.0)
        if fit < 0.3:
            at = reach
        a.append(piece), b.append(heard[low + at:low + at + half])
    return np.concatenate(a), np.concatenate(b)


def similarity(said, said_at, heard, heard_at, spans, delay_ms):
    """STOI between what was said and what was heard after alignment; 1 is the same."""
    scores = []
    for start, end in spans:
        a, b = aligned(said, said_at, heard, heard_at, start, end, delay_ms)
        # What was heard ended before the words did: nothing of it counts.
        scores.append(stoi(a, b, RATE, extended=False) if len(a) == len(b) else 0.0)
    return float(np.mean(scores)) if scores else 0.0


def write(path, samples):
    """Leaves a recording for whoever wants to listen."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
