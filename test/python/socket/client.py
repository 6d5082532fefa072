"""Sends a string and prints the answer; without one it prints what the server says, the time.  client.py [--port PORT] [TEXT]"""
import argparse
import socket


def ask(port, text):
    with socket.create_connection(("127.0.0.1", port)) as server:
        if text is not None:
            server.sendall(text.encode())
            server.shutdown(socket.SHUT_WR)
        answer = b""
        while block := server.recv(1024):
            answer += block
    return answer.decode().rstrip("\r\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=9999)
    options.add_argument("text", nargs="?")
    given = options.parse_args()
    print(ask(given.port, given.text))
