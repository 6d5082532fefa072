"""Sends its standard input to an addition server line by line, and prints every answer.  add_client.py PORT"""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    client.sendall(sys.stdin.buffer.read())
    client.shutdown(socket.SHUT_WR)
    while data := client.recv(1024):
        sys.stdout.write(data.decode())
