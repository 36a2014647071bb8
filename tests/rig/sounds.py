"""Speech, noise and rooms, made here: 48 kHz, one channel, the same ones each time."""
import subprocess, wave

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

import chirps

RATE = chirps.RATE
# Texts that repeat nothing, so that a recording has one place only; half a minute each.
WORDS = ("Seven planets drift quietly around a small yellow sun, and none of them has ever asked the others who they are. The outermost is the "
         "slowest, and it likes to listen. Last winter a comet came by without being announced; it stayed for supper, told a long story about "
         "dust, and left before anybody had found the right moment to ask its name. Since then the third planet keeps a lamp in the window. "
         "If you fly past on a clear evening, you can see it from quite far away, a little warmer than all the other lights. "
         "Whoever knocks is given tea, a blanket, and the good chair beside the stove.")
OTHER_WORDS = ("Every morning the baker on the corner opens her shutters at exactly five, whatever the weather does. She hums while the ovens warm up, "
               "and the cats of the whole street gather by the door, because once, many years ago, she dropped a jug of cream. On Thursdays there is "
               "bread with walnuts. A tall man with an umbrella buys two loaves, pays with far too many coins, and never says a word; yet at "
               "New Year he brought her a clock that he had built himself. It is always four minutes fast, which suits everybody very well. "
               "Even the postman sets his watch by it, and he trusts nobody.")
# Whoever else is in the room.
CROWD = ("en+m1", "en+f2", "en-us+m4", "en-gb+f4", "en+m7", "en-us+f1")
NOISES = ("fan", "hum", "keys", "crowd")


def spoken(folder, voice="en", words=WORDS):
    """What espeak-ng says, at most 0.6 loud."""
    raw = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(raw), words], check=True)
    with wave.open(str(raw)) as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    sound = resample_poly(sound, RATE, rate)
    return 0.6 * sound / np.abs(sound).max()


def speech(path, voice="en", words=WORDS):
    """The same as a file."""
    chirps.write(path, spoken(path.parent, voice, words))


def hiss(path, seconds):
    """A file of what a microphone has of itself, 66 dB below full scale: none is ever without."""
    chirps.write(path, 10 ** (-66 / 20) * np.random.default_rng(3).standard_normal(int(seconds * RATE)))


def noise(kind, count, folder):
    """So many samples of a noise, of any loudness."""
    random = np.random.default_rng(sum(map(ord, kind)))
    white = random.standard_normal(count)
    at = np.arange(count) / RATE
    match kind:
        case "fan":
            return sosfilt(butter(1, 400, fs=RATE, output="sos"), white)
        case "hum":
            return sum(np.sin(2 * np.pi * 50 * n * at + n) / n for n in range(1, 12)) + 0.05 * white
        case "keys":
            # Four strokes a second, each a short burst with a ring of the desk.
            strokes = (random.random(count) < 4 / RATE) * random.uniform(0.3, 1, count)
            ring = np.exp(-np.arange(2400) / 300) * np.random.default_rng(2).standard_normal(2400)
            return fftconvolve(strokes, ring)[:count] + 1e-4 * white
        case "crowd":
            said = [spoken(folder, voice) for voice in CROWD]
            return sum(np.resize(np.roll(one, random.integers(len(one))), count) for one in said)
    raise ValueError(kind)


def loudness(sound):
    """dB of full scale, of what is not a pause."""
    blocks = sound[:len(sound) // 480 * 480].reshape(-1, 480)
    power = (blocks ** 2).mean(axis=1)
    return 10 * np.log10(power[power > power.max() / 1000].mean() + 1e-12)


def noisy(speech, noise, snr):
    """Speech with that noise so many dB below it."""
    return speech + noise[:len(speech)] * 10 ** ((loudness(speech) - snr - loudness(noise)) / 20)


def room(decay, delay_ms, level_db, seed=1):
    """What a loudspeaker's click is at the microphone: first the way straight there, then what the walls throw back, which is 60 dB
    down after `decay` seconds."""
    random = np.random.default_rng(seed)
    count, straight = int(decay * RATE), int(delay_ms * RATE / 1000)
    walls = random.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    answer = np.zeros(straight + count)
    answer[straight] = 1
    answer[straight + 96:] += 0.3 * walls[:count - 96] / np.sqrt(RATE / 1000)
    return answer * 10 ** (level_db / 20)
