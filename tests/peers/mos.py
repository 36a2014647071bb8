"""What a listener would say of recordings, by the models in `speechmos`: 1 is bad, 5 is excellent. They were made for 16 kHz.

    mos.py FILE.wav…                                PLCMOS and DNSMOS of each, as JSON
    mos.py --echo FAR.wav MIC.wav SENT.wav KIND     AECMOS: what the speaker played, what the microphone heard, what was sent;
                                                    KIND is st (far end alone), nst (near end alone) or dt (both)"""
import json, sys
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly
from speechmos import aecmos, dnsmos, plcmos

RATE = 16000


def load(path):
    """The file's first channel at 16 kHz, within −1 to 1."""
    sound, rate = soundfile.read(path, always_2d=True)
    return np.clip(resample_poly(sound[:, 0], RATE, rate) if rate != RATE else sound[:, 0], -1, 1)


def speech(sound):
    """{plcmos, signal, background, overall, p808} of speech at 16 kHz."""
    dns = dnsmos.run(sound, RATE)
    scores = {"plcmos": plcmos.run(sound, RATE)["plcmos"], "signal": dns["sig_mos"], "background": dns["bak_mos"], "overall": dns["ovrl_mos"],
              "p808": dns["p808_mos"]}
    return {name: round(float(score), 2) for name, score in scores.items()}


def echo(far, mic, sent, kind):
    """{echo, other} for echo that is left and for other harm; all three recordings begin together."""
    length = min(map(len, (far, mic, sent)))
    scores = aecmos.run({"lpb": far[:length], "mic": mic[:length], "enh": sent[:length]}, RATE, talk_type=kind)
    return {"echo": round(float(scores["echo_mos"]), 2), "other": round(float(scores["deg_mos"]), 2)}


def main():
    match sys.argv[1:]:
        case ["--echo", far, mic, sent, kind]:
            scores = echo(load(far), load(mic), load(sent), kind)
        case [first, *more] if not first.startswith("-"):
            scores = {str(Path(path)): speech(load(path)) for path in (first, *more)}
        case _:
            sys.exit(__doc__)
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
