"""Joins two sides of a call over a path that loses and delays packets, the same ones each time.

    pair.py --left "aiortc_peer.py --mic a.wav --speaker b.wav" --right "chromium_peer.py --mic c.wav --speaker d.wav" \\
        --seconds 20 --loss 20 --burst 3 --delay 20 --jitter 40 --seed 1

Either side is a program that speaks the lines of `tests/media-peer`; `--offer` and `--answer` are added here. Each candidate on
the loopback interface is replaced by a port of this program's, and what comes there goes on to the candidate itself; other
candidates are left out. The path is spoilt from when both sides are connected. Prints one JSON object: what each side said, what the path did.
"""
import argparse
import asyncio
import json
import random
import re
import shlex
import sys
from pathlib import Path

CANDIDATE = re.compile(r"^(?:a=)?(candidate:\S+ \d+ (?:udp|UDP) \d+) (\S+) (\d+) (typ .*)$")
HERE = "127.0.0.1"
CONNECT = 30
GOODBYE = 20


class Spoiler:
    """What a direction does to its packets. Losses are random, or in bursts of a mean length (Gilbert 1960)."""

    def __init__(self, args, seed):
        self.args, self.random, self.losing = args, random.Random(seed), False
        self.sent = self.lost = 0

    def loses(self):
        self.sent += 1
        share, length = self.args.loss / 100, self.args.burst
        if length <= 1:
            lost = self.random.random() < share
        else:
            # The chance to leave a burst gives its length, that to enter one the share of all packets.
            leave = 1 / length
            enter = leave * share / (1 - share) if share < 1 else 1
            self.losing = self.random.random() >= leave if self.losing else self.random.random() < enter
            lost = self.losing
        self.lost += lost
        return lost

    def delay(self):
        return (self.args.delay + self.random.random() * self.args.jitter) / 1000


class Door(asyncio.DatagramProtocol):
    """The port that stands for a candidate."""

    def __init__(self, path, owner, real):
        self.path, self.owner, self.real = path, owner, real

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, packet, source):
        self.path.carry(packet, source, self)


class PathBetween:
    def __init__(self, args):
        self.doors, self.spoilt = {}, False
        # The direction towards each side.
        self.towards = [Spoiler(args, args.seed * 2), Spoiler(args, args.seed * 2 + 1)]

    async def door(self, owner, real):
        """The port that stands for this candidate of a side."""
        if real not in self.doors:
            _, door = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Door(self, owner, real), local_addr=(HERE, 0))
            self.doors[real] = door
        return self.doors[real].transport.get_extra_info("sockname")[1]

    def carry(self, packet, source, door):
        back = self.doors.get(source)
        if back is None or back.owner == door.owner:
            return
        if not self.spoilt:
            back.transport.sendto(packet, door.real)
            return
        spoiler = self.towards[door.owner]
        if not spoiler.loses():
            asyncio.get_running_loop().call_later(spoiler.delay(), back.transport.sendto, packet, door.real)

    async def rewrite(self, owner, text):
        """A candidate as the other side is told of it; None for one that is left out."""
        found = CANDIDATE.match(text)
        if not found or found[2] != HERE:
            return None
        port = await self.door(owner, (HERE, int(found[3])))
        return f"{found[1]} {HERE} {port} {found[4]}"

    async def pass_on(self, owner, line):
        if "sdp" in line:
            kept = []
            for text in line["sdp"].split("\r\n"):
                if text.startswith("a=candidate:"):
                    text = await self.rewrite(owner, text)
                    if text is None:
                        continue
                    text = "a=" + text
                kept.append(text)
            return line | {"sdp": "\r\n".join(kept)}
        if line["candidate"]:
            text = await self.rewrite(owner, line["candidate"])
            return None if text is None else line | {"candidate": text}
        return line


class Side:
    def __init__(self, index, command, path):
        self.index, self.command, self.path = index, command, path
        self.said, self.states, self.other = [], set(), None
        self.stirred = asyncio.Event()

    async def start(self):
        words = shlex.split(self.command) + [["--offer", "--answer"][self.index]]
        if words[0].endswith(".py"):
            script = Path(words[0])
            words[:1] = [sys.executable, str(script if script.exists() else Path(__file__).with_name(script.name))]
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, limit=1 << 20)

    async def read(self):
        async for text in self.process.stdout:
            line = json.loads(text)
            if "sdp" in line or "candidate" in line:
                line = await self.path.pass_on(self.index, line)
                if line is not None:
                    self.other.tell(line)
                continue
            self.said.append(line)
            self.states.add(line.get("state"))
            self.stirred.set()

    def tell(self, line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")

    async def reaches(self, *states):
        while not self.states.intersection(states):
            self.stirred.clear()
            await self.stirred.wait()

    async def end(self):
        self.process.stdin.close()
        try:
            return await asyncio.wait_for(self.process.wait(), GOODBYE)
        except asyncio.TimeoutError:
            self.process.kill()
            return await self.process.wait()


async def run(args):
    path = PathBetween(args)
    sides = [Side(0, args.left, path), Side(1, args.right, path)]
    sides[0].other, sides[1].other = sides[1], sides[0]
    for side in sides:
        await side.start()
    readers = [asyncio.ensure_future(side.read()) for side in sides]
    try:
        for state in ("connected", "open"):
            await asyncio.wait_for(asyncio.gather(*(side.reaches(state, "closed", "failed") for side in sides)), CONNECT)
        path.spoilt = True
        for side, name in zip(sides, ("left", "right")):
            side.tell({"say": f"hello from {name}"})
        await asyncio.sleep(args.seconds)
        path.spoilt = False
    except asyncio.TimeoutError:
        pass
    codes = [await side.end() for side in sides]
    await asyncio.gather(*readers)
    report = {name: {"code": code, "said": side.said} for name, side, code in zip(("left", "right"), sides, codes)}
    report["path"] = {f"to_{name}": {"packets": s.sent, "lost": s.lost} for name, s in zip(("left", "right"), path.towards)}
    print(json.dumps(report, indent=1))
    return 0 if codes == [0, 0] and all("connected" in side.states for side in sides) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--left", required=True, help="the side that offers")
    parser.add_argument("--right", required=True, help="the side that answers")
    parser.add_argument("--seconds", type=float, default=10, help="from when both are connected")
    parser.add_argument("--loss", type=float, default=0, help="percent of packets")
    parser.add_argument("--burst", type=float, default=1, help="mean length of a loss in packets")
    parser.add_argument("--delay", type=float, default=0, help="milliseconds that every packet takes")
    parser.add_argument("--jitter", type=float, default=0, help="up to so many milliseconds more, evenly; packets may overtake")
    parser.add_argument("--seed", type=int, default=1)
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
