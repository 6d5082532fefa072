"""Adds two numbers a line.  add_server.py [PORT]"""
import socketserver
import sys


def number(text):
    try:
        return int(text)
    except ValueError:
        return float(text)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            try:
                x, y = line.decode().replace(",", " ").split()
                answer = str(number(x) + number(y))
            except ValueError as error:
                answer = f"error: {error}"
            self.wfile.write(answer.encode() + b"\n")


server = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9998), Handler)
server.daemon_threads = True
print("port", server.server_address[1], flush=True)
server.serve_forever()
