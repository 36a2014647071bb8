"""What our processing makes of echo and of noise: of recordings, by the example `process`, and of the microphones of two programs in a call."""
import subprocess, threading

import numpy as np
from scipy.signal import fftconvolve

import chirps, orrery, sounds
from rig import RATE, Recorder, until

# Name of a room → decay, s; way from loudspeaker to microphone, ms; loudness of it there, dB; how far its loudspeaker bends what it plays.
ROOMS = {"small room": (0.2, 20, -10, 0.0), "living room": (0.4, 60, -14, 0.0), "hall with a cheap speaker": (0.7, 110, -8, 0.3)}
STEPS = ("off", "low", "high", "strong")
SNRS = (5, 15)
# Until the canceller knows the room, and the suppressor the noise, s; and how much is scored after it, which is the most that the model for
# echo looks at.
LEARN, SCORED = 5, 19
# Where there is an echo at devices: how long Ann speaks alone, and how long Bob answers, s.
ALONE, ANSWER = 20, 12


def processed(program, folder, heard, *flags, played=None):
    """What is left of a microphone's sound."""
    chirps.write(folder / "heard.wav", heard)
    if played is not None:
        chirps.write(folder / "played.wav", played)
        flags = (*flags, "--played", str(folder / "played.wav"))
    subprocess.run([str(program), *flags, str(folder / "heard.wav"), str(folder / "left.wav")], check=True, capture_output=True)
    import mos
    return mos.load(folder / "left.wav")


def narrow(sound):
    """As the models want it."""
    from scipy.signal import resample_poly
    return np.clip(resample_poly(sound, 1, 3), -1, 1)


def echo_row(program, folder, name):
    """AECMOS (1 bad, 5 good) for echo that is left and for other harm, with one or both speaking, beside the untouched microphone; and how
    much quieter the echo became, dB."""
    import mos
    decay, delay, level, bend = ROOMS[name]
    far, near = sounds.spoken(folder, "en+f3"), sounds.spoken(folder, "en-us+m3", sounds.OTHER_WORDS)
    count = min(len(far), len(near))
    far, near = far[:count], 0.7 * near[:count]
    played = np.tanh(far * (1 + 3 * bend)) / (1 + bend) if bend else far
    echo = fftconvolve(played, sounds.room(decay, delay, level))[:count]
    hiss = 10 ** (-70 / 20) * np.random.default_rng(5).standard_normal(count)
    stretch, row = slice(LEARN * 16000, (LEARN + SCORED) * 16000), {}
    for kind, heard, what in (("st", echo + hiss, "echo"), ("dt", echo + near + hiss, "both"), ("nst", near + hiss, "voice")):
        reference = far if kind != "nst" else np.zeros(count)
        left = processed(program, folder, heard, "--echo", played=reference)
        far_narrow, mic = narrow(reference), narrow(heard)
        for told, sound in (("", left), (" untouched", mic)):
            scores = mos.echo(far_narrow[stretch], mic[stretch], sound[stretch], kind)
            if kind != "nst":
                row[f"{what}: echo{told}"] = scores["echo"]
            if kind != "st":
                row[f"{what}: other{told}"] = scores["other"]
        if kind == "st":
            power = [float(np.mean(sound[stretch] ** 2)) for sound in (mic, left)]
            row["quieter by"] = round(10 * np.log10(power[0] / max(power[1], 1e-12)), 1)
    return row


def mixtures(folder):
    speech = sounds.spoken(folder, "en-us+f1")
    for kind in sounds.NOISES:
        noise = sounds.noise(kind, len(speech), folder)
        for snr in SNRS:
            mixed = sounds.noisy(speech, noise, snr)
            yield kind, snr, 0.6 * mixed / np.abs(mixed).max()


def noise_row(program, folder, step):
    """DNSMOS, mean of all noises and loudnesses; overall for each noise, and for the voice without any."""
    import mos

    def score(heard):
        return mos.speech(processed(program, folder, heard, "--noise", step)[LEARN * 16000:])
    scored = [(kind, score(mixed)) for kind, _, mixed in mixtures(folder)]
    row = {key: mean(score[key] for _, score in scored) for key in ("overall", "signal", "background", "p808")}
    row |= {kind: mean(score["overall"] for of, score in scored if of == kind) for kind in sounds.NOISES}
    return row | {"no noise": score(sounds.spoken(folder, "en-us+f1"))["overall"]}


def mean(numbers):
    return round(float(np.mean(list(numbers))), 2)


def device_noise_row(bench, folder, step):
    """The same for one noise, from a device's microphone through a call to a device's speaker."""
    import mos
    said = folder / "noisy.wav"
    mixed = next(mixed for kind, snr, mixed in mixtures(folder) if (kind, snr) == ("fan", 5))
    chirps.write(said, mixed)

    def use(rig, path):
        heard = narrow(rig.run(said)[:, 1])
        score = mos.speech(heard[LEARN * 16000:])
        return {key: score[key] for key in ("overall", "signal", "background", "p808")}
    return bench.on_a_rig(lambda rig: orrery.Call(bench.args.programs, folder / "path", rig, {"noise_suppression": step}), use)


class Air:
    """The way from Bob's loudspeaker to his microphone, and what he says himself."""

    def __init__(self, rig, answer, own):
        self.own = 32767 * own
        self.ear = rig.listen("bus.monitor", 2)
        self.mouth = rig.speak("room")
        self.answer, self.ended = answer, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        block, at = RATE // 50, 0
        rest = np.zeros(len(self.answer) + block - 1)
        while not self.ended and (data := self.ear.stdout.read(4 * block)):
            played = np.frombuffer(data, "<i2").astype(float).reshape(-1, 2)[:, 1]
            heard = fftconvolve(played, self.answer)
            rest[:len(heard)] += heard
            out, rest = rest[:len(played)].copy(), np.concatenate([rest[len(played):], np.zeros(len(played))])
            said = self.own[at:at + len(out)]
            out[:len(said)] += said
            at += len(out)
            try:
                self.mouth.stdin.write(np.clip(out, -32768, 32767).astype("<i2").tobytes())
                self.mouth.stdin.flush()
            except BrokenPipeError:
                return

    def end(self):
        self.ended = True
        for process in (self.ear, self.mouth):
            process.terminate()
            process.wait()
        self.thread.join(5)


def device_echo_row(bench, folder, cancelled):
    """Ann speaks, and what Bob's loudspeaker plays reaches his microphone through a living room; near the end he says something himself. How loud
    Ann hears herself, and him, dB of full scale, and how well he is understood (DNSMOS overall)."""
    import mos
    said, answer = folder / "said.wav", sounds.spoken(folder, "en-us+m3", sounds.OTHER_WORDS)[:ANSWER * RATE]
    echo = sounds.spoken(folder, "en+f3")[:ALONE * RATE]
    chirps.write(said, echo)
    decay, delay, level, _ = ROOMS["living room"]

    def use(rig, path):
        # The programs and the pipes add some 40 ms to the way of the sound.
        air = Air(rig, sounds.room(decay, delay / 3, level), np.concatenate([np.zeros((ALONE + 2) * RATE), answer]))
        try:
            back = Recorder(rig, "aside.monitor", channels=1)
            rig.play(said).wait()
            until("Bob's last word", lambda: back.count > (ALONE + ANSWER + 4) * RATE)
            heard = back.end()[:, 0]
        finally:
            air.end()
        alone, own = heard[LEARN * RATE:ALONE * RATE], heard[int((ALONE + 2.5) * RATE):]
        return {"comes back at": decibels(alone), "Bob is at": decibels(own), "Bob is heard": mos.speech(narrow(own))["overall"]}
    settings = {"echo_cancellation": cancelled}
    return bench.on_a_rig(lambda rig: orrery.Call(bench.args.programs, folder / "path", rig, settings, answers="room_src"), use)


def decibels(sound):
    return round(10 * np.log10(float(np.mean(sound ** 2)) + 1e-12), 1)
