"""The same object at Python's own daemon. Prints READY and its uri."""
import Pyro4


@Pyro4.expose
class Calls(object):
    def add(self, a, b):
        return a + b

    def echo(self, value):
        return value


daemon = Pyro4.Daemon(host="127.0.0.1")
uri = daemon.register(Calls, "bench.calls")
print("READY %s" % uri, flush=True)
daemon.requestLoop()
