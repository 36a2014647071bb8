"""One side of a call with aiortc, behind the same lines and flags as `tests/media-peer`.

    aiortc_peer.py --offer|--answer [--mic FILE.wav] [--speaker FILE.wav] [--bind 127.0.0.1] [--channel text|pieces]

A candidate that stands in a line of its own is taken; its own stand in its description, as aiortc gathers before it describes.
"""
import argparse
import asyncio
import fractions
import json
import sys
import time
import wave

import aioice.ice
import av
import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp

RATE = 48000
FRAME = 960


def read_wav(path):
    """A file as mono samples of 16 bits at 48 kHz."""
    if path is None:
        return numpy.zeros(0, numpy.int16)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    parts = []
    with av.open(path) as file:
        for frame in file.decode(audio=0):
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return numpy.concatenate(parts)


class Microphone(MediaStreamTrack):
    """A file, in real time from the first frame that is asked for, and silence after it."""
    kind = "audio"

    def __init__(self, samples):
        super().__init__()
        self.samples, self.at, self.began = samples, 0, None

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        if self.began is None:
            self.began = time.monotonic()
        await asyncio.sleep(self.began + self.at / RATE - time.monotonic())
        part = self.samples[self.at:self.at + FRAME]
        part = numpy.pad(part, (0, FRAME - len(part)))
        frame = av.AudioFrame.from_ndarray(part[numpy.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.at, fractions.Fraction(1, RATE)
        self.at += FRAME
        return frame


class Ear:
    """Puts what is heard into a file, where its timestamps say: a sender that pauses sends nothing meanwhile."""

    def __init__(self, path):
        self.path, self.samples, self.first, self.frames = path, numpy.zeros(0, numpy.int16), None, 0

    async def listen(self, track):
        try:
            while True:
                frame = await track.recv()
                mono = frame.to_ndarray().reshape(-1, len(frame.layout.channels)).mean(axis=1).astype(numpy.int16)
                self.frames += 1
                if self.first is None:
                    self.first = frame.pts
                at = (frame.pts - self.first) & 0xFFFFFFFF
                # A timestamp minutes away is none of this recording.
                if at > 600 * RATE:
                    continue
                end = at + len(mono)
                if end > len(self.samples):
                    self.samples = numpy.pad(self.samples, (0, end - len(self.samples)))
                self.samples[at:end] = mono
        except MediaStreamError:
            pass

    def write(self):
        if self.path is None:
            return
        with wave.open(self.path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(self.samples.tobytes())


def tell(line):
    print(json.dumps(line), flush=True)


class Peer:
    def __init__(self, args):
        self.args, self.pc, self.ear, self.channel = args, RTCPeerConnection(), Ear(args.speaker), None
        self.ended, self.early = asyncio.Event(), []
        self.pc.addTrack(Microphone(read_wav(args.mic)))
        if args.channel == "pieces":
            self.take_channel(self.pc.createDataChannel("notes", negotiated=True, id=0))
        elif args.offer:
            self.take_channel(self.pc.createDataChannel("notes"))
        self.pc.on("datachannel", self.take_channel)
        self.pc.on("track", lambda track: asyncio.ensure_future(self.ear.listen(track)))
        self.pc.on("connectionstatechange", self.state_changed)

    def state_changed(self):
        tell({"state": self.pc.connectionState})
        if self.pc.connectionState in ("closed", "failed"):
            self.ended.set()

    def take_channel(self, channel):
        self.channel = channel
        channel.on("message", lambda message: tell({"heard": self.text(message)}))
        if channel.readyState == "open":
            tell({"state": "open"})
        channel.on("open", lambda: tell({"state": "open"}))

    def text(self, message):
        # docs/PROTOCOL.md: a message in one piece is a zero byte and the message.
        if self.args.channel == "pieces":
            assert isinstance(message, bytes) and message[0] == 0, message
            return message[1:].decode()
        return message

    def say(self, text):
        self.channel.send(b"\0" + text.encode() if self.args.channel == "pieces" else text)

    async def describe(self, description):
        await self.pc.setLocalDescription(description)
        tell({"type": self.pc.localDescription.type, "sdp": self.pc.localDescription.sdp})

    async def add(self, line):
        candidate = candidate_from_sdp(line["candidate"].split(":", 1)[1])
        candidate.sdpMid, candidate.sdpMLineIndex = line.get("sdpMid"), line.get("sdpMLineIndex")
        await self.pc.addIceCandidate(candidate)

    async def carry_out(self, line):
        if "sdp" in line:
            await self.pc.setRemoteDescription(RTCSessionDescription(**line))
            if not self.args.offer:
                await self.describe(await self.pc.createAnswer())
            for candidate in self.early:
                await self.add(candidate)
        elif line.get("candidate"):
            if self.pc.remoteDescription is None:
                self.early.append(line)
            else:
                await self.add(line)
        elif "say" in line:
            self.say(line["say"])

    async def run(self):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        if self.args.offer:
            await self.describe(await self.pc.createOffer())
        ended = asyncio.ensure_future(self.ended.wait())
        while True:
            line = asyncio.ensure_future(reader.readline())
            await asyncio.wait([line, ended], return_when=asyncio.FIRST_COMPLETED)
            if not line.done() or not line.result():
                line.cancel()
                break
            await self.carry_out(json.loads(line.result()))
        stats = {}
        for entry in (await self.pc.getStats()).values():
            if entry.type == "inbound-rtp":
                stats = {"received": entry.packetsReceived, "lost": entry.packetsLost}
        tell({"stats": stats | {"frames": self.ear.frames}})
        await self.pc.close()
        self.ear.write()


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
    # aiortc has no word for it and leaves loopback out.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [args.bind]

    async def run():
        await Peer(args).run()
    asyncio.run(run())


if __name__ == "__main__":
    main()
