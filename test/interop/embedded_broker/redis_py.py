"""What kombu and Celery use of redis-py, and its neighbours, against the socket and the port given."""
import sys

import redis

client = redis.Redis(unix_socket_path=sys.argv[1], client_name="redis-py")
tcp = redis.Redis(port=int(sys.argv[2]), password="secret", health_check_interval=1)
assert tcp.ping() and client.client_getname() == "redis-py"

with client.lock("lock", timeout=10) as lock:
    assert not tcp.lock("lock", timeout=10).acquire(blocking=False)
    assert lock.extend(5) and lock.reacquire()
assert not client.exists("lock")

pipe = client.pipeline()
pipe.lpush("q", b"\x00\xff").llen("q").zadd("z", {"m": 1.5}).zrevrangebyscore("z", 9, 0, start=0, num=1, withscores=True)
assert pipe.execute() == [1, 1, 1, [(b"m", 1.5)]]
assert client.brpop(["none", "q"], timeout=1) == (b"q", b"\x00\xff")
assert client.brpop(["none"], timeout=0.05) is None

assert client.transaction(lambda p: (p.multi(), p.incr("n")), "n") == [1]
with client.pipeline() as watching:
    watching.watch("n")
    tcp.incr("n")
    watching.multi()
    watching.incr("n")
    try:
        watching.execute()
        raise AssertionError("the watch was not broken")
    except redis.WatchError:
        pass

listener = tcp.pubsub()
listener.psubscribe("/0.celeryev/*")
assert listener.get_message(timeout=5)["type"] == "psubscribe"
assert client.publish("/0.celeryev/worker.online", "hi") == 1
assert listener.get_message(timeout=5)["data"] == b"hi"

client.mset({f"k{i}": i for i in range(1000)})
assert len(set(client.scan_iter("k*"))) == 1000
assert client.setex("r", 10, "v") and 0 < client.ttl("r") <= 10
assert client.info()["embedded_broker"] == 1
assert client.execute_command("COMMAND COUNT") > 100
print("all is well")
