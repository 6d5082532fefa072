"""Offers one object under the name "server". Needs a name server:  pyro4-ns"""
import Pyro4


@Pyro4.expose
class Server(object):
    def welcomeMessage(self, name):
        return "Hi welcome " + str(name)


def startServer():
    daemon = Pyro4.Daemon()
    uri = daemon.register(Server)
    Pyro4.locateNS().register("server", uri)
    print("Ready. Object uri =", uri, flush=True)
    daemon.requestLoop()


if __name__ == "__main__":
    startServer()
