"""The classic file client: says hello, stores what comes until EOF.  file_client.py PORT FILE [GREETING]"""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.send((sys.argv[3] if len(sys.argv) > 3 else "Hello server!").encode())
with open(sys.argv[2], "wb") as file:
    while True:
        data = client.recv(1024)
        if not data:
            break
        file.write(data)
client.close()
