"""Receives one file the fast way: recv_into 1 MiB, SHA-256 on the way, fsync.  receive_file.py PATH [digest|bare]

Wire: 8 bytes size, the bytes, 32 bytes SHA-256 (digest only); answers b"ok" or b"no"."""
import hashlib
import os
import resource
import socket
import struct
import sys

path, mode = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "digest"
server = socket.create_server(("127.0.0.1", 0))
print("port", server.getsockname()[1], flush=True)
conn, _ = server.accept()


def exactly(count):
    data = b""
    while len(data) < count:
        more = conn.recv(count - len(data))
        if not more:
            raise EOFError("the sender left")
        data += more
    return data


left, = struct.unpack(">Q", exactly(8))
digest = hashlib.sha256()
buffer = memoryview(bytearray(1024 * 1024))
with open(path, "wb", buffering=0) as file:
    while left:
        count = conn.recv_into(buffer, min(left, len(buffer)))
        if not count:
            raise EOFError("the sender left")
        if mode == "digest":
            digest.update(buffer[:count])
        file.write(buffer[:count])
        left -= count
    os.fsync(file.fileno())
conn.sendall(b"ok" if mode != "digest" or exactly(32) == digest.digest() else b"no")
print("rss", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
