"""Two `orrery-headless` in a call through an `orrery-server` of their own, on loopback, at the rig's devices or with files."""
import json, subprocess, threading, time

from rig import Process, StageError, until

DEADLINE = 60.0
# Packets of 20 ms where ours would choose 10: those of one size are never short.
LONG = {"constant_bitrate": True}
# Nothing between the microphone and the codec: a chirp is noise to whoever removes noise.
PLAIN = {"transmit": "continuous", "echo_cancellation": False, "noise_suppression": "off", "auto_gain": False, "direct": "calls"}


class Server:
    def __init__(self, programs, folder):
        self.process = Process("orrery-server", [str(programs / "orrery-server"), "--listen", "127.0.0.1:0", "--data", str(folder / "server")],
                               stdout=subprocess.PIPE, log=folder / "server.log")
        line = self.process.popen.stdout.readline().decode().strip()
        if not line.startswith("listening on "):
            raise StageError("the server did not start, see server.log")
        self.url = line.removeprefix("listening on ")

    def end(self):
        self.process.end()


class Client:
    """Commands in, events out; every event is kept with the moment at which it was read."""

    def __init__(self, programs, folder, name, server, args, env=None):
        passphrase = folder / "passphrase"
        passphrase.write_text("seven planets drift quietly\n")
        self.name, self.events, self.gauges, self.asked = name, [], None, 0
        # How often its voice began to be sent.
        self.spurts = 0
        # Milliseconds in packets, of all gauges since this was last emptied.
        self.packets = set()
        self.process = Process(name, [str(programs / "orrery-headless"), "--profile", str(folder / name), "--passphrase-file", str(passphrase),
                                      "--server", server, "--name", name, "--bind", "127.0.0.1:0", "--low-memory", "--gauges", "10", *args],
                               env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, log=folder / f"{name}.log")
        self.news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        profile = self.wait("an open profile", lambda e: e["type"] == "profile_changed" and e["profile"]["phase"] == "open" and e["profile"])
        self.id = profile["peer"]
        self.wait("the server", lambda e: e["type"] == "server_changed" and e["server"]["phase"] == "online")

    def _read(self):
        for line in self.process.popen.stdout:
            now, event = time.monotonic(), json.loads(line)
            with self.news:
                if event["type"] == "gauges":
                    self.spurts += event["own_speaking"] and not self.sends()
                    self.gauges = event
                    self.packets.add(event["codec"]["frame_ms"])
                else:
                    self.events.append((now, event))
                self.news.notify_all()

    def sends(self):
        """Whether its voice is being sent, as it says."""
        return self.gauges is not None and self.gauges["own_speaking"]

    def tell(self, **command):
        """Gives a command; the moment at which it was given, and what `wait` needs to look only at what came after it."""
        with self.news:
            since = len(self.events)
        now = time.monotonic()
        self.process.popen.stdin.write((json.dumps(command) + "\n").encode())
        self.process.popen.stdin.flush()
        return now, since

    def ask(self, **command):
        """Gives a command and waits until it is carried out."""
        self.asked += 1
        mine = f"r{self.asked}"
        answer = lambda e: e.get("ref") == mine and e["type"] in ("done", "failed") and e  # noqa: E731
        since = self.tell(ref=mine, **command)[1]
        event = self.wait(f"the answer to {command['type']}", answer, since)
        if event["type"] == "failed":
            raise StageError(f"{self.name}: {command['type']} failed with {event['code']}")

    def wait(self, what, pick, since=0):
        return self.moment(what, pick, since)[1]

    def moment(self, what, pick, since=0):
        """(when it was read, what `pick` made of it) of the first event that it takes."""
        end = time.monotonic() + DEADLINE
        with self.news:
            while True:
                while since < len(self.events):
                    at, event = self.events[since]
                    since += 1
                    if found := pick(event):
                        return at, found
                if not self.process.alive() or not self.news.wait(max(0.0, end - time.monotonic())):
                    raise StageError(f"{self.name}: waited for {what}, but it never came, see {self.name}.log")

    def end(self):
        self.process.popen.stdin.close()
        try:
            self.process.popen.wait(20)
        finally:
            self.process.end()


class Call:
    """Ann talks to Bob. With a rig she has its microphone and he its speaker; without one both have files or nothing. He is muted, unless
    he answers from a microphone of his own."""

    def __init__(self, programs, folder, rig=None, settings=None, ann=(), bob=(), packets_ms=None, answers=None):
        folder.mkdir()
        self.parts = []
        try:
            self._begin(programs, folder, rig, {**PLAIN, **(settings or {})}, ann, bob, answers)
            if packets_ms is not None:
                self.wait_for_packets(packets_ms)
        except BaseException:
            self.end()
            raise

    def _begin(self, programs, folder, rig, settings, ann, bob, answers):
        server = Server(programs, folder)
        self.parts.append(server)
        env = rig.env if rig else None
        devices = ["--devices"] if rig else []
        self.ann = Client(programs, folder, "ann", server.url, [*devices, *ann], env)
        self.parts.append(self.ann)
        self.bob = Client(programs, folder, "bob", server.url, [*devices, *bob], env)
        self.parts.append(self.bob)
        mouth = {"input_device": "pulseaudio:mic_src", "output_device": "pulseaudio:aside"} if rig else {}
        ear = {"input_device": f"pulseaudio:{answers or 'aside_src'}", "output_device": "pulseaudio:spk"} if rig else {}
        self.ann.ask(type="set_settings", settings={**settings, **mouth})
        self.bob.ask(type="set_settings", settings={**settings, **ear})
        self._befriend()
        self.setup_ms = [self._ring()]
        self.ends = {"sends": self.ann.process, "hears": self.bob.process}
        if not answers:
            self.bob.tell(type="set_muted", muted=True)
        if rig:
            rig.wait_for_streams("both ends at their devices", 1, 1)

    def _befriend(self):
        since = self.bob.tell(type="create_invite")[1]
        link = self.bob.wait("an invite", lambda e: e["type"] == "invite_created" and e["link"], since)
        self.ann.ask(type="add_contact", link=link)
        self.bob.wait("the request", lambda e: e["type"] == "request_received" and e["peer"] == self.ann.id)
        self.bob.ask(type="accept_request", peer=self.ann.id)
        self.ann.wait("the acceptance", lambda e: e["type"] == "request_accepted" and e["peer"] == self.bob.id)

    def _ring(self):
        """Calls and picks up; milliseconds from the command that accepts until both have been told that they are connected."""
        since = len(self.bob.events)
        self.ann.ask(type="start_call", peer=self.bob.id)
        self.call = self.bob.wait("the ring", lambda e: e["type"] == "call_changed" and e["call"]["phase"] == "incoming" and e["call"]["call"], since)

        def connected(event):
            if event["type"] != "call_changed" or event["call"]["call"] != self.call:
                return False
            others = event["call"]["participants"]
            return others and all(one["phase"] == "connected" for one in others)
        began, _ = self.bob.tell(type="accept_call", call=self.call)
        return 1000 * (max(self.ann.moment("the connection", connected)[0], self.bob.moment("the connection", connected)[0]) - began)

    def wait_for_packets(self, milliseconds):
        """Until Ann's packets hold so much sound; short ones come into use when the path has been quiet for a while."""
        def used():
            gauges = self.ann.gauges
            return gauges is not None and gauges["codec"]["frame_ms"] == milliseconds
        until(f"packets of {milliseconds} ms", used)
        self.ann.packets.clear()

    def packets(self):
        """Milliseconds in Ann's packets since then."""
        return sorted(self.ann.packets)

    def again(self):
        """Hangs up and calls once more."""
        since = len(self.ann.events), len(self.bob.events)
        self.ann.ask(type="leave_call", call=self.call)
        for client, after in zip((self.ann, self.bob), since):
            client.wait("the end of the call", lambda e: e["type"] == "call_ended" and e["call"] == self.call, after)
        self.setup_ms.append(self._ring())

    def end(self):
        for part in reversed(self.parts):
            part.end()

