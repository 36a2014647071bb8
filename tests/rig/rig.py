"""A sound rig without hardware: one sound server of its own with one stereo sink that leads nowhere. Its left channel is the
microphone of the program under test and its right channel that program's speaker, so that one recording holds both on one clock
and the delay between them is exact to the sample.

    bus   the stereo sink          mic      plays into its left        spk     plays into its right
                                   mic_src  hears its left             aside   a sink for what nobody shall hear, aside_src hears it
                                                                       room    a sink for what a second microphone hears, room_src

Everything stands in a folder that is given, and ends with this program."""
import os, subprocess, sys, threading, time
from pathlib import Path

import numpy as np

import chirps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "demo"))
from stage import Process, StageError, dies_with_us, until  # noqa: E402

RATE = chirps.RATE
# What is asked of player and recorder, ms. Both sit beside the path that is measured, not in it.
BESIDE_MS = 20


class Rig:
    def __init__(self, folder):
        folder.mkdir(mode=0o700)
        socket = folder / "pulse"
        self.env = {**os.environ, "PULSE_SERVER": f"unix:{socket}", "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder),
                    "HOME": str(folder)}
        half = "master={} channels=1 channel_map=mono master_channel_map=front-{} remix=no"
        loads = [f"module-native-protocol-unix socket={socket} auth-anonymous=1",
                 "module-null-sink sink_name=bus rate=48000 channels=2 channel_map=front-left,front-right",
                 "module-null-sink sink_name=aside rate=48000 channels=1",
                 "module-null-sink sink_name=room rate=48000 channels=1",
                 "module-remap-sink sink_name=mic " + half.format("bus", "left"),
                 "module-remap-sink sink_name=spk " + half.format("bus", "right"),
                 "module-remap-source source_name=mic_src " + half.format("bus.monitor", "left"),
                 "module-remap-source source_name=aside_src master=aside.monitor",
                 "module-remap-source source_name=room_src master=room.monitor"]
        # At real-time priority where this computer allows it, as on a desktop.
        args = ["pulseaudio", "-n", "--realtime=yes", "--high-priority=yes", "--exit-idle-time=-1", "--daemonize=no",
                "--use-pid-file=no", "--log-target=stderr"]
        for load in loads:
            args += ["-L", load]
        self.server = Process("pulseaudio", args, env=self.env, log=folder / "pulse.log")
        try:
            until("the sound server", lambda: self.control("info", check=False).returncode == 0)
        except StageError:
            self.server.end()
            raise
        self.control("set-default-sink", "spk")
        self.control("set-default-source", "mic_src")

    def control(self, *args, check=True):
        return subprocess.run(["pactl", *args], env=self.env, check=check, capture_output=True, text=True)

    def wait_for_streams(self, what, listening, playing):
        """Until so many programs listen to the microphone and play to the speaker."""
        def names(kind, device):
            numbers = {row.split("\t")[1]: row.split("\t")[0] for row in self.control("list", "short", kind).stdout.splitlines()}
            return numbers.get(device)

        def count(kind, device):
            rows = self.control("list", "short", kind).stdout.splitlines()
            return sum(row.split("\t")[1] == device for row in rows)

        def there():
            return (count("source-outputs", names("sources", "mic_src")) >= listening
                    and count("sink-inputs", names("sinks", "spk")) >= playing)
        until(what, there)

    def pipe(self, program, device, channels, latency_ms=BESIDE_MS, **pipes):
        """A player or recorder of raw samples, 16 bit."""
        return subprocess.Popen(
            [*program, "--raw", f"--device={device}", f"--rate={RATE}", f"--channels={channels}", "--format=s16le", f"--latency-msec={latency_ms}"],
            env=self.env, stderr=subprocess.DEVNULL, preexec_fn=dies_with_us, process_group=0, **pipes)

    def listen(self, device, channels=1, latency_ms=BESIDE_MS):
        """What is heard there, from its output."""
        return self.pipe(["parec"], device, channels, latency_ms, stdout=subprocess.PIPE)

    def speak(self, device, latency_ms=BESIDE_MS):
        """Plays there what it is given."""
        return self.pipe(["pacat", "--playback"], device, 1, latency_ms, stdin=subprocess.PIPE)

    def play(self, path):
        """Begins to say a file of 48 kHz, one channel, 16 bit; the process that does."""
        # Without the header of 44 bytes.
        with open(path, "rb") as file:
            file.seek(44)
            return self.pipe(["pacat", "--playback"], "mic", 1, stdin=file)

    def run(self, path, after=1.0):
        """Says a file and records both channels until so many seconds after its end."""
        recorder = Recorder(self)
        try:
            player = self.play(path)
            player.wait()
            # Counted in samples, not by a clock: a recorder that is behind is waited for.
            end = recorder.count + int(after * RATE)
            until("the end of the recording", lambda: recorder.count >= end)
        finally:
            sound = recorder.end()
        return sound

    def end(self):
        self.server.end()


class Recorder:
    """What plays there, from now on; without a name, on both channels of the bus."""

    def __init__(self, rig, device="bus.monitor", channels=2):
        self.blocks, self.bytes, self.channels = [], 0, channels
        self.process = rig.listen(device, channels)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        # A null sink that slept works in blocks of two seconds until the first request for less has come through.
        until("the first recorded block", lambda: self.count > 0)

    @property
    def count(self):
        return self.bytes // (2 * self.channels)

    def _read(self):
        while block := os.read(self.process.stdout.fileno(), 1 << 16):
            self.blocks.append(block)
            self.bytes += len(block)

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.thread.join(5)
        data = b"".join(self.blocks)
        whole = data[:self.count * 2 * self.channels]
        return np.frombuffer(whole, "<i2").astype(float).reshape(-1, self.channels) / 32768


class Processor:
    """What processes take of one core, together with all that they started, from now on."""

    def __init__(self, *processes):
        self.groups, self.began = {str(process.pid) for process in processes}, time.monotonic()
        self.before = self._seconds()

    def _seconds(self):
        """Every one of ours leads a process group of its own."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[2] in self.groups:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def percent(self):
        return 100 * (self._seconds() - self.before) / (time.monotonic() - self.began)


class Wire:
    """A recorder piped straight into a player, each with the given request: what the rig itself costs."""

    def __init__(self, rig, request_ms):
        self.ear = rig.listen("mic_src", 1, request_ms)
        self.mouth = rig.pipe(["pacat", "--playback"], "spk", 1, request_ms, stdin=self.ear.stdout)
        self.ear.stdout.close()
        rig.wait_for_streams("the wire", 1, 1)

    def end(self):
        for process in (self.ear, self.mouth):
            process.terminate()
            process.wait()
