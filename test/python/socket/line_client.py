"""Sends a line, keeps its side open, and prints the line that answers it.  line_client.py PORT TEXT"""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    client.sendall(sys.argv[2].encode() + b"\n")
    print(client.makefile("r", encoding="utf-8").readline(), end="")
