"""Both ends of calls whose bodies and results are of one serializer, with nothing else accepted, for `test/interop/celery_bodies.long.test.ts`.

    celery -A bodies worker                          a worker; SERIALIZER, BROKER and BACKEND are in the environment
    python3 bodies.py                                a client of our worker; prints what came back as one JSON object
    python3 bodies.py again NAME < HEX               reads a document and prints it as Python writes it, both in hex
"""
import datetime
import json
import os
import sys

from celery import Celery, chord, group
from celery.events import EventReceiver
from kombu.serialization import registry

NAME = os.environ.get('SERIALIZER', 'msgpack')
app = Celery('bodies', broker=os.environ.get('BROKER'), backend=os.environ.get('BACKEND'))
app.conf.update(
    task_serializer=NAME, result_serializer=NAME, accept_content=[NAME], event_serializer=NAME, worker_redirect_stdouts=False,
    task_acks_late=True, worker_deduplicate_successful_tasks=True,
)


@app.task(name='bodies.describe')
def describe(*args, **kwargs):
    """What arrived, as Python sees it."""
    return [f'{type(arg).__name__} {arg!r}' for arg in [*args, kwargs]]


@app.task(name='bodies.echo')
def echo(value):
    return value


@app.task(name='bodies.add')
def add(x, y):
    return x + y


@app.task(name='bodies.join')
def join(first, second):
    return [first, second]


@app.task(name='bodies.xsum')
def xsum(numbers):
    return sum(numbers)


@app.task(name='bodies.fail')
def fail(*args):
    raise ValueError(*args)


@app.task(name='bodies.untold')
def untold():
    return untold


VALUES = [
    None, True, 0, -1, 2 ** 53, 2 ** 63, 1.5, -0.5, 1e300, '', 'h\u00e9 \U0001f600', 'line\nend', 'yes', '1', b'', b'ab\0\xff',
    [], [[]], {}, {'a': {'b': [1, None]}},
]
if NAME == 'yaml':
    VALUES += [datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 2, 3, 4, 5, 678), float('inf'), 10 ** 40, {1: 'one'}]


def outcome(send):
    try:
        value = send().get(timeout=30)
    except Exception as exc:
        return [type(exc).__name__, [repr(arg) for arg in exc.args]]
    return repr(value)


def heard():
    """The type of an event of the worker, which it sends when it is asked for a sign of life; JSON is not read."""
    types = []
    with app.connection() as connection:
        receiver = EventReceiver(connection, handlers={'*': lambda event: types.append(event['type'])}, app=app, accept=[NAME])
        for _ in receiver.consume(limit=None, timeout=30, wakeup=True):
            if types:
                break
    return types[0]


def client():
    """Everything that is asked of our worker, beside what Python would have answered."""
    def send(name, *args, **options):
        return app.send_task(f'bodies.{name}', args, **options)

    def s(name, *args):
        return app.signature(f'bodies.{name}', args)

    echoed = [(value, outcome(lambda: send('echo', value))) for value in VALUES]
    send('echo', ['x', 1.5, b'y'], task_id=f'{NAME}-stored').get(timeout=30)
    failure = outcome(lambda: send('fail', 'why', 2, task_id=f'{NAME}-failed'))
    return {
        'differ': [[repr(value), got] for value, got in echoed if repr(value) != got],
        'kwargs': outcome(lambda: send('echo', kwargs={'value': b'k'})),
        'failure': failure,
        'chain': outcome(lambda: (s('echo', b'ab') | s('echo') | s('join', b'cd')).apply_async()),
        'group': outcome(lambda: group(s('echo', i) for i in range(3)).apply_async()),
        'chord': outcome(lambda: chord([s('add', 1, 1), s('add', 2.5, 2)])(s('xsum'))),
        'compressed': outcome(lambda: send('echo', 'x' * 5000, compression='gzip')) == repr('x' * 5000),
        'untold': outcome(lambda: send('untold'))[0],
        'event': heard(),
        'ping': [answer for each in app.control.broadcast('ping', reply=True, timeout=30, limit=1) for answer in each.values()],
        'documents': [app.backend.client.get(f'celery-task-meta-{task_id}').hex() for task_id in (f'{NAME}-stored', f'{NAME}-failed')],
    }


def again(name, document):
    content_type, content_encoding, encoder = registry._encoders[name]
    written = encoder(registry._decoders[content_type](document))
    return (written.encode() if isinstance(written, str) else written).hex()


if __name__ == '__main__':
    if sys.argv[1:2] == ['again']:
        print(again(sys.argv[2], bytes.fromhex(sys.stdin.read())))
    else:
        print(json.dumps(client()))
