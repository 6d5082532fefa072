"""The framed protocol with nothing but socket and struct.

framed.py ask PORT TEXT...        strings to a server
framed.py serve                   answers strings, stores one file beside itself as it is told
framed.py send PORT FILE          a file to a server
"""
import hashlib
import json
import os
import socket
import struct
import sys

CONTROL, DATA = b"\x00", b"\x01"


def write(sock, payload):
    sock.sendall(struct.pack(">I", len(payload)) + payload)


def control(sock, **message):
    write(sock, CONTROL + json.dumps(message).encode())


def exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read(sock):
    """A dict for a control message, bytes behind DATA, or a str."""
    payload = exactly(sock, struct.unpack(">I", exactly(sock, 4))[0])
    if payload[:1] == CONTROL:
        message = json.loads(payload[1:])
        return read(sock) if message["kind"] == "working" else message
    return payload[1:] if payload[:1] == DATA else payload.decode()


def ask(port, *texts):
    with socket.create_connection(("127.0.0.1", int(port))) as sock:
        for text in texts:
            write(sock, text.encode())
            print(read(sock))


def send(port, path):
    data = open(path, "rb").read()
    with socket.create_connection(("127.0.0.1", int(port))) as sock:
        entry = dict(name=os.path.basename(path), type="file", size=len(data), mode=0o644)
        control(sock, kind="offer", entries=[entry], digest=True)
        while (message := read(sock))["kind"] != "done":
            print(message["kind"])
            if message["kind"] == "want":
                control(sock, kind="begin", index=0, offset=message["offset"])
                for at in range(message["offset"], len(data), 50_000):
                    write(sock, DATA + data[at:at + 50_000])
                control(sock, kind="end", index=0, size=len(data), digest=hashlib.sha256(data).hexdigest())


def serve(path):
    server = socket.create_server(("127.0.0.1", 0))
    print("port", server.getsockname()[1], flush=True)
    sock, _ = server.accept()
    while True:
        try:
            message = read(sock)
        except EOFError:
            return
        if isinstance(message, str):
            write(sock, f"Python received: {message}".encode())
        elif message["kind"] == "offer":
            control(sock, kind="want", index=0, offset=0, prefix=None)
            assert read(sock)["kind"] == "begin"
            data = b""
            while isinstance(message := read(sock), bytes):
                data += message
            assert message["digest"] == hashlib.sha256(data).hexdigest()
            open(path, "wb").write(data)
            control(sock, kind="stored", index=0, name="x")
            control(sock, kind="done")


{"ask": ask, "send": send, "serve": serve}[sys.argv[1]](*sys.argv[2:])
