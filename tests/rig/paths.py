"""Speech over one spoilt path, with ours at both ends of it, or Chromium, or aiortc: `tests/peers/pair.py` loses and delays the same
packets for the same seed. Both sides speak, each with a voice and words of its own; what each heard is scored, and a row is the mean over
both sides and all seeds.

Whoever adapts to a path has to hear of it first: the first seconds of speech are not scored for anybody. Chromium reports every five."""
import json, shutil, subprocess, sys
from pathlib import Path

import numpy as np
from scipy.signal import correlate, stft

import sounds

PEERS_FOLDER = Path(__file__).resolve().parent.parent / "peers"
sys.path.insert(0, str(PEERS_FOLDER))

# Name of a path → what pair.py is told of it. Every packet takes 20 ms, but for that of a local network.
PATHS = {
    "local network": ["--delay", "1"],
    "nothing lost": [],
    "10 % lost": ["--loss", "10"],
    "20 % lost": ["--loss", "20"],
    "30 % lost": ["--loss", "30"],
    "20 % lost in bursts": ["--loss", "20", "--burst", "3"],
    "80 ms jitter": ["--jitter", "80"],
    "20 % lost, 40 ms jitter": ["--loss", "20", "--jitter", "40"],
}
DELAY_MS = 20
# Of each path on which chance decides.
SEEDS = (1, 2)
BY_CHANCE = {"--loss", "--jitter"}
# Seconds of speech that are not scored, and that are.
SETTLE, SCORED = 8, 15
# Who speaks, and what.
VOICES = {"left": ("en+f3", sounds.WORDS), "right": ("en+Alicia", sounds.OTHER_WORDS)}
# STOI is taken of pieces this long, each looked for so far from where the one before was: jitter buffers stretch. What fits worse than this
# is left where it should be.
PIECE, ASTRAY, FITS = 0.5, 0.12, 0.3
# The spectral distance is taken of what is louder than this share of the loudest moment.
FAINT = 1e-4
# STOI above which speech is understood without effort; half of single words are at 0.6 (Taal 2011).
UNDERSTOOD = 0.75
# Speech begins in a recording at most so far from its beginning, s.
LATEST = 1.5


def commands(programs):
    return {"orrery": str(programs / "media-peer"), "chromium": "chromium_peer.py", "aiortc": "aiortc_peer.py"}


def missing(peer):
    lacking = []
    for module in ("speechmos", "pystoi", *(["aiortc"] if peer == "aiortc" else [])):
        try:
            __import__(module)
        except ImportError:
            lacking.append(module)
    return lacking + (["chromium"] if peer == "chromium" and not shutil.which("chromium") else [])


def say(folder):
    """Files of what both sides say."""
    said = {}
    for side, (voice, words) in VOICES.items():
        said[side] = folder / f"said-by-{side}.wav"
        sounds.speech(said[side], voice, words)
    return said


def untouched(said):
    """The score that the voices have before anything happens to them."""
    rows = [scores(file, file) for file in said.values()]
    return {key: round(float(np.mean([row[key] for row in rows])), 2) for key in rows[0]}


def row(command, path, said, folder, keep):
    """Scores of what both sides heard, what their jitter buffers say, and what the path lost, %."""
    rows, packets, lost = [], 0, 0
    for seed in SEEDS if BY_CHANCE & set(PATHS[path]) else SEEDS[:1]:
        heard = {side: folder / f"{side}-{seed}.wav" for side in said}
        sides = [f"--{side}={command} --mic {said[side]} --speaker {heard[side]}" for side in said]
        told = subprocess.run([sys.executable, str(PEERS_FOLDER / "pair.py"), *sides, "--seconds", str(SETTLE + SCORED + 3),
                               "--delay", str(DELAY_MS), "--seed", str(seed), *PATHS[path]], capture_output=True, text=True, check=True)
        told = json.loads(told.stdout)
        for side, file in heard.items():
            # The folder to keep may be on another disk.
            kept = shutil.move(file, keep.with_name(f"{keep.name}-{file.name}"))
            other = "right" if side == "left" else "left"
            rows.append(scores(said[other], kept) | figures(told[side]["said"]))
        for way in told["path"].values():
            packets, lost = packets + way["packets"], lost + way["lost"]
    mean = {key: round(float(np.mean([row[key] for row in rows])), 2) for key in rows[0] if all(key in row for row in rows)}
    return mean | {"least plcmos": min(row["plcmos"] for row in rows), "lost on the way": round(100 * lost / max(1, packets), 1)}


def figures(said):
    """What a side says of its jitter buffer at the end: share concealed, %, and mean or last delay, ms."""
    stats = next((line["stats"] for line in said if "stats" in line), {})
    out = {}
    if stats.get("heard_ms"):
        out["concealed"] = 100 * stats["concealed_ms"] / stats["heard_ms"]
    if "buffer_ms" in stats:
        out["buffer"] = stats["buffer_ms"]
    return out


def scores(said, heard):
    """PLCMOS, DNSMOS, STOI and spectral distance of the scored stretch. Models that know only what is heard like a smooth voice better than the
    one that spoke; the last two tell how near it is to that."""
    import mos
    said, heard = mos.load(said), mos.load(heard)
    begin = begins(said, heard, mos.RATE)
    first = SETTLE * mos.RATE
    stretch = heard[max(0, begin + first):begin + first + SCORED * mos.RATE]
    told = mos.speech(stretch)
    pieces = matched(said, heard, begin, mos.RATE)
    return {"plcmos": told["plcmos"], "dnsmos": told["overall"], "stoi": understood(*pieces, mos.RATE), "distance": distance(*pieces, mos.RATE)}


def begins(said, heard, rate):
    """The sample of `heard` at which `said` begins, by the loudness of both, which survives what waves do not."""
    step = 80

    def contour(sound):
        blocks = np.abs(sound[:len(sound) // step * step]).reshape(-1, step).mean(axis=1)
        return blocks - blocks.mean()
    a, b = contour(heard), contour(said)
    late = np.arange(1 - len(b), len(a))
    fit = np.where(np.abs(late) * step <= LATEST * rate, correlate(a, b, "full"), -np.inf)
    return int(late[np.argmax(fit)]) * step


def matched(said, heard, begin, rate):
    """The scored stretch as it was said and as it was heard, the pieces of that each put in their place."""
    size, astray, shift, pairs = int(PIECE * rate), int(ASTRAY * rate), 0, []
    for at in range(SETTLE * rate, (SETTLE + SCORED) * rate - size, size):
        piece, from_ = said[at:at + size], max(0, begin + at + shift - astray)
        room = heard[from_:from_ + size + 2 * astray]
        # What was heard ended early: silence.
        room = np.pad(room, (0, size + 2 * astray - len(room)))
        place, fit = find(piece, room)
        if fit < FITS:
            place = astray
        shift += place - astray
        pairs.append((piece, room[place:place + size]))
    return [np.concatenate(half) for half in zip(*pairs)]


def understood(said, heard, rate):
    """Short-time intelligibility (STOI, 0 to 1)."""
    from pystoi import stoi
    return float(stoi(said, heard, rate))


def distance(said, heard, rate):
    """Log-spectral distance, dB: root mean square over the frequencies, mean over the moments in which something is said."""
    said, heard = (np.abs(stft(sound, rate, nperseg=rate // 50)[2]) ** 2 for sound in (said, heard))
    spoken = said.sum(axis=0) > FAINT * said.sum(axis=0).max()
    apart = 10 * np.log10((said[:, spoken] + 1e-9) / (heard[:, spoken] + 1e-9))
    return float(np.mean(np.sqrt(np.mean(apart ** 2, axis=0))))


def find(piece, room):
    """(where the piece begins in the room, how well it fits, −1 to 1)."""
    energy = np.concatenate([[0.0], np.cumsum(room ** 2)])
    energy = energy[len(piece):] - energy[:-len(piece)]
    fit = correlate(room, piece, "valid") / np.sqrt(np.maximum(energy, 1e-9) * max(np.sum(piece ** 2), 1e-9))
    return int(np.argmax(fit)), float(fit.max())
