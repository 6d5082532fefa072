"""Sends a string, ends its side (or, with `line`, only the line), prints the answer.  string_client.py PORT TEXT [line]"""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    if len(sys.argv) > 3:
        client.sendall(sys.argv[2].encode() + b"\n")
        print(client.makefile("r", encoding="utf-8").readline(), end="")
    else:
        client.sendall(sys.argv[2].encode())
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while data := client.recv(1024):
            answer += data
        print(answer.decode())
