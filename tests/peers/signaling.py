"""Our signaling server beside a plain WebSocket echo server in aiohttp, in one run, with the same client.

    signaling.py --server BIN --out DIR

Idle connections (2,000) give connects a second and memory a connection; fifty busy ones give answered requests a second. Ours decodes a
CBOR fetch, looks the token up in its database and refuses; aiohttp sends 300 bytes back. Rows of the file: figure →
{ours, peer, ratio, unit}; ratio is ours / peer."""
import argparse, asyncio, json, multiprocessing, resource, subprocess, sys, tempfile, time
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, WSMsgType, web

IDLE, BUSY, SECONDS = 2000, 50, 5.0


def rss_kb(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


def serve(port):
    async def main():
        app = web.Application()
        app.router.add_get("/", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.put(site._server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()
    asyncio.run(main())


def text(value):
    return bytes([0x60 + len(value)]) + value.encode()


def fetch(number):
    """{"fetch": {"request": n, "peer": h'…', "token": {"request": h'…'}}} in CBOR."""
    key = b"\x58\x20" + bytes(range(32))
    return (b"\xa1" + text("fetch") + b"\xa3" + text("request") + b"\x1a" + number.to_bytes(4, "big") + text("peer") + key
            + text("token") + b"\xa1" + text("request") + key)


async def measure(url, pid, greeted, request):
    before, began = rss_kb(pid), time.monotonic()
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        sockets = []
        for _ in range(0, IDLE, 100):
            sockets += await asyncio.gather(*[session.ws_connect(url) for _ in range(100)])
        connects = IDLE / (time.monotonic() - began)
        if greeted:
            await asyncio.gather(*[socket.receive() for socket in sockets])
        per_connection = (rss_kb(pid) - before) / IDLE
        count, end = 0, time.monotonic() + SECONDS

        async def talk(socket):
            nonlocal count
            while time.monotonic() < end:
                await socket.send_bytes(request(count & 0xFFFFFF))
                answer = await socket.receive()
                if answer.type != WSMsgType.BINARY:
                    raise RuntimeError(f"a request was answered by {answer.type.name}")
                count += 1
        await asyncio.gather(*[talk(socket) for socket in sockets[:BUSY]])
    return {"memory_per_connection": per_connection, "connects": connects, "requests": count / SECONDS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * IDLE + 100:
        sys.exit(f"{2 * IDLE + 100} open files are needed, and this machine allows {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * IDLE + 100, most))
    with tempfile.TemporaryDirectory() as data:
        ours = subprocess.Popen([args.server, "--listen", "127.0.0.1:0", "--data", data], stdout=subprocess.PIPE)
        try:
            url = ours.stdout.readline().decode().strip().removeprefix("listening on ") + "/v1/drop"
            mine = asyncio.run(measure(url, ours.pid, True, fetch))
        finally:
            ours.terminate()
            ours.wait()
    port = multiprocessing.Queue()
    peer = multiprocessing.Process(target=serve, args=(port,))
    peer.start()
    try:
        theirs = asyncio.run(measure(f"ws://127.0.0.1:{port.get(timeout=20)}/", peer.pid, False, lambda n: b"y" * 300))
    finally:
        peer.terminate()
    units = {"memory_per_connection": "KiB", "connects": "1/s", "requests": "1/s"}
    rows = {name: {"ours": round(mine[name], 1), "peer": round(theirs[name], 1),
                   "ratio": round(mine[name] / theirs[name], 2) if theirs[name] else None, "unit": unit}
            for name, unit in units.items()}
    for name, row in rows.items():
        print(f"{name:24} ours {row['ours']:>10} {row['unit']:4} aiohttp {row['peer']:>10} {row['unit']:4} ratio {row['ratio']}")
    (args.out / "signaling.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
