"""One object for each thing that Pyro4 can do, so that a client of either language can try them all.

features_server.py [key]      prints READY and the location; everything else comes from PYRO_ variables.
"""
import sys
import time

import Pyro4
from Pyro4.core import SerializedBlob
from Pyro4.util import SerializerBase


@Pyro4.expose
class Thermostat(object):
    unexposed = "nobody sees this"

    def __init__(self):
        self._level = 20

    @property
    def level(self):
        return self._level

    @level.setter
    def level(self, degrees):
        if degrees > 30:
            raise ValueError("too hot: %d" % degrees)
        self._level = degrees

    @property
    def unit(self):
        return "C"

    def describe(self, prefix, suffix="!"):
        return "%s%d %s%s" % (prefix, self._level, self.unit, suffix)

    def echo(self, value):
        return value


class Broken(Exception):
    pass


@Pyro4.expose
class Troublemaker(object):
    def divide(self, a, b):
        return a // b

    def look_up(self, key):
        return {"known": 1}[key]

    def detailed(self):
        error = RuntimeError("detailed", 42)
        error.detail = {"code": 7}
        raise error

    def own(self):
        raise Broken("of a class that nobody else knows")

    def returned(self):
        return ValueError("returned, not raised")


@Pyro4.expose
class Source(object):
    def count(self, n):
        for i in range(1, n + 1):
            yield i

    def breaking(self):
        yield "fine"
        raise ValueError("the source broke")


@Pyro4.expose
class Counter(object):
    def __init__(self):
        self._n = 0

    def incr(self):
        self._n += 1
        return self._n


@Pyro4.behavior(instance_mode="session")
class SessionCounter(Counter):
    pass


@Pyro4.behavior(instance_mode="percall")
class CallCounter(Counter):
    pass


@Pyro4.behavior(instance_mode="single")
class SingleCounter(Counter):
    pass


@Pyro4.expose
class Item(object):
    def __init__(self, name):
        self._name = name

    def name(self):
        return self._name


@Pyro4.expose
class Factory(object):
    def create(self, name):
        item = Item(name)
        self._pyroDaemon.register(item)
        return item

    def name_of(self, item):
        return item.name()


@Pyro4.expose
class Caller(object):
    def call_back(self, listener, times):
        return [listener.hear("call %d" % i) for i in range(times)]

    def call_failing(self, listener):
        try:
            listener.fail()
        except Exception as error:
            return "%s: %s" % (type(error).__name__, error)


@Pyro4.expose
class Background(object):
    _done = []

    @Pyro4.oneway
    def work(self, item, seconds):
        time.sleep(seconds)
        self._done.append(item)

    def done(self):
        return list(self._done)

    def wait(self, seconds):
        time.sleep(seconds)
        return "waited"


@Pyro4.expose
class Context(object):
    def show(self):
        context = Pyro4.current_context
        context.response_annotations = {"RESP": b"from the server"}
        seen = {key: bytes(value).decode() for key, value in context.annotations.items() if key not in ("CORR", "HMAC")}
        return [sorted(seen.items()), str(context.correlation_id)]


@Pyro4.expose
class Options(object):
    def configure(self, name, level=1, **options):
        return [name, level, sorted(options.items())]

    def anything(self, *args, **kwargs):
        return [list(args), sorted(kwargs.items())]


@Pyro4.expose
class Dispatcher(object):
    def dispatch(self, blob):
        return [blob.info, list(blob.deserialized())]


class Point(object):
    def __init__(self, x, y):
        self.x = x
        self.y = y


SerializerBase.register_class_to_dict(Point, lambda p: {"__class__": "geometry.Point", "x": p.x, "y": p.y})
SerializerBase.register_dict_to_class("geometry.Point", lambda name, d: Point(d["x"], d["y"]))


@Pyro4.expose
class Geometry(object):
    def mirror(self, point):
        return Point(point.y, point.x)


class FeatureDaemon(Pyro4.Daemon):
    def validateHandshake(self, conn, data):
        if data == "intruder":
            raise ValueError("no entry for intruders")
        return "welcome, " + data

    def annotations(self):
        return {"DAEM": b"daemon"}


def main():
    daemon = FeatureDaemon(host="127.0.0.1")
    if len(sys.argv) > 1:
        daemon._pyroHmacKey = sys.argv[1]
    for name, thing in [
        ("thermostat", Thermostat()), ("trouble", Troublemaker()), ("source", Source()),
        ("session", SessionCounter), ("percall", CallCounter), ("single", SingleCounter),
        ("factory", Factory()), ("caller", Caller()), ("background", Background()),
        ("context", Context()), ("options", Options()), ("dispatcher", Dispatcher()), ("geometry", Geometry()),
    ]:
        daemon.register(thing, name)
    print("READY " + daemon.locationStr, flush=True)
    daemon.requestLoop()


if __name__ == "__main__":
    main()
