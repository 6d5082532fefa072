"""Stores what the first client sends until EOF.  store_server.py FILE [PORT]"""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 60000))
print("port", server.getsockname()[1], flush=True)
client, _ = server.accept()
with client, open(sys.argv[1], "wb") as file:
    while data := client.recv(65536):
        file.write(data)
