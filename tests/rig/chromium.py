"""Chromium's own path on the rig: getUserMedia, two peer connections in one page, an audio element."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from urllib.parse import unquote

from rig import Process, StageError, until

PAGE = Path(__file__).with_name("chromium.html")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
         "--disable-features=WebRtcHideLocalIpsWithMdns"]


def missing():
    return [] if which("chromium") else ["chromium"]


class Chromium:
    def __init__(self, folder, rig):
        folder.mkdir()
        said = self.said = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path != "/":
                    said.append(unquote(self.path))
                body = PAGE.read_bytes() if self.path == "/" else b""
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.pages = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.pages.serve_forever, daemon=True).start()
        url = f"http://localhost:{self.pages.server_address[1]}/"
        self.browser = Process("chromium", ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", url], env=rig.env, log=folder / "chromium.log")
        self.ends = {"sends and hears": self.browser}
        try:
            until("the page to play", self._plays)
            rig.wait_for_streams("Chromium at its devices", 1, 1)
        except BaseException:
            self.end()
            raise

    def _plays(self):
        if not self.browser.alive():
            raise StageError("Chromium ended by itself, see chromium.log")
        for path in self.said:
            if path.startswith("/failed"):
                raise StageError(f"Chromium: {path}")
        return "/playing" in self.said

    def end(self):
        self.browser.end()
        self.pages.shutdown()
        self.pages.server_close()
