"""Mumble's own path on the rig: client, server, client. Continuous transmission and no processing, as ours is measured."""
import getpass, re, socket, subprocess
from shutil import which

from rig import Process, StageError, until
from stage import Display

SERVER = """database={folder}/server.sqlite
host=127.0.0.1
port={port}
logfile=
welcometext=
bandwidth=130000
users=10
uname={user}
"""
CLIENT = """[General]
lastupdate=2
firstTime=false
[audio]
transmit=0
noisesupress=0
quality=72000
framesperpacket={frames}
loudness=20000
echo=false
input=PulseAudio
output=PulseAudio
cue=false
muteCueShown=true
attenuateothers=false
[pulseaudio]
input={microphone}
output={speaker}
[net]
usage_statistics=false
tcponly=false
[tts]
enable=false
[updatecheck]
enabled=false
[ui]
showtalkingui=false
stateintray=false
askonquit=false
firsttime=false
"""


def missing():
    return [name for name in ("mumble", "murmurd", "dbus-run-session", "xdotool", "openbox", "Xvfb") if not which(name)]


def free_port():
    """A port that nobody has now; Mumble's server cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mumble:
    """`frames` of 10 ms a packet."""

    def __init__(self, folder, rig, frames):
        folder.mkdir()
        self.parts, self.titles, self.ends = [], [], {}
        try:
            self._begin(folder, rig, frames)
        except BaseException:
            self.end()
            raise

    def _begin(self, folder, rig, frames):
        port, self.log = free_port(), folder / "server.log"
        (folder / "server.ini").write_text(SERVER.format(folder=folder, port=port, user=getpass.getuser()))
        server = Process("murmurd", ["murmurd", "-fg", "-ini", str(folder / "server.ini")], log=self.log)
        self.parts.append(server)

        def listens():
            if not server.alive():
                raise StageError("Mumble's server ended by itself, see server.log")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        until("Mumble's server", listens)
        for name, microphone, speaker in (("ann", "mic_src", "aside"), ("bob", "aside_src", "spk")):
            home = folder / name
            (home / ".config/Mumble").mkdir(parents=True)
            (home / ".config/Mumble/Mumble.conf").write_text(CLIENT.format(frames=frames, microphone=microphone, speaker=speaker))
            display = Display(folder, name, (1024, 700))
            self.parts.append(display)
            env = {**display.env, **{k: v for k, v in rig.env.items() if k.startswith(("PULSE", "XDG_RUNTIME"))}, "HOME": str(home),
                   "XDG_CONFIG_HOME": str(home / ".config"), "XDG_DATA_HOME": str(home / ".local"), "LANG": "C.UTF-8"}
            client = Process(name, ["dbus-run-session", "--", "mumble", "-m", f"mumble://{name}@127.0.0.1:{port}/"], env=env, log=folder / f"{name}.log")
            self.parts.append(client)
            self.ends["sends" if name == "ann" else "hears"] = client
            try:
                until(f"{name} to be let in", lambda: self._answer(display, client, name), every=0.7)
            except StageError as error:
                raise StageError(f"{error}; windows: {self.titles}") from None
        rig.wait_for_streams("both ends at their devices", 1, 1)

    def _answer(self, display, client, name):
        """Answers what a first start asks, until the server lets the client in."""
        if not client.alive():
            raise StageError(f"Mumble ended by itself, see {name}.log")
        if re.search(rf"{name}\(-?\d+\)> Authenticated", self.log.read_text(errors="replace")):
            return True
        found = subprocess.run(["xdotool", "getactivewindow", "getwindowname"], env=display.env, capture_output=True, text=True)
        title = found.stdout.lower()
        # The alternative key of the button that goes on: next, finish; yes to the server's own certificate.
        for key in ("alt+n", "alt+f") if "certificate management" in title or "wizard" in title else ("alt+y",):
            subprocess.run(["xdotool", "key", key], env=display.env, capture_output=True)
        if self.titles[-1:] != [title]:
            self.titles.append(title)
        return False

    def end(self):
        for part in reversed(self.parts):
            part.end()
