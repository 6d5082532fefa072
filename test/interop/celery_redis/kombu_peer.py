"""One side of the transport tests: real kombu, told on the command line what to do.

    kombu_peer.py URL publish QUEUE COUNT PRIORITY        puts messages m0, m1 … into the queue
    kombu_peer.py URL consume QUEUE COUNT                 takes and acknowledges them, prints their bodies
    kombu_peer.py URL hold QUEUE COUNT                    takes them, prints "holding", and waits to be killed
    kombu_peer.py URL restore QUEUE                       restores what was not acknowledged for a second
    kombu_peer.py URL listen EXCHANGE COUNT               prints "listening", then what is broadcast
    kombu_peer.py URL broadcast EXCHANGE TEXT
"""
import json
import sys
import time

import kombu

url, what, name = sys.argv[1:4]
rest = sys.argv[4:]
connection = kombu.Connection(url, transport_options={"visibility_timeout": 1} if what == "restore" else {})
queue = kombu.Queue(name, kombu.Exchange(name), routing_key=name)


def consume(count, on_message, queues=queue, no_ack=False):
    with connection.Consumer(queues, callbacks=[on_message], no_ack=no_ack):
        for _ in range(count):
            connection.drain_events(timeout=20)


def show(body, message):
    print(json.dumps([body, message.delivery_info["routing_key"], message.headers, message.properties["priority"]]), flush=True)


if what == "publish":
    with connection.Producer() as producer:
        for i in range(int(rest[0])):
            producer.publish({"text": f"m{i}"}, routing_key=name, exchange=name, declare=[queue], priority=int(rest[1]),
                             headers={"task": "t.t", "id": f"m{i}"}, correlation_id=f"m{i}")
elif what == "consume":
    consume(int(rest[0]), lambda body, message: (show(body, message), message.ack()))
elif what == "hold":
    consume(int(rest[0]), lambda body, message: None)
    print("holding", flush=True)
    time.sleep(60)
elif what == "restore":
    channel = connection.channel()
    queue(channel).declare()
    channel.qos.restore_visible()
elif what == "listen":
    fanout = kombu.Queue(f"{name}.listener", kombu.Exchange(name, type="fanout"), auto_delete=True)
    with connection.Consumer(fanout, callbacks=[lambda body, message: print(json.dumps(body), flush=True)], no_ack=True):
        connection.drain_events(timeout=20)  # the server's confirmation
        print("listening", flush=True)
        for _ in range(int(rest[0])):
            connection.drain_events(timeout=20)
elif what == "broadcast":
    with connection.Producer() as producer:
        exchange = kombu.Exchange(name, type="fanout")
        producer.publish({"text": rest[0]}, exchange=exchange, routing_key="", declare=[exchange])
connection.close()
