"""Sends one file the fast way, and prints how many milliseconds it took until it was stored.

send_file.py PORT PATH [digest|bare]: digest hashes on the way, bare uses sendfile."""
import hashlib
import os
import socket
import struct
import sys
import time

port, path, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "digest"
start = time.perf_counter()
with socket.create_connection(("127.0.0.1", port)) as sock, open(path, "rb", buffering=0) as file:
    sock.sendall(struct.pack(">Q", os.fstat(file.fileno()).st_size))
    if mode == "digest":
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(1024 * 1024))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            sock.sendall(buffer[:count])
        sock.sendall(digest.digest())
    else:
        sock.sendfile(file)
    assert sock.recv(2) == b"ok"
print("ms", (time.perf_counter() - start) * 1000)
