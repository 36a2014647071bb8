"""One side of a call with Chromium, behind the same lines and flags as `tests/media-peer`.

    chromium_peer.py --offer|--answer [--mic FILE.wav] [--speaker FILE.wav] [--channel text|pieces]

Needs `chromium` and Python's own library. A page makes the call; it takes lines from here and gives lines back.
"""
import argparse
import array
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

PAGE = Path(__file__).with_name("chromium_peer.html")
RATE = 48000
# How long the page may take to end once it was asked.
PATIENCE = 10
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
         "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
         # No speaker is needed, and none is used.
         "--mute-audio",
         # Addresses as they are, loopback among them: a call on one machine.
         "--disable-features=WebRtcHideLocalIpsWithMdns", "--allow-loopback-in-peer-connection"]


class Sound:
    """What the page heard, in a file."""

    def __init__(self, path):
        self.file = None
        if path is not None:
            self.file = wave.open(path, "wb")
            self.file.setnchannels(1)
            self.file.setsampwidth(2)
            self.file.setframerate(RATE)

    def take(self, body):
        samples = array.array("f", body)
        if self.file is not None:
            whole = (round(max(-1.0, min(1.0, sample)) * 32767) for sample in samples)
            self.file.writeframes(array.array("h", whole).tobytes())

    def end(self):
        if self.file is not None:
            self.file.close()


def wanted(line, address):
    """Chromium looks at every interface; told are the candidates of the one that is meant, over UDP."""
    words = line.get("candidate", "").split(" ")
    return len(words) < 5 or (words[2].lower() == "udp" and words[4] == address)


def handler(args, lines, sound, over):
    """`over` is told how it ended: an empty text when well."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body, kind="text/html; charset=utf-8"):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path == "/":
                self.answer(PAGE.read_bytes())
            elif self.path == "/mic.wav" and args.mic:
                self.answer(Path(args.mic).read_bytes(), "audio/wav")
            elif self.path == "/lines":
                waiting = []
                try:
                    waiting.append(lines.get(timeout=1))
                    while True:
                        waiting.append(lines.get_nowait())
                except queue.Empty:
                    pass
                self.answer(json.dumps(waiting).encode(), "application/json")
            else:
                self.answer(b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/line":
                if wanted(json.loads(body), args.bind):
                    print(body.decode(), flush=True)
            elif self.path == "/sound":
                sound.take(body)
            elif self.path == "/ended":
                over.put("")
            elif self.path == "/failed":
                over.put(body.decode())
            self.answer(b"")

        def log_message(self, *_):
            pass
    return Handler


def main():
    parser = argparse.ArgumentParser()
    role = parser.add_mutually_exclusive_group(required=True)
    role.add_argument("--offer", action="store_true")
    role.add_argument("--answer", action="store_true")
    parser.add_argument("--mic")
    parser.add_argument("--speaker")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--channel", choices=["text", "pieces"], default="text")
    args = parser.parse_args()
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("chromium_peer: there is no chromium here")
    lines, over, sound = queue.Queue(), queue.Queue(), Sound(args.speaker)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(args, lines, sound, over))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def read():
        for line in sys.stdin:
            lines.put(json.loads(line))
        lines.put({"end": True})
        over_at_last.start()
    over_at_last = threading.Timer(PATIENCE, lambda: over.put("the page did not end"))
    over_at_last.daemon = True
    threading.Thread(target=read, daemon=True).start()

    options = quote(json.dumps({"offer": args.offer, "mic": bool(args.mic), "channel": args.channel}))
    url = f"http://127.0.0.1:{server.server_address[1]}/#{options}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = open(Path(folder) / "log", "w+b")
        process = subprocess.Popen([browser, *FLAGS, f"--user-data-dir={folder}/profile", url], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def watch():
            process.wait()
            over.put("chromium ended by itself")
        threading.Thread(target=watch, daemon=True).start()
        failed = over.get()
        if failed:
            log.seek(0)
            failed += "\n" + log.read().decode(errors="replace")[-2000:]
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    server.shutdown()
    sound.end()
    if failed:
        sys.exit(f"chromium_peer: {failed}")


if __name__ == "__main__":
    main()
