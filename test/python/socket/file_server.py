"""The classic file server: whatever a client says, it gets the one file.  file_server.py FILE [PORT]"""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 60000))
print("port", server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    data = client.recv(1024)
    print("Server received", repr(data), flush=True)
    with open(sys.argv[1], "rb") as file:
        block = file.read(1024)
        while block:
            client.send(block)
            block = file.read(1024)
    client.close()
