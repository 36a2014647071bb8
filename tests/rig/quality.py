"""What loss and jitter do to speech, by our encoder and jitter buffer in virtual time and the models of `tests/peers/mos.py`."""
import json, subprocess, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))

# Name of a path → what `trace` is told of it. The seed makes every run the same.
PATHS = {
    **{f"loss {percent} %": ["--loss", str(percent)] for percent in (0, 5, 10, 20, 30)},
    "loss 10 % in bursts": ["--loss", "10", "--burst", "2-5"],
    "jitter 40 ms": ["--jitter", "40"],
    "jitter 80 ms": ["--jitter", "80"],
    "loss 20 %, jitter 40 ms": ["--loss", "20", "--jitter", "40"],
}
# The encoder follows the link as in a call, by a report each second over a way of 40 ms there and back.
FOLLOW = ["--follow", "40"]
KEPT = ("delay_ms", "concealed", "fec_recovered", "dred_recovered", "bitrate")


def missing():
    try:
        import speechmos  # noqa: F401
        return []
    except ImportError:
        return ["speechmos"]


def row(trace, said, heard, path):
    """One path: the scores of what is heard, and what the jitter buffer did."""
    import mos
    flags = PATHS[path] + FOLLOW
    done = subprocess.run([str(trace), "--in", str(said), "--out", str(heard), "--seed", "1", *flags], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return {**mos.speech(mos.load(heard)), **{key: told[key] for key in KEPT if key in told}}
