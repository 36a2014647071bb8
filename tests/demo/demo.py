"""The demo: a server and two complete clients, worked by keyboard and pointer, speaking with real sound.

    demo.py --bin DIR --out DIR

Leaves pictures and report.json in the out folder. Every figure in it is measured in this run. `call.lit_*` are what the gauges said
at the listener's, over time; `picture` is the same for the planets as they were drawn, and how much later than the gauge they lit.
`machine` says whether the run can be believed: processor time that was taken away, devices that ran dry, seconds of speech that
were not found again. Too much of any of them makes the run invalid, not good."""
import argparse, bisect, json, os, shutil, signal, subprocess, sys, tempfile, threading, time
from pathlib import Path
from statistics import median

import numpy as np

import sound
from stage import Console, Display, Lines, Process, Recorder, Sound, StageError, Window, pause, until

PASSPHRASE = "seven planets drift quietly"
SIZE = (1280, 720)
ARIEL = ["The relay on the old laptop has been up for forty days now and I had forgotten it was there.",
         "Tonight the sky is clear enough that you can see the moons of Jupiter with nothing but good field glasses.",
         "Bring the long cable and the small tripod and we will set everything up behind the house."]
RHEA = ["That is the best thing anyone can say about a server and I will remember it for a long time.",
        "Callisto wants to show us the pictures from the telescope before the moon comes up this evening.",
        "I will be there at seven with the cable and the tripod and something warm to drink for everybody."]
LETTERS = [("ariel", "Good evening, Rhea. Is the telescope still at your place?"),
           ("rhea", "It is. Behind the door, where you left it in June."),
           ("ariel", "Then tonight is the night: no cloud from here to the coast."),
           ("rhea", "I will bring the map of the moons.")]
AWAY = "While you were out: the clouds are gone for good."
# What a search of the disk must not find: the texts, and of each the words by which a search index would keep it.
WORDS = ["telescope", "behind the door", "no cloud from here", "map of the moons", "clouds are gone"]
# Beyond these a run says nothing about the program.
MAX_STOLEN, MAX_XRUNS, MIN_FOUND = 0.05, 20, 0.9


class Demo:
    def __init__(self, bin_dir, out):
        self.bin, self.out = bin_dir, out
        self.folder = Path(tempfile.mkdtemp(prefix="orrery-demo-"))
        self.things = []
        self.windows = {}
        self.sounds = {}
        self.letters = []

    def keep(self, thing):
        self.things.append(thing)
        return thing

    # ---- the stage -------------------------------------------------------------------------------------------------
    def build(self):
        self.server = self.keep(Process("server", [str(self.bin / "orrery-server"), "--listen", "127.0.0.1:0", "--data",
                                                   str(self.folder / "server")],
                                        stdout=subprocess.PIPE, log=self.folder / "server.log"))
        line = Lines(self.server.popen.stdout).next("the server's first line").strip()
        if not line.startswith("listening on "):
            raise StageError(f"the server said {line!r}")
        self.url = line.removeprefix("listening on ")
        for name in ("ariel", "rhea"):
            display = self.keep(Display(self.folder, name, SIZE))
            self.sounds[name] = self.keep(Sound(self.folder, name))
            self.windows[name] = Window(str(self.bin / "orrery"), display, self.sounds[name], self.folder, name,
                                        self.url, self.out, ("--size", f"{SIZE[0]}x{SIZE[1]}"))

    def speech(self):
        self.wavs = {}
        for name, lines, voice in (("ariel", ARIEL, "en-gb"), ("rhea", RHEA, "en-us+f3")):
            self.wavs[name] = []
            for n, line in enumerate(lines):
                path = self.folder / f"{name}-{n}.wav"
                self.wavs[name].append((path, sound.speak(line, voice, path)))

    # ---- scenes ----------------------------------------------------------------------------------------------------
    def first_start(self):
        for name, window in self.windows.items():
            window.open()
            window.wait("firststart.name")
            if name == "ariel":
                window.picture("1-first-start")
            window.fill("firststart.name", name.capitalize())
            window.fill("firststart.passphrase", PASSPHRASE)
            window.fill("firststart.again", PASSPHRASE)
            window.press("firststart.create", "home.add_contact")
        self.windows["ariel"].picture("2-home-empty")

    def meet(self):
        ariel, rhea = self.windows["ariel"], self.windows["rhea"]
        rhea.click("home.add_contact")
        rhea.click("add.copy")
        link = until("the link on the clipboard", lambda: (lambda t: t if t.startswith("orrery:") else None)(rhea.display.pasted()))
        rhea.picture("3-invite")
        ariel.display.copy(link)
        ariel.click("home.add_contact")
        ariel.click("add.link")
        ariel.key("ctrl+v")
        ariel.click("add.send")
        rhea.click("request.0.accept")
        for window in (ariel, rhea):
            window.click("home.contact.0")
            window.wait("composer.input")

    def write(self, name, text):
        window = self.windows[name]
        window.click("composer.input")
        before = len(window.events("message_sent"))
        window.type(text)
        pressed = time.time() * 1000
        window.key("Return")
        until("the message to be stored", lambda: len(window.events("message_sent")) > before)
        row = window.events("message_sent")[-1]
        self.letters.append({"by": name, "text": text, "id": row["id"], "t": pressed})
        return row["id"]

    def arrived(self, name, id):
        until(f"a message to reach {name}",
              lambda: any(row["id"] == id for row in self.windows[name].events("message_received")))

    def letters_scene(self):
        other = {"ariel": "rhea", "rhea": "ariel"}
        for name, text in LETTERS:
            self.arrived(other[name], self.write(name, text))
        self.windows["ariel"].picture("4-conversation")
        self.windows["rhea"].close()
        self.write("ariel", AWAY)
        rhea = self.windows["rhea"]
        rhea.open()
        rhea.fill("unlock.passphrase", PASSPHRASE)
        rhea.key("Return")
        self.arrived("rhea", self.letters[-1]["id"])
        rhea.click("home.contact.0")
        rhea.wait("composer.input")
        rhea.picture("5-back-again")

    def idle(self):
        """Processor share of a window that shows a conversation in which nothing happens."""
        window = self.windows["ariel"]
        window.display.tool("mousemove", SIZE[0] - 5, SIZE[1] - 5)
        pause(3.0)
        ticks, began = window.process.ticks(), time.monotonic()
        pause(10.0)
        return (window.process.ticks() - ticks) / (time.monotonic() - began) * 100

    def call_scene(self):
        ariel, rhea = self.windows["ariel"], self.windows["rhea"]
        recorders = {name: (Recorder(s, "mouth.monitor", f"{name} mouth"), Recorder(s, "speaker.monitor", f"{name} ear"))
                     for name, s in self.sounds.items()}
        ariel.click("talk.call")
        rhea.wait("call.accept")
        rhea.picture("6-incoming-call")
        # Both speak while the call is set up, so that the first sound is there as soon as there is a way for it.
        openers = [threading.Thread(target=self.sounds[name].say, args=(self.wavs[name][0][0],)) for name in self.sounds]
        for thread in openers:
            thread.start()
        rhea.click("call.accept")
        accepted = until("the accept", lambda: next((row["t"] for row in rhea.events("call") if row["phase"] == "active"), None))
        firsts = {}
        for name, window in self.windows.items():
            firsts[name] = until(f"sound at {name}", lambda w=window: next(
                (row["t"] for row in w.events("gauges") if row["t"] >= accepted and any(s["level"] > 0.05 for s in row["speakers"])), None))
        setup_ms = max(firsts.values()) - accepted
        for thread in openers:
            thread.join()
        pause(1.5)
        began = time.time()
        ticks = {name: window.process.ticks() for name, window in self.windows.items()}
        # Packed after the call: what packs a picture would take a whole core away from it.
        snapshots = {}
        for name in ("ariel", "rhea"):
            for n, (path, _) in enumerate(self.wavs[name][1:]):
                thread = threading.Thread(target=self.sounds[name].say, args=(path,))
                thread.start()
                if n == 0:
                    pause(2.0)
                    listener = "rhea" if name == "ariel" else "ariel"
                    snapshots[f"{7 if name == 'ariel' else 8}-call-{name}-speaks"] = self.windows[listener].display.snapshot()
                thread.join()
                pause(1.0)
        pause(3.0)
        snapshots["9-call-silence"] = self.windows["ariel"].display.snapshot()
        ended = time.time()
        cpu = {name: (window.process.ticks() - ticks[name]) / (ended - began) * 100 for name, window in self.windows.items()}
        rss = max(window.process.rss_mb() for window in self.windows.values())
        ariel.click("call.leave")
        rhea.wait("composer.input", "home.add_contact")
        for title, snapshot in snapshots.items():
            Display.pack(snapshot, self.out / f"{title}.png")
        tracks = {}
        for name, (mouth, ear) in recorders.items():
            said, said_at = mouth.end()
            heard, heard_at = ear.end()
            tracks[name] = (sound.samples_of(said), said_at, sound.samples_of(heard), heard_at)
            sound.write(self.out / f"{name}-said.wav", tracks[name][0])
            sound.write(self.out / f"{name}-heard.wav", tracks[name][2])
        return {"setup_ms": setup_ms, "tracks": tracks, "span": (began, ended), "rss": rss, "cpu": cpu}

    # ---- measures --------------------------------------------------------------------------------------------------
    def utterances(self, name, tracks, span):
        """When each utterance really sounded, by finding its samples in the recording of the microphone."""
        said, said_at, _, _ = tracks[name]
        found = []
        for path, samples in self.wavs[name][1:]:
            # By its first and its last second, so that a player that stumbled in between moves neither.
            (first, fit), (last, fit_end) = sound.find(samples[:sound.RATE], said), sound.find(samples[-sound.RATE:], said)
            if min(fit, fit_end) < 0.8:
                raise StageError(f"{path.name} was not found in the recording of {name}'s microphone "
                                 f"(fit {fit:.2f} and {fit_end:.2f})")
            found.append((said_at + first / sound.RATE, said_at + last / sound.RATE + 1.0))
        return [one for one in found if one[0] >= span[0] - 0.5]

    def shares(self, rows, spans, span, stale=0.1):
        """Shares of speaking and of silent time in which rows of (seconds, lit) were lit, looked at every 5 ms. A row counts until
        the next; what was not renewed for `stale` seconds while somebody spoke counts as dark."""
        rows = [row for row in rows if span[0] - 1 <= row[0] <= span[1]]
        times = [t for t, _ in rows]
        speaking, silent = [], []
        for t in np.arange(span[0], span[1], 0.005):
            at = bisect.bisect_right(times, t) - 1
            lit, age = (rows[at][1], t - times[at]) if at >= 0 else (False, 0.0)
            if any(a <= t <= b for a, b in spans):
                speaking.append(lit and age <= stale)
            elif not any(a <= t <= b + 0.4 for a, b in spans):
                silent.append(lit)
        if len(speaking) < 200 or len(silent) < 200 or len(rows) < 20:
            raise StageError(f"too little to look at: {len(rows)} rows, {len(speaking)} and {len(silent)} moments")
        return float(np.mean(speaking)), float(np.mean(silent))

    def gauges(self, listener):
        return [(row["t"] / 1000, any(s["speaking"] for s in row["speakers"])) for row in self.windows[listener].events("gauges")]

    def planets(self, listener):
        """The planets of others, as drawn."""
        return [(row["at_ms"] / 1000, any(p["lit"] for p in row["planets"] if not p["me"]))
                for row in self.windows[listener].frames() if "planets" in row]

    @staticmethod
    def later(gauges, planets, span):
        """How much later than its gauge a planet lit, each time, in milliseconds."""
        rises = lambda rows: [b[0] for a, b in zip(rows, rows[1:]) if b[1] and not a[1] and span[0] <= b[0] <= span[1]]
        drawn = rises(planets)
        return [(after[0] - t) * 1000 for t in rises(gauges) if (after := [d for d in drawn if t <= d <= t + 1.0])]

    def call_report(self, call):
        """What `report.json` says of the call, of the picture, and how much of the speech was found again."""
        delays, lit_on, lit_off, alike, later, looked_for = [], [], [], [], [], 0
        drawn_on, drawn_off = [], []
        spans = {name: self.utterances(name, call["tracks"], call["span"]) for name in self.windows}
        for name, listener in (("ariel", "rhea"), ("rhea", "ariel")):
            said, said_at, _, _ = call["tracks"][name]
            _, _, heard, heard_at = call["tracks"][listener]
            found, looked = sound.delays(said, said_at, heard, heard_at, spans[name])
            if not found:
                raise StageError(f"nothing of what {name} said was heard")
            delays += found
            looked_for += looked
            gauges, planets = self.gauges(listener), self.planets(listener)
            on, off = self.shares(gauges, spans[name], call["span"])
            lit_on.append(on), lit_off.append(off)
            # A picture of a window in the background comes ten times a second.
            on, off = self.shares(planets, spans[name], call["span"], stale=0.5)
            drawn_on.append(on), drawn_off.append(off)
            later += self.later(gauges, planets, call["span"])
            alike.append(sound.similarity(said, said_at, heard, heard_at, spans[name], median(found)))
        return ({"setup_ms": round(call["setup_ms"]),
                 "mouth_to_ear_ms": {"p50": round(float(np.percentile(delays, 50)), 1), "p95": round(float(np.percentile(delays, 95)), 1)},
                 "lit_while_speaking": round(min(lit_on), 3), "lit_while_silent": round(max(lit_off), 3),
                 "speech_similarity": round(min(alike), 3)},
                {"lit_while_speaking": round(min(drawn_on), 3), "lit_while_silent": round(max(drawn_off), 3),
                 "later_ms": round(median(later)) if later else None},
                len(delays) / looked_for)

    def messages_report(self):
        """Opens both profiles without their windows and compares what they hold with what was written."""
        passphrase = self.folder / "passphrase"
        passphrase.write_text(PASSPHRASE + "\n")
        texts, ids = {}, {}
        consoles = {name: Console(str(self.bin / "orrery-headless"), self.folder / name, passphrase, self.url, self.folder)
                    for name in self.windows}
        for name, console in consoles.items():
            ids[name] = console.wait("its own id", lambda e: e["profile"]["peer"] if e["type"] == "profile_changed" and e["profile"].get("phase") == "open" else None)
        for name, other in (("ariel", "rhea"), ("rhea", "ariel")):
            rows = consoles[name].history(ids[other])
            texts[name] = [row for row in rows if row["content"]["type"] == "text"]
        for console in consoles.values():
            console.end()
        passphrase.unlink()
        other = {"ariel": "rhea", "rhea": "ariel"}
        once = lambda letter: sum(row["content"]["text"] == letter["text"] for row in texts[other[letter["by"]]]) == 1
        took = []
        for letter in self.letters:
            if letter["text"] != AWAY:
                row = next(r for r in self.windows[other[letter["by"]]].events("message_received") if r["id"] == letter["id"])
                took.append(row["t"] - letter["t"])
        away = next(letter for letter in self.letters if letter["text"] == AWAY)
        return {"sent": len(self.letters), "delivered": sum(map(once, self.letters)),
                "delivered_after_absence": int(once(away)), "median_ms": round(median(took), 1)}

    def plaintext(self):
        """Whether any file that a program on this stage wrote holds a text that was sent, a word of one, or the passphrase. The
        search is tried first on a file that does."""
        needles = [letter["text"].lower().encode() for letter in self.letters] + [word.encode() for word in WORDS]
        needles += [PASSPHRASE.encode()]
        needles += [needle.decode().encode("utf-16-le") for needle in needles]

        def found(path):
            try:
                data = path.read_bytes().lower()
            except FileNotFoundError:
                return False
            return any(needle in data for needle in needles)
        control = self.folder / "control"
        control.write_bytes(b"x" * 5000 + AWAY.encode() + b"x" * 5000)
        if not found(control):
            raise StageError("the search of the disk does not find what is there")
        control.unlink()
        for path in self.folder.rglob("*"):
            if path.is_file() and found(path):
                print(f"plaintext in {path.relative_to(self.folder)}", file=sys.stderr)
                return True
        return False

    def xruns(self, span):
        """How often a device ran dry or over in a span of time, at both windows together."""
        count = 0
        for window in self.windows.values():
            seen = [row["xruns"] for row in window.events("gauges") if span[0] <= row["t"] / 1000 <= span[1]]
            count += seen[-1] - seen[0] if seen else 0
        return count

    def stolen(self):
        """Processor time that this machine did not get, in seconds, and what everything used."""
        fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return fields[7] / os.sysconf("SC_CLK_TCK")

    def run(self):
        stolen = self.stolen()
        began = time.monotonic()
        self.speech()
        self.build()
        self.first_start()
        self.meet()
        self.letters_scene()
        idle = self.idle()
        call = self.call_scene()
        plaintext = self.plaintext()
        server_rss = self.server.rss_mb()
        rows = [row for window in self.windows.values() for row in window.frames()]
        startups = [row["startup_ms"] for row in rows if "startup_ms" in row]
        frames = [row["frame_ms"] for row in rows if "frame_ms" in row]
        for window in self.windows.values():
            window.close()
        call_report, picture, found = self.call_report(call)
        took = time.monotonic() - began
        stolen = self.stolen() - stolen
        return {
            "messages": self.messages_report(),
            "call": call_report,
            "picture": picture,
            "plaintext_on_disk": plaintext or self.plaintext(),
            "window": {"startup_ms": round(median(startups)),
                       "frame_ms": {"p50": round(float(np.percentile(frames, 50)), 1), "p99": round(float(np.percentile(frames, 99)), 1)},
                       "idle_cpu_percent": round(idle, 1)},
            "rss_mb": {"client": round(call["rss"]), "server": round(server_rss)},
            "machine": {"cores": os.cpu_count(), "stolen_share": round(stolen / took / os.cpu_count(), 3),
                        "xruns": self.xruns(call["span"]), "speech_found": round(found, 3),
                        "call_cpu_percent": {name: round(value, 1) for name, value in call["cpu"].items()},
                        "took_s": round(took)},
        }

    def end(self):
        for window in self.windows.values():
            if window.process:
                window.process.end()
        for thing in reversed(self.things):
            thing.end()


def clear(out):
    """Takes away what an earlier run left: it must not be read as this one's."""
    for left in [*out.glob("[0-9]-*.png"), *out.glob("*-said.wav"), *out.glob("*-heard.wav"), *out.glob("failed-*.png"), out / "report.json"]:
        left.unlink(missing_ok=True)
    shutil.rmtree(out / "failed", ignore_errors=True)


def keep_what_failed(demo, out):
    for name, window in demo.windows.items():
        try:
            window.display.picture(out / f"failed-{name}.png")
        except Exception:
            # The display may be what failed.
            continue
    kept = out / "failed"
    kept.mkdir(exist_ok=True)
    for log in [*demo.folder.glob("*.log"), *demo.folder.glob("*.jsonl.*"), *demo.folder.glob("*.json")]:
        shutil.copy(log, kept)


def verdict(report):
    """What is wrong with the run, and what with the program; empty when nothing is."""
    call, messages, machine = report["call"], report["messages"], report["machine"]
    invalid = [f"{machine['stolen_share']:.0%} of the processor time was taken away"] * (machine["stolen_share"] > MAX_STOLEN)
    invalid += [f"the sound devices ran dry or over {machine['xruns']} times"] * (machine["xruns"] > MAX_XRUNS)
    wrong = ["a planet was dark while somebody spoke"] * (call["lit_while_speaking"] < 0.9)
    wrong += ["a planet burned while nobody spoke"] * (call["lit_while_silent"] > 0.05)
    wrong += ["a drawn planet did not follow its gauge"] * (report["picture"]["lit_while_speaking"] < 0.8)
    wrong += ["speech was not heard as it was said"] * (machine["speech_found"] < MIN_FOUND)
    wrong += ["text could be read on the disk"] * report["plaintext_on_disk"]
    wrong += ["not every message arrived once"] * (messages["delivered"] != messages["sent"])
    return invalid, wrong


def ended(number, _frame):
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    clear(args.out)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    demo = Demo(args.bin.resolve(), args.out.resolve())
    try:
        report = demo.run()
    except Exception as error:
        keep_what_failed(demo, args.out)
        what = error if isinstance(error, StageError) else f"{type(error).__name__}: {error}"
        print(f"demo: {what}\ndemo: what was on the screens and in the logs is in {args.out}", file=sys.stderr)
        return 1
    finally:
        demo.end()
        shutil.rmtree(demo.folder, ignore_errors=True)
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    invalid, wrong = verdict(report)
    for reason in wrong:
        print(f"demo: NOT as it should be: {reason}", file=sys.stderr)
    for reason in invalid:
        print(f"demo: this run says little: {reason}", file=sys.stderr)
    if not wrong and not invalid:
        print("demo: everything reached the other side", file=sys.stderr)
    return 1 if wrong or invalid else 0


if __name__ == "__main__":
    sys.exit(main())
