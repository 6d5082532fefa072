"""Sends a file as bare bytes until EOF.  store_client.py PORT FILE"""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client, open(sys.argv[2], "rb") as file:
    client.sendfile(file)
    client.shutdown(socket.SHUT_WR)
    client.recv(1024)
