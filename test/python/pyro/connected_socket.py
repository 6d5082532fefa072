"""One end of a connected socket, which is file descriptor 3: connected_socket.py daemon|proxy."""
import json
import socket
import sys

import Pyro4

end = socket.socket(fileno=3)


@Pyro4.expose
class Counter(object):
    def __init__(self):
        self._n = 0

    @property
    def n(self):
        return self._n

    def add(self, amount):
        self._n += amount
        return self._n

    def fail(self):
        raise ValueError("out of range")

    def count(self, n):
        for i in range(n):
            yield i


def error_of(call):
    try:
        return call()
    except Exception as error:
        return [type(error).__name__, str(error)]


if sys.argv[1] == "daemon":
    daemon = Pyro4.Daemon(connected_socket=end)
    daemon.register(Counter(), "counter")
    print("READY", flush=True)
    daemon.requestLoop()
else:
    proxy = Pyro4.Proxy("counter", connected_socket=end)
    print(json.dumps([
        sorted(proxy._pyroMethods), str(proxy._pyroUri), proxy.add(1), proxy.add(2), proxy.n, list(proxy.count(3)),
        error_of(proxy.fail),
        error_of(lambda: Pyro4.Proxy("nothing", connected_socket=end)),
    ]), flush=True)
    end.shutdown(socket.SHUT_RDWR)
