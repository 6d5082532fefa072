"""Feeds 64-byte frames (4 bytes length before each) in batches.  feed_frames.py PORT COUNT"""
import socket
import struct
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
batch = (struct.pack(">I", 64) + b"x" * 64) * 1000
with socket.create_connection(("127.0.0.1", port)) as sock:
    for _ in range(count // 1000):
        sock.sendall(batch)
    sock.shutdown(socket.SHUT_WR)
    sock.recv(1)
