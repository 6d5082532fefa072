"""A Python client that asks everything of a worker of ours, and prints what came back as one JSON object."""
import json
import sys
import time
import uuid

from celery import Celery, chain, chord, group, states
from celery.result import GroupResult
from celery.utils.nodenames import worker_direct

URL = sys.argv[1]
BACKEND = sys.argv[2]
app = Celery('ours', broker=URL, backend=BACKEND)
NODE = ['ours@host']


class Bankrupt(Exception):
    pass


sys.modules['worker_client'] = sys.modules[__name__]


def s(name, *args, **kwargs):
    return app.signature(f'ours.{name}', args, kwargs)


def si(name, *args, **kwargs):
    return s(name, *args, **kwargs).set(immutable=True)


def send(name, *args, **options):
    return app.send_task(f'ours.{name}', args, **options)


def get(result, **options):
    return result.get(timeout=30, **options)


def raised(result):
    try:
        return ['returned', get(result)]
    except Exception as exc:
        return [type(exc).__module__, type(exc).__name__, [str(arg) for arg in exc.args]]


CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


@check
def arguments_and_keywords():
    return get(send('echo', 1, 'h\u00e9', [None, True], kwargs={'a': {'b': 2 ** 70}}))


@check
def exception_classes():
    return [raised(send(name, 'why')) for name in ('bankrupt', 'value_error')] + [raised(send('type_error'))]


@check
def traceback_of_a_failure():
    result = send('value_error', 'why')
    raised(result)
    return ['Traceback (most recent call last)' in result.traceback, 'ValueError: why' in result.traceback, result.state]


@check
def wrong_arguments():
    return raised(send('add', 1))[:2]


@check
def unknown_task():
    return raised(send('nosuch'))


@check
def states_on_the_way():
    seen = []
    result = send('progress', countdown=0.5)
    value = get(result, on_message=lambda message: seen.append(message['status']))
    return [value, seen]


@check
def extended_result():
    result = send('add', 2, 3)
    get(result)
    return [result.name, result.args, result.kwargs, result.worker, result.retries, result.queue]


@check
def children():
    result = send('parent')
    child_id = get(result)
    return [[child.id == child_id for child in result.children], [get(child) for child in result.children]]


@check
def ignored_result():
    results = [send('add', 1, 1, ignore_result=True), send('value_error', 'why', ignore_result=True)]
    get(send('add', 1, 1))  # there is one process: both are over
    return [result.state for result in results]


@check
def ignore_and_reject():
    results = [send(name) for name in ('ignore', 'reject')]
    get(send('add', 1, 1))  # there is one process: both are over
    return [result.state for result in results]


@check
def retries():
    return [get(send('retry_twice')), raised(send('give_up')), raised(send('autoretry'))]


@check
def limits():
    return [raised(send('soft_limit')), raised(send('hard_limit')), raised(send('sleep', 60, soft_time_limit=0.2))]


@check
def lost_worker():
    return raised(send('die'))[:2]


@check
def request():
    task_id = str(uuid.uuid4())
    value = get(send('request', task_id=task_id, headers={'custom': 'v'}, shadow='nick', time_limit=30, soft_time_limit=20,
                     priority=3, root_id='root', parent_id='parent'))
    return [value.pop('id') == task_id, value]


@check
def eta_and_expiry():
    before = time.time()
    get(send('add', 1, 1, countdown=0.5))
    waited = time.time() - before >= 0.5
    return [waited, raised(send('add', 1, 1, expires=-1))]


@check
def revoked_and_terminated():
    waiting, running = send('add', 1, 1, countdown=60), send('sleep', 60)
    while app.control.inspect(NODE).query_task(running.id) in (None, {}) or running.state != states.STARTED:
        time.sleep(0.05)
    waiting.revoke()
    running.revoke(terminate=True)
    return [raised(running), app.control.inspect(NODE).revoked() is not None]


@check
def links():
    note, errback = s('note', 'linked').set(task_id='the-note'), s('onerr').set(task_id='the-errback')
    send('add', 1, 2, link=note)
    failing = send('value_error', 'why', link_error=errback)
    return [get(app.AsyncResult('the-note')), get(app.AsyncResult('the-errback')) == failing.id]


@check
def chains():
    result = (s('add', 2, 2) | s('add', 4) | s('add', 8))()
    return [get(result), get(result.parent), get(result.parent.parent), result.parent.parent.parent]


@check
def failing_chain():
    result = (si('value_error', 'first') | s('note', 'never'))()
    return [raised(result), result.parent.state]


@check
def groups():
    result = group(s('add', i, i) for i in range(5))()
    values = get(result)
    result.save()
    restored = GroupResult.restore(result.id, app=app)
    return [values, get(restored), restored.completed_count(), restored.successful()]


@check
def chords():
    return [
        get(chord([s('add', i, i) for i in range(5)], s('xsum'))()),
        get(chord([s('add', 1, 1)], s('xsum'))()),
        get((group(s('add', 1, 1), s('add', 2, 2)) | s('xsum') | s('add', 100))()),
        get((s('add', 1, 1) | group(s('add', 1), s('add', 2)) | s('xsum'))()),
        get(chord([group(s('add', 1, 1), s('add', 2, 2)), s('add', 3, 3)], s('xsum'))()),
        get(chord([chain(s('add', 1, 1), s('add', 10)), s('add', 3, 3)], s('xsum'))()),
        get(chord([s('add', 1, 1), s('add', 2, 2)], s('xsum') | s('add', 1))()),
        get(chord([s('add', 1, 1), s('add', 2, 2)], group(s('xsum'), s('note', 'both')))()),
    ]


@check
def failing_chord():
    errback = s('onerr').set(task_id='chord-errback')
    body = s('xsum').on_error(errback)
    result = chord([s('add', 1, 1), si('value_error', 'part')], body)()
    header = raised(result)  # it is looked at first
    body = app.AsyncResult(result.id)
    while body.state not in states.READY_STATES:
        time.sleep(0.05)
    return [header, type(body.result).__name__, "ValueError('part')" in str(body.result),
            get(app.AsyncResult('chord-errback')) == result.id]


@check
def maps_and_chunks():
    task = app.signature('ours.add')
    return [
        get(app.signature('celery.map', kwargs={'task': app.signature('ours.xsum'), 'it': [[1, 2], [3, 4]]}).delay()),
        get(app.signature('celery.starmap', kwargs={'task': task, 'it': [[1, 2], [3, 4]]}).delay()),
        get(app.tasks['celery.chunks'].signature(kwargs={'task': task, 'it': [[1, 1], [2, 2], [3, 3]], 'n': 2})
            .apply_async()) is not None,
    ]


@check
def replaced():
    return [get(send('replaced', 1)), get(send('replaced_by_group', 1)), get((s('replaced', 1) | s('add', 100))())]


@check
def hooks():
    out = []
    for how in ('works', 'fails', 'retries'):
        raised(send('hooked', how))
        out.append(get(send('hooks')))
    return out


@check
def remote_control():
    inspect = app.control.inspect(NODE, timeout=10)
    node = NODE[0]
    return {
        'ping': inspect.ping(),
        'registered': [name for name in inspect.registered()[node] if name == 'ours.add'],
        'rate_limit': app.control.rate_limit('ours.note', '1/s', destination=NODE, reply=True, timeout=10),
        'no_rate_limit': app.control.rate_limit('ours.note', 0, destination=NODE, reply=True, timeout=10),
        'time_limit': app.control.time_limit('ours.note', 5, 9, destination=NODE, reply=True, timeout=10),
        'add_consumer': app.control.add_consumer('extra', destination=NODE, reply=True, timeout=10),
        'from_extra': get(send('add', 20, 2, queue='extra')),
        'cancel_consumer': app.control.cancel_consumer('extra', destination=NODE, reply=True, timeout=10),
        'queues': [queue['name'] for queue in inspect.active_queues()[node]],
        'clock': list(inspect.clock()[node]),
        'conf': inspect.conf()[node]['task_track_started'],
        'report': 'broker_url' in inspect.report()[node]['ok'],
        'stats': sorted({'broker', 'clock', 'pid', 'pool', 'prefetch_count', 'rusage', 'total', 'uptime'} - set(inspect.stats()[node])),
        'grow': app.control.pool_grow(1, destination=NODE, reply=True, timeout=10),
        'shrink': app.control.pool_shrink(1, destination=NODE, reply=True, timeout=10),
        'memsample': list(inspect.memsample() or {}),
        'unknown': app.control.broadcast('nosuch', destination=NODE, reply=True, timeout=10),
    }


@check
def rate_limited():
    app.control.rate_limit('ours.types', '4/s', destination=NODE, reply=True, timeout=10)
    before = time.time()
    [get(result) for result in [send('types') for _ in range(3)]]
    return time.time() - before >= 0.45


@check
def priorities_and_compression():
    return [get(send('add', 1, 1, priority=9)), get(send('add', 1, 1, compression='gzip'))]


@check
def directly():
    return get(send('add', 1, 1, queue=worker_direct(NODE[0])))


@check
def printed():
    return get(send('prints'))


@check
def many():
    return get(group(s('add', i, i) for i in range(200))()) == [2 * i for i in range(200)]


only = sys.argv[3:]
out = {}
for name, function in CHECKS.items():
    if only and name not in only:
        continue
    try:
        out[name] = function()
    except Exception as exc:
        out[name] = f'{type(exc).__name__}: {exc}'
json.dump(out, sys.stdout, default=str)
