"""Tries all objects of a features server, of either language, and prints what it saw: one JSON object.

features_client.py LOCATION [key [feature...]]
"""
import json
import sys
import threading
import time
import uuid

import Pyro4
from Pyro4.core import SerializedBlob
from Pyro4.util import SerializerBase

LOCATION = sys.argv[1]
KEY = sys.argv[2] if len(sys.argv) > 2 else ""


def proxy(name):
    made = Pyro4.Proxy("PYRO:%s@%s" % (name, LOCATION))
    if KEY:
        made._pyroHmacKey = KEY
    return made


def error_of(call):
    try:
        return ["no error", call()]
    except Exception as error:
        return [type(error).__name__, str(error)]


def attributes():
    p = proxy("thermostat")
    before = p.level
    p.level = 25
    return {
        "members": [sorted(p._pyroMethods), sorted(p._pyroAttrs)],
        "levels": [before, p.level],
        "refused": error_of(lambda: setattr(p, "level", 99))[1],
        "read only": error_of(lambda: setattr(p, "unit", "F"))[1],
        "called": [p.describe("now "), p.describe("now ", suffix="?")],
        "too few": error_of(lambda: p.describe())[1],
        "values": p.echo([None, True, 12345678901234567890, 1.5, "ä€😀", {"a": [1]}]),
    }


def batches():
    p = proxy("thermostat")
    calls = Pyro4.batch(p)
    calls.echo(1)
    calls.describe("is ", suffix=".")
    first = list(calls())
    trouble = Pyro4.batch(proxy("trouble"))
    trouble.divide(6, 3)
    trouble.divide(1, 0)
    trouble.divide(9, 3)
    results = trouble()
    second = [next(results), error_of(lambda: next(results))]
    calls.echo("nobody hears this")
    answer = calls(oneway=True)
    later = Pyro4.batch(proxy("thermostat"))
    later.echo(2)
    return [first, second, answer, list(later(asynchronous=True).value), list(Pyro4.batch(proxy("thermostat"))())]


def exceptions():
    p = proxy("trouble")
    detailed = None
    try:
        p.detailed()
    except RuntimeError as error:
        detailed = [list(error.args), error.detail, "".join(Pyro4.util.getPyroTraceback()).count("Remote traceback") > 0]
    return {
        "divide": error_of(lambda: p.divide(1, 0)),
        "look up": error_of(lambda: p.look_up("unknown")),
        "detailed": detailed,
        "own": error_of(lambda: p.own()),
        "returned": repr(p.returned()),
        "unknown object": error_of(lambda: proxy("nothing").call())[1].split("rejected: ")[-1],
        "unknown member": error_of(lambda: p.nothing)[1].replace(LOCATION, "LOCATION"),
        "private": error_of(lambda: p._pyroInvoke("_hidden", (), {})),
        "afterwards": p.divide(7, 2),
    }


def streams():
    p = proxy("source")
    early = p.count(5)
    first = next(early)
    early.close()
    broken = p.breaking()
    return [list(p.count(3)), list(p.count(0)), first, next(broken), error_of(lambda: next(broken))]


def instances():
    seen = {}
    for mode in ("session", "percall", "single"):
        with proxy(mode) as a, proxy(mode) as b:
            seen[mode] = [a.incr(), a.incr(), b.incr()]
    return seen


def autoproxy():
    p = proxy("factory")
    item = p.create("lamp")
    if KEY:
        item._pyroHmacKey = KEY
    return [type(item).__name__, item.name(), str(item._pyroUri).split("@")[1] == LOCATION, p.name_of(item) if not KEY else "lamp"]


class Listener(object):
    def __init__(self):
        self.heard = []

    @Pyro4.expose
    def hear(self, text):
        self.heard.append(text)
        return len(self.heard)

    @Pyro4.expose
    def fail(self):
        raise KeyError("the listener failed")


def callbacks():
    daemon = Pyro4.Daemon(host="127.0.0.1")
    listener = Listener()
    daemon.register(listener)
    thread = threading.Thread(target=daemon.requestLoop)
    thread.daemon = True
    thread.start()
    p = proxy("caller")
    seen = [p.call_back(listener, 3), listener.heard, p.call_failing(listener)]
    daemon.shutdown()
    return seen


def oneways():
    p = proxy("background")
    answer = p.work("a", 0.2)
    while p.done() != ["a"]:
        time.sleep(0.02)
    return [answer, p.done()]


def timeouts():
    p = proxy("background")
    p._pyroBind()
    p._pyroTimeout = 0.3
    late = error_of(lambda: p.wait(2))
    p._pyroTimeout = None
    return [late, p.done()]


def annotations():
    p = proxy("context")
    Pyro4.current_context.correlation_id = uuid.UUID("11112222-1111-2222-3333-222244449999")
    Pyro4.current_context.annotations = {"USER": b"from the client"}
    shown = p.show()
    answered = Pyro4.current_context.response_annotations
    Pyro4.current_context.correlation_id = None
    return [shown, sorted((key, bytes(value).decode()) for key, value in answered.items() if key not in ("CORR", "HMAC"))]


def keywords():
    p = proxy("options")
    return [
        p.configure("a"),
        p.configure("a", 2, colour="red", size=3),
        p.configure(depth=[1], level=5, name="b", self_="me"),
        p.anything(),
        p.anything(1, 2, three=3),
        p.anything(four=4),
        error_of(lambda: p.configure(level=2, size=1))[1],
        error_of(lambda: p.configure("a", name="b"))[1],
        error_of(lambda: p.configure("a", 2, 3))[1],
    ]


def blobs():
    return proxy("dispatcher").dispatch(SerializedBlob("about it", [1, "two", [3]]))


class Point(object):
    def __init__(self, x, y):
        self.x = x
        self.y = y


SerializerBase.register_class_to_dict(Point, lambda p: {"__class__": "geometry.Point", "x": p.x, "y": p.y})
SerializerBase.register_dict_to_class("geometry.Point", lambda name, d: Point(d["x"], d["y"]))


def classes():
    mirrored = proxy("geometry").mirror(Point(1, 2))
    return [type(mirrored).__name__, mirrored.x, mirrored.y]


def handshake():
    p = proxy("thermostat")
    p._pyroHandshake = "intruder"
    return error_of(lambda: p._pyroBind())[1].split("rejected: ")[-1]


def futures():
    p = proxy("trouble")
    p._pyroAsync()
    result = p.divide(8, 2)
    return [result.value, error_of(lambda: p.divide(1, 0).value)[0]]


def pings():
    p = proxy("thermostat")
    p._pyroBind()
    return error_of(lambda: Pyro4.message.Message.ping(p._pyroConnection))


ALL = [attributes, batches, exceptions, streams, instances, autoproxy, callbacks, oneways, timeouts, annotations,
       keywords, blobs, classes, handshake, futures, pings]


def main():
    chosen = sys.argv[3:] or [feature.__name__ for feature in ALL]
    print(json.dumps({feature.__name__: feature() for feature in ALL if feature.__name__ in chosen}))


if __name__ == "__main__":
    main()
