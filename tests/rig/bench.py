"""`./dev bench voice`: from mouth to ear, processor, set-up and quality, beside Mumble, Chromium and aiortc on the same machine in the same run.

    bench.py --programs DIR --out DIR [--seconds N] [--only NAME,…]

A path is measured by chirps: each goes into a virtual microphone and comes out of a virtual speaker later. What the virtual devices
themselves cost is measured first and shown beside; what is said to be above them has the quicker of the two subtracted. Nothing is
processed on any path, and all transmit all the time. What is not installed is left out of the table, and said."""
import argparse, contextlib, json, statistics, subprocess, sys, tempfile, time
from pathlib import Path

import numpy as np

import chirps, chromium, mumble, orrery, paths, processing, quality, sounds
from rig import Processor, Rig, StageError, Wire, until

# Jitter buffers settle in the first seconds of anybody.
SETTLE = 3.0
# How long processors are looked at, s, and how often with speech and without; how often a call is set up.
WATCH, TURNS, CALLS = 10.0, 4, 10
AIORTC = Path(__file__).resolve().parent.parent / "peers" / "aiortc_audio.py"


def summary(found):
    return {"p50": round(float(np.percentile(found, 50)), 1), "p95": round(float(np.percentile(found, 95)), 1),
            "least": round(float(np.min(found)), 1), "most": round(float(np.max(found)), 1)}


@contextlib.contextmanager
def playing(rig, path):
    """While a file is said."""
    player = rig.play(path)
    try:
        yield
    finally:
        player.terminate()
        player.wait()


class Bench:
    def __init__(self, args):
        self.args, self.rows, self.left_out, self.rigs = args, {}, {}, 0
        self.folder = tempfile.TemporaryDirectory(prefix="orrery-bench-")
        self.home = Path(self.folder.name)

    def wanted(self, name):
        return not self.args.only or any(name.startswith(one) for one in self.args.only)

    def family(self, begin):
        """Whether any row that begins so is wanted."""
        return not self.args.only or any(one.startswith(begin) or begin.startswith(one) for one in self.args.only)

    def attempt(self, name, measure, lacking=()):
        """Keeps what `measure` gives as the row of that name, or why there is none."""
        if not self.wanted(name):
            return
        if lacking:
            self.left_out[name] = "not installed: " + ", ".join(lacking)
        else:
            folder = self.home / name.replace(" ", "-")
            folder.mkdir()
            try:
                self.rows[name] = measure(folder)
            except Exception as error:
                # Whatever it was, half an hour of other rows must not be lost with it.
                said = getattr(error, "stderr", None) or ""
                self.left_out[name] = " ".join([f"{type(error).__name__}: {error}", str(said)[-500:]]).strip()
        if name in self.left_out:
            print(f"  {name:28} left out: {self.left_out[name]}", flush=True)
        else:
            print(f"  {name:28} " + "  ".join(f"{k} {v}" for k, v in self.rows[name].items()), flush=True)
            self.keep()

    def on_a_rig(self, build, use):
        """What `use` makes of a path, built on a rig of its own and taken down again."""
        self.rigs += 1
        # A socket's path is short.
        rig, path = Rig(self.home / f"r{self.rigs}"), None
        try:
            path = build(rig)
            return use(rig, path)
        finally:
            if path is not None:
                path.end()
            rig.end()

    def delay(self, name, build, lacking=()):
        def measure(folder):
            said = folder / "chirps.wav"
            chirps.write(said, chirps.chirps(self.args.seconds + SETTLE))

            def use(rig, path):
                processors = {end: Processor(process) for end, process in getattr(path, "ends", {}).items()}
                sound = rig.run(said)
                row = {f"cpu {end}": round(processor.percent(), 1) for end, processor in processors.items()}
                if hasattr(path, "packets"):
                    row["packets"] = path.packets()
                chirps.write(self.args.out / f"{name}.wav", sound)
                found, sent = chirps.delays(sound[:, 0], sound[:, 1], SETTLE)
                if not len(found):
                    raise StageError(f"{sent} chirps sent, none heard")
                return {**summary(found), "sent": sent, "heard": len(found), **row}
            return self.on_a_rig(lambda rig: build(folder / "path", rig), use)
        self.attempt(name, measure, lacking)

    def processor(self, name, settings):
        """A call at devices in which one speaks and one listens: the programs, and how much of that is the stream itself, which is what
        they take more than while nobody says anything into a microphone that hisses as any does: what removes noise and echo has work with that too."""
        def watch(path):
            ends = {end: Processor(process) for end, process in path.ends.items()}
            began = next(iter(ends.values())).began
            until("the end of the measurement", lambda: time.monotonic() - began > WATCH)
            return {end: processor.percent() for end, processor in ends.items()}

        def watch_silence(path):
            until("the end of what was said", lambda: not path.ann.sends())
            before = path.ann.spurts
            shares = watch(path)
            if path.ann.spurts != before:
                raise StageError("the hiss of the microphone was sent")
            return shares

        def measure(folder):
            sounds.speech(folder / "speech.wav")
            sounds.hiss(folder / "hiss.wav", 2 * TURNS * WATCH + 60)

            def use(rig, path):
                rounds = []
                with playing(rig, folder / "hiss.wav"):
                    # In turns, because a computer is not as fast at one time as at another.
                    for _ in range(TURNS):
                        quiet = watch_silence(path)
                        with playing(rig, folder / "speech.wav"):
                            rounds.append((quiet, watch(path)))
                row = {}
                for end in path.ends:
                    row[end] = round(statistics.median(loud[end] for _, loud in rounds), 2)
                    row[f"stream {end}"] = round(statistics.median(loud[end] - quiet[end] for quiet, loud in rounds), 2)
                return row
            return self.on_a_rig(lambda rig: orrery.Call(self.args.programs, folder / "path", rig, settings), use)
        self.attempt(name, measure)

    def setup(self):
        def measure(folder):
            call = orrery.Call(self.args.programs, folder / "path")
            try:
                while len(call.setup_ms) < CALLS:
                    call.again()
            finally:
                call.end()
            return summary(call.setup_ms)
        self.attempt("set-up", measure)

    def aiortc(self):
        def measure(folder):
            sounds.speech(folder / "speech.wav")
            done = subprocess.run([sys.executable, str(AIORTC), str(folder / "speech.wav"), str(WATCH)], check=True, capture_output=True, text=True)
            return json.loads(done.stdout)
        try:
            import aiortc  # noqa: F401
            lacking = []
        except ImportError:
            lacking = ["aiortc"]
        self.attempt("cpu aiortc", measure, lacking)

    def paths(self):
        """Speech over paths that lose and delay, with everybody's own programs at both ends."""
        if not self.family("path"):
            return
        said = paths.say(self.home)
        self.attempt("path none", lambda _: paths.untouched(said), paths.missing("orrery"))
        for path in paths.PATHS:
            for peer, command in paths.commands(self.args.programs).items():
                name = f"path {path}: {peer}"
                # aiortc conceals nothing: two rows show it.
                if peer == "aiortc" and path not in ("nothing lost", "20 % lost"):
                    continue
                keep = self.args.out / "".join(c if c.isalnum() else "-" for c in name)
                self.attempt(name, lambda folder, command=command, path=path, keep=keep: paths.row(command, path, said, folder, keep), paths.missing(peer))

    def traces(self):
        """The same by our encoder and jitter buffer alone, in virtual time."""
        if not self.family("trace"):
            return
        trace = self.args.programs / "examples" / "trace"
        sounds.speech(self.home / "said.wav")
        for path in quality.PATHS:
            keep = self.args.out / ("trace-" + "".join(c if c.isalnum() else "-" for c in path) + ".wav")
            self.attempt(f"trace {path}", lambda _, path=path, keep=keep: quality.row(trace, self.home / "said.wav", keep, path), quality.missing())

    def processing(self):
        program = self.args.programs / "examples" / "process"
        for room in processing.ROOMS:
            self.attempt(f"echo in a {room}", lambda folder, room=room: processing.echo_row(program, folder, room), quality.missing())
        for step in processing.STEPS:
            self.attempt(f"noise {step}", lambda folder, step=step: processing.noise_row(program, folder, step), quality.missing())
        for step in processing.STEPS:
            self.attempt(f"device noise {step}", lambda folder, step=step: processing.device_noise_row(self, folder, step), quality.missing())
        for cancelled in (False, True):
            self.attempt(f"device echo {'cancelled' if cancelled else 'left'}",
                         lambda folder, cancelled=cancelled: processing.device_echo_row(self, folder, cancelled), quality.missing())

    def ratios(self):
        """figure → {ours, peer, ratio, unit} for what both have; ratio is ours / peer."""
        out = {}

        def row(figure, ours, peer, unit):
            if ours is not None and peer is not None:
                out[figure] = {"ours": ours, "peer": peer, "ratio": round(ours / peer, 2) if peer else None, "unit": unit}
        for mine in [name for name in self.rows if name.startswith("orrery-")]:
            for theirs in ("mumble-10", "mumble-20", "chromium"):
                for figure in ("p50", "p95"):
                    row(f"delay_{figure}.{mine}.{theirs}", self.rows[mine][figure], self.rows.get(theirs, {}).get(figure), "ms")
        both = self.rows.get("cpu orrery plain")
        if both:
            row("cpu.aiortc", round(both["sends"] + both["hears"], 2), self.rows.get("cpu aiortc", {}).get("sends and hears"), "% of a core")
        for path in paths.PATHS:
            mine = self.rows.get(f"path {path}: orrery", {})
            for peer in ("chromium", "aiortc"):
                theirs = self.rows.get(f"path {path}: {peer}", {})
                for figure, unit in (("plcmos", "PLCMOS"), ("stoi", "STOI"), ("distance", "dB, less is nearer")):
                    row(f"{figure}.{path}.{peer}", mine.get(figure), theirs.get(figure), unit)
        return out

    def goals(self):
        """goal → {figure, goal, met} of what was measured."""
        out = {}

        def goal(name, figure, limit, met):
            if figure is not None and limit is not None:
                out[name] = {"figure": figure, "goal": limit, "met": bool(met(figure, limit))}
        at_most, above = (lambda a, b: a <= b), (lambda a, b: a > b)
        row = lambda name, key: self.rows.get(name, {}).get(key)  # noqa: E731
        goal("10 ms packets, above the rig, ms", row("orrery-10", "above the rig"), 50, at_most)
        goal("20 ms packets, above the rig, ms", row("orrery-20", "above the rig"), 65, at_most)
        goal("set-up, p50, ms", row("set-up", "p50"), 150, at_most)
        for end in ("sends", "hears"):
            goal(f"a stream, {end}, % of a core", row("cpu orrery processing", f"stream {end}"), 2, at_most)
        goal("PLCMOS at 20 % loss, above Chromium's", row("path 20 % lost: orrery", "plcmos"), row("path 20 % lost: chromium", "plcmos"), above)
        goal("STOI at 30 % loss", row("path 30 % lost: orrery", "stoi"), paths.UNDERSTOOD, above)
        return out

    def keep(self):
        """What there is so far."""
        text = json.dumps({"rows": self.rows, "ratios": self.ratios(), "goals": self.goals(), "left_out": self.left_out}, indent=2)
        (self.args.out / "voice.json").write_text(text + "\n")

    def write(self):
        base = min((self.rows[name]["p50"] for name in self.rows if name.startswith("rig-")), default=None)
        for name, row in self.rows.items():
            if base is not None and "heard" in row and not name.startswith("rig-"):
                row["above the rig"] = round(row["p50"] - base, 1)
                print(f"  {name:28} {row['above the rig']} ms above the rig")
        ratios = self.ratios()
        for figure, row in ratios.items():
            print(f"  {figure:40} ours {row['ours']:>7} {row['unit']}  peer {row['peer']:>7}  ratio {row['ratio']}")
        for name, row in self.goals().items():
            print(f"  {name:40} {row['figure']:>7}  goal {row['goal']:>6}  {'met' if row['met'] else 'MISSED'}")
        self.keep()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True,
                        help="folder of orrery-headless, with devices, orrery-server, media-peer, examples/trace and examples/process")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=24.0, help="how long chirps are sent on each path")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="rows whose names begin so")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(args)
    print("from mouth to ear, ms; share of a core meanwhile, %:")
    for request in (10, 20):
        bench.delay(f"rig-{request}", lambda folder, rig, request=request: Wire(rig, request))
    for milliseconds, settings in ((10, {}), (20, orrery.LONG)):
        bench.delay(f"orrery-{milliseconds}", lambda folder, rig, ms=milliseconds, also=settings: orrery.Call(args.programs, folder, rig, also, packets_ms=ms))
    for frames in (1, 2):
        bench.delay(f"mumble-{frames}0", lambda folder, rig, frames=frames: mumble.Mumble(folder, rig, frames), mumble.missing())
    bench.delay("chromium", chromium.Chromium, chromium.missing())
    print("share of a core while one speaks, %:")
    bench.processor("cpu orrery plain", {"transmit": "voice_activity"})
    bench.processor("cpu orrery processing", {"transmit": "voice_activity", "echo_cancellation": True, "noise_suppression": "low", "auto_gain": True})
    bench.aiortc()
    print("from picking up to both connected, ms:")
    bench.setup()
    print("speech over a bad path, both ends the same program: PLCMOS and DNSMOS, 1 to 5; STOI, 0 to 1; share concealed, %; jitter buffer, ms:")
    bench.paths()
    print("our jitter buffer alone, in virtual time:")
    bench.traces()
    print("echo, AECMOS, 1 to 5, and dB; noise, DNSMOS, 1 to 5; an echo at devices, dB of full scale:")
    bench.processing()
    bench.write()


if __name__ == "__main__":
    sys.exit(main())
