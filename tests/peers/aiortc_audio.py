"""One Opus stream sent and received by aiortc within one process, and what that takes of one core.

    aiortc_audio.py SPEECH.wav SECONDS     prints {"sends and hears": per cent, "frames": frames heard a second}"""
import asyncio, json, sys, time

from aiortc import RTCPeerConnection
from aiortc.contrib.media import MediaPlayer


async def main(path, seconds):
    ann, bob, heard = RTCPeerConnection(), RTCPeerConnection(), 0
    player, first = MediaPlayer(path, loop=True), asyncio.Event()

    @bob.on("track")
    def on_track(track):
        async def listen():
            nonlocal heard
            while True:
                await track.recv()
                heard += 1
                first.set()
        bob.listener = asyncio.ensure_future(listen())
    ann.addTrack(player.audio)
    await ann.setLocalDescription(await ann.createOffer())
    await bob.setRemoteDescription(ann.localDescription)
    await bob.setLocalDescription(await bob.createAnswer())
    await ann.setRemoteDescription(bob.localDescription)
    await asyncio.wait_for(first.wait(), 30)
    cpu, began, before = time.process_time(), time.monotonic(), heard
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    print(json.dumps({"sends and hears": round(100 * (time.process_time() - cpu) / took, 2), "frames": round((heard - before) / took, 1)}))
    bob.listener.cancel()
    await ann.close()
    await bob.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
