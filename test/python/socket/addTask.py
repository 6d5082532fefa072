"""Addition over a raw connection, one sum a line.  addTask.py [--port PORT] serve    addTask.py [--port PORT] X Y"""
import argparse
import socket
import socketserver


def number(text):
    try:
        return int(text)
    except ValueError:
        return float(text)


class Addition(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            try:
                x, y = line.decode().replace(",", " ").split()
                answer = str(number(x) + number(y))
            except ValueError as error:
                answer = "error: %s" % error
            self.wfile.write(answer.encode() + b"\n")


def serve(port):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Addition)
    server.daemon_threads = True
    print("Adding at 127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()


def add(port, x, y):
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(("%s %s\n" % (x, y)).encode())
        return server.makefile().readline().strip()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=9998)
    options.add_argument("words", nargs="+")
    given = options.parse_args()
    if given.words == ["serve"]:
        serve(given.port)
    else:
        print(add(given.port, *given.words))
