"""Prints what Celery's State says of a cluster once a worker has said goodbye:  CAPTURE_BROKER=redis://… python3 events_state.py ours@host"""
import json
import sys
from os.path import dirname, join

sys.path.insert(0, join(dirname(__file__), '../../fixtures/capture'))
from celery_events import app, say  # noqa: E402

state = app.events.State()


def take_in(event):
    state.event(event)
    if event['type'] == 'worker-offline' and event['hostname'] == sys.argv[1]:
        print(json.dumps(say(state)), flush=True)
        raise SystemExit


with app.connection_for_read() as connection:
    receiver = app.events.Receiver(connection, handlers={'*': take_in})
    ready = receiver.on_consume_ready
    receiver.on_consume_ready = lambda *args, **kwargs: (ready(*args, **kwargs), print('listening', flush=True))
    receiver.capture()
