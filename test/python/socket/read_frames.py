"""Reads frames with asyncio and readexactly, and prints how many a second.  read_frames.py"""
import asyncio
import time


async def serve(reader, writer):
    count, start = 0, time.perf_counter()
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            await reader.readexactly(size)
            count += 1
    except asyncio.IncompleteReadError:
        print("rate", count / (time.perf_counter() - start), flush=True)
    writer.close()
    done.set()


async def main():
    global done
    done = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await done.wait()


asyncio.run(main())
