"""Prints the time a server tells.  time_client.py PORT"""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
print("The time got from the server is %s" % client.recv(1024).decode("ascii"))
client.close()
