"""Answers strings; whoever says nothing for a second gets the time.  server.py [--port PORT]"""
import argparse
import socket
import time


def readText(client):
    client.settimeout(1)
    text = b""
    try:
        while block := client.recv(1024):
            text += block
    except socket.timeout:
        pass
    return text.decode()


def serve(port):
    listener = socket.create_server(("127.0.0.1", port))
    print("Listening at 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    while True:
        client, address = listener.accept()
        with client:
            text = readText(client)
            answer = "Received: " + text if text else time.ctime() + "\r\n"
            client.sendall(answer.encode())


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=9999)
    serve(options.parse_args().port)
