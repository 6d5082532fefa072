"""The classic time server: whoever connects gets the time.  time_server.py [PORT]"""
import socket
import sys
import time

server = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9999))
print("port", server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    client.send((time.ctime(time.time()) + "\r\n").encode("ascii"))
    client.close()
