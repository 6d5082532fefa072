"""Answers each client's string, which ends with the client's side.  string_server.py [PORT]"""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9999))
print("port", server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    with client:
        text = b""
        while data := client.recv(1024):
            text += data
        client.sendall(b"Python received: " + text)
