"""The stage of the demo: displays, sound servers and processes that exist only for its length.

What has to come is waited for (a line, a file, a widget that came to rest), with a deadline. Pauses of a fixed length stand only
where a person would make one: between a movement of the hand and the next, and before a picture is taken."""
import ctypes, json, os, re, select, signal, subprocess, threading, time
from pathlib import Path

DEADLINE = 60.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def dies_with_us():
    """For `preexec_fn`: the child ends when this program does, even when that is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Lines:
    """The lines of a pipe, each waited for no longer than the deadline."""

    def __init__(self, pipe):
        self.fd, self.rest = pipe.fileno(), b""

    def next(self, what, deadline=DEADLINE):
        """The next line without its end; StageError when the pipe ends or nothing comes."""
        end = time.monotonic() + deadline
        while b"\n" not in self.rest:
            if not select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise StageError(f"waited for {what}, but it never came")
            block = os.read(self.fd, 65536)
            if not block:
                raise StageError(f"the other end closed before {what}")
            self.rest += block
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()


def pause(seconds):
    """As a hand or an eye would."""
    threading.Event().wait(seconds)


class StageError(Exception):
    """Something did not come; says what."""


def until(what, poll, deadline=DEADLINE, every=0.02):
    """The first true value of poll(); looks again after a moment, gives up at the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = poll()
        if value:
            return value
        if time.monotonic() > end:
            raise StageError(f"waited for {what}, but it never came")
        pause(every)


class Process:
    """A child that is ended with the stage, by its id."""

    def __init__(self, name, args, env=None, stdin=subprocess.DEVNULL, stdout=None, log=None):
        self.name = name
        self.log = open(log, "ab") if log else subprocess.DEVNULL
        self.popen = subprocess.Popen(
            args, env=env, stdin=stdin, stdout=stdout if stdout is not None else self.log, stderr=self.log,
            preexec_fn=dies_with_us, process_group=0)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def end(self, patience=10.0):
        """Asks it to end, then makes it."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()

    def ticks(self):
        """Processor time so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(match.group(1)) / 1024


class Display:
    """An X display of its own, with a window manager: without one nothing has the focus."""

    def __init__(self, folder, name, size):
        read, write = os.pipe()
        log = folder / f"{name}-x.log"
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write], stdin=subprocess.DEVNULL, stdout=open(log, "ab"), stderr=subprocess.STDOUT,
            preexec_fn=dies_with_us, process_group=0)
        os.close(write)
        # To the end of the line: a pipe closed between the number and its newline ends the server.
        with os.fdopen(read, "rb") as pipe:
            try:
                number = Lines(pipe).next("the number of the display").strip()
            except StageError:
                self.server.kill()
                raise
        self.name = f":{number}"
        self.env = {**os.environ, "DISPLAY": self.name}
        self.env.pop("WAYLAND_DISPLAY", None)
        # Windows without frames, so that a picture of the display is a picture of the program.
        config = folder / "openbox.xml"
        config.write_text('<openbox_config xmlns="http://openbox.org/3.4/rc"><keyboard><keybind key="A-F4">'
                          '<action name="Close"/></keybind></keyboard><applications><application class="*">'
                          '<decor>no</decor><maximized>yes</maximized></application></applications></openbox_config>')
        self.manager = Process(f"{name} openbox", ["openbox", "--config-file", str(config)], env=self.env, log=log)

    def tool(self, *args, data=None):
        done = subprocess.run(["xdotool", *map(str, args)], env=self.env, input=data, capture_output=True, text=True)
        if done.returncode:
            raise StageError(f"xdotool {' '.join(map(str, args))}: {done.stderr.strip()}")
        return done.stdout.strip()

    def copy(self, text):
        """Puts a text on the clipboard, as a person would have copied it from elsewhere."""
        # xclip stays as the clipboard's owner; it ends when somebody else copies, or with the display.
        subprocess.run(["xclip", "-selection", "clipboard"], env=self.env, input=text.encode(), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pasted(self):
        """What is on the clipboard."""
        done = subprocess.run(["xclip", "-selection", "clipboard", "-o"], env=self.env, capture_output=True)
        return done.stdout.decode(errors="replace")

    def picture(self, path):
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True)

    def snapshot(self):
        """The display as it is now, unpacked, for `pack`."""
        return subprocess.run(["import", "-window", "root", "ppm:-"], env=self.env, check=True, capture_output=True).stdout

    @staticmethod
    def pack(snapshot, path):
        subprocess.run(["convert", "ppm:-", str(path)], input=snapshot, check=True)

    def end(self):
        self.manager.end()
        self.server.terminate()
        self.server.wait()


class Sound:
    """A sound server of its own: a microphone that speech is played into and a speaker that is recorded."""

    def __init__(self, folder, name):
        self.folder = folder / f"{name}-sound"
        self.folder.mkdir(mode=0o700)
        socket = self.folder / "pulse"
        self.env = {**os.environ, "PULSE_SERVER": f"unix:{socket}", "XDG_RUNTIME_DIR": str(self.folder),
                    "PULSE_RUNTIME_PATH": str(self.folder), "HOME": str(self.folder)}
        self.log = folder / f"{name}-pulse.log"
        loads = [f"module-native-protocol-unix socket={socket} auth-anonymous=1",
                 "module-null-sink sink_name=speaker rate=48000 channels=1 norewinds=1 sink_properties=device.description=Speaker",
                 "module-null-sink sink_name=mouth rate=48000 channels=1 norewinds=1 sink_properties=device.description=Mouth",
                 "module-remap-source master=mouth.monitor source_name=microphone "
                 "source_properties=device.description=Microphone"]
        # At real-time priority where this computer allows it, as on a desktop.
        args = ["pulseaudio", "-n", "--realtime=yes", "--high-priority=yes", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--log-target=stderr"]
        for load in loads:
            args += ["-L", load]
        self.server = Process(f"{name} pulseaudio", args, env=self.env, log=self.log)
        try:
            until(f"{name}'s sound server", lambda: self.control("info", check=False).returncode == 0)
        except StageError:
            self.server.end()
            raise
        self.control("set-default-sink", "speaker")
        self.control("set-default-source", "microphone")

    def control(self, *args, check=True):
        return subprocess.run(["pactl", *args], env=self.env, check=check, capture_output=True, text=True)

    def say(self, wav):
        """Plays a file into the microphone; returns at its end."""
        subprocess.run(["paplay", "--device=mouth", "--latency-msec=300", str(wav)], env=self.env, check=True)

    def end(self):
        self.server.end()


class Recorder:
    """Records a source as 48 kHz mono and knows at which moment each sample came.

    A block cannot arrive before it was recorded, so the smallest difference between arrival and sample count is the
    best estimate of the start; both ends of a measurement carry the same small bias, which cancels."""

    def __init__(self, sound, device, name):
        self.blocks, self.offset, self.count = [], float("inf"), 0
        self.process = subprocess.Popen(
            ["parec", f"--device={device}", "--raw", "--format=s16le", "--rate=48000", "--channels=1",
             "--latency-msec=10"], env=sound.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            preexec_fn=dies_with_us, process_group=0)
        self.thread = threading.Thread(target=self._read, name=name, daemon=True)
        self.thread.start()
        # A null sink that slept works in blocks of two seconds until the first request for less has come through.
        until("the first recorded block", lambda: self.count > 0)

    def _read(self):
        while True:
            block = os.read(self.process.stdout.fileno(), 4096)
            if not block:
                return
            now = time.time()
            self.blocks.append(block)
            self.count += len(block) // 2
            self.offset = min(self.offset, now - self.count / 48000)

    def end(self):
        """(samples as bytes, Unix time of the first)."""
        self.process.terminate()
        self.process.wait()
        self.thread.join(5)
        return b"".join(self.blocks), self.offset


class Window:
    """A client on a display, worked by its keyboard and pointer alone."""

    def __init__(self, program, display, sound, folder, name, server, out, extra=()):
        self.display, self.name, self.folder = display, name, folder
        self.map_file, self.log_file = folder / f"{name}-widgets.json", folder / f"{name}-events.jsonl"
        self.frame_file, self.runs = folder / f"{name}-frames.jsonl", 0
        self.args = [program, "--profile", str(folder / name), "--server", server, "--bind", "127.0.0.1",
                     "--widget-map", str(self.map_file), *extra]
        # A home of its own: whatever the program leaves anywhere is found when the disk is searched.
        home = folder / f"{name}-home"
        home.mkdir()
        away = {k: v for k, v in display.env.items() if k not in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
        self.env = {**away, "HOME": str(home), **{k: sound.env[k] for k in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR")},
                    "LP_NUM_THREADS": "1", "ORRERY_LOG": "info"}
        self.out = out
        self.process = None

    def open(self):
        self.map_file.unlink(missing_ok=True)
        # A log of its own for each run: opening one begins it anew.
        self.runs += 1
        logs = ["--event-log", f"{self.log_file}.{self.runs}", "--frame-log", f"{self.frame_file}.{self.runs}"]
        self.process = Process(self.name, [*self.args, *logs], env=self.env, log=self.folder / f"{self.name}.log")
        until(f"{self.name}'s window", self._focus, deadline=120)
        until(f"{self.name}'s first screen, come to rest", self._at_rest, deadline=120)

    def _focus(self):
        if not self.process.alive():
            raise StageError(f"{self.name} ended by itself, see {self.name}.log")
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)],
                               env=self.display.env, capture_output=True, text=True).stdout.split()
        if not found:
            return False
        self.id = found[-1]
        self.display.tool("windowactivate", self.id)
        return True

    def _at_rest(self):
        before = self.widgets()
        pause(1.0)
        return before and self.widgets() == before

    def widgets(self):
        try:
            return json.loads(self.map_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def has(self, name):
        return name in self.widgets()

    def wait(self, *names):
        """Until one of the named widgets is there; its name."""
        return until(f"{' or '.join(names)} in {self.name}'s window", lambda: next((n for n in names if self.has(n)), None))

    def click(self, name):
        self.wait(name)
        # A panel that is still moving in has its widgets on the way; take the place where they come to rest.
        place = None
        while place != self.widgets().get(name) or place is None:
            place = self.widgets().get(name)
            pause(0.1)
        x, y, w, h = place
        self.display.tool("mousemove", "--window", self.id, round(x + w / 2), round(y + h / 2))
        pause(0.15)
        self.display.tool("click", 1)
        # A person does not type within a frame of clicking, and a software renderer draws fifteen a second.
        pause(0.25)

    def press(self, name, *expected):
        """Clicks until one of the expected widgets is there: a button that was not yet enabled when a busy machine drew it is
        clicked again, as a person would."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if self.has(name):
                self.click(name)
            try:
                return until(" or ".join(expected), lambda: next((n for n in expected if self.has(n)), None), deadline=5.0)
            except StageError:
                continue
        raise StageError(f"waited for {' or '.join(expected)} in {self.name}'s window, but it never came")

    def type(self, text):
        self.display.tool("type", "--delay", "12", "--", text)

    def key(self, key):
        """Presses a key, with its modifiers held as long as a hand holds them."""
        *modifiers, key = key.split("+")
        for modifier in modifiers:
            self.display.tool("keydown", modifier)
            pause(0.15)
        self.display.tool("key", key)
        pause(0.15)
        for modifier in reversed(modifiers):
            self.display.tool("keyup", modifier)
            pause(0.1)

    def fill(self, name, text):
        self.click(name)
        self.key("ctrl+a")
        self.type(text)

    def picture(self, title):
        pause(0.5)
        self.display.picture(self.out / f"{title}.png")

    def lines(self, file, every_run=True):
        rows = []
        for run in range(1 if every_run else self.runs, self.runs + 1):
            try:
                for line in Path(f"{file}.{run}").read_text().splitlines():
                    try:
                        rows.append(json.loads(line))
                    except json.JSONDecodeError:
                        # The last line may still be being written.
                        continue
            except FileNotFoundError:
                pass
        return rows

    def events(self, kind):
        """What this window was told, over all its runs."""
        return [row for row in self.lines(self.log_file) if row["type"] == kind]

    def frames(self):
        """Start-up and frame times, over all its runs."""
        return self.lines(self.frame_file)

    def close(self):
        self.key("alt+F4")
        until(f"the end of {self.name}", lambda: not self.process.alive())
        self.process.end()


class Console:
    """`orrery-headless` on a profile that no window has open: looks into its history afterwards."""

    def __init__(self, program, profile, passphrase_file, server, folder, args=()):
        self.log = folder / "console.log"
        self.process = Process("console", [program, "--profile", str(profile), "--passphrase-file", str(passphrase_file),
                                           "--server", server, "--bind", "127.0.0.1:0", *args],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, log=self.log)
        self.lines = Lines(self.process.popen.stdout)

    def wait(self, what, pick):
        while True:
            found = pick(json.loads(self.lines.next(what)))
            if found is not None:
                return found

    def send(self, **command):
        self.process.popen.stdin.write((json.dumps(command) + "\n").encode())
        self.process.popen.stdin.flush()

    def history(self, channel):
        rows, before = [], None
        while True:
            self.send(type="load_history", ref="h", channel=channel, before=before, limit=200)
            page = self.wait("history", lambda e: e if e["type"] == "history_loaded" else None)
            rows = page["messages"] + rows
            if not page["has_older"] or not page["messages"]:
                return rows
            before = page["messages"][0]["order"]

    def end(self):
        self.process.popen.stdin.close()
        self.process.popen.wait(20)
