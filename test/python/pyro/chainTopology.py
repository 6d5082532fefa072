"""One link of a chain of objects:  chainTopology.py 1 2  runs link 1, which forwards to link 2."""
import sys

import Pyro4


@Pyro4.expose
@Pyro4.behavior(instance_mode="single")
class Chain(object):
    def __init__(self, name, nextName):
        self.name = name
        self.nextName = nextName

    def process(self, message):
        if self.name in message:
            print("Back at", self.name + ", the chain is closed", flush=True)
            return ["complete at " + self.name]
        print(self.name, "forwards the message to", self.nextName, flush=True)
        message.append(self.name)
        with Pyro4.Proxy("PYRONAME:example.chain." + self.nextName) as following:
            result = following.process(message)
        result.insert(0, "passed on from " + self.name)
        return result


def startLink(name, nextName):
    daemon = Pyro4.Daemon()
    uri = daemon.register(Chain(name, nextName))
    Pyro4.locateNS().register("example.chain." + name, uri)
    print("Link", name, "is ready", flush=True)
    daemon.requestLoop()


if __name__ == "__main__":
    startLink(sys.argv[1], sys.argv[2])
