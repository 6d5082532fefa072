"""Tasks for our client to call on a real Python worker:  celery -A interop_tasks worker -b redis://…"""
import datetime
import decimal
import uuid

from celery import Celery

app = Celery('interop_tasks')
app.conf.task_track_started = True


@app.task(name='proj.add')
def add(x, y):
    return x + y


@app.task(name='proj.xsum')
def xsum(numbers):
    return sum(numbers)


@app.task(name='proj.echo', bind=True)
def echo(self, *args, **kwargs):
    return {'args': args, 'kwargs': kwargs}


@app.task(name='proj.describe')
def describe(*args):
    """What arrived, as Python sees it."""
    return [f'{type(arg).__name__} {arg!r}' for arg in args]


@app.task(name='proj.special')
def special():
    return [
        datetime.datetime(2024, 1, 2, 3, 4, 5, 678), decimal.Decimal('1.50'), uuid.UUID(int=5), 2 ** 70, float('inf'), 'h\u00e9',
    ]


@app.task(name='proj.request', bind=True)
def request(self):
    r = self.request
    return {
        'id': r.id, 'root_id': r.root_id, 'parent_id': r.parent_id, 'custom': r.get('custom'), 'timelimit': r.timelimit,
        'shadow': r.shadow, 'reply_to': bool(r.reply_to), 'priority': r.delivery_info.get('priority'), 'eta': r.eta,
        'routing_key': r.delivery_info.get('routing_key'), 'group': r.group, 'retries': r.retries, 'expires': r.expires,
    }


class Bankrupt(Exception):
    pass


@app.task(name='proj.fail')
def fail(kind='ValueError', *args):
    raise {'ValueError': ValueError, 'KeyError': KeyError, 'Bankrupt': Bankrupt}[kind](*args)


@app.task(name='proj.note', ignore_result=False)
def note(*args):
    """A callback: its arguments can be read under its own id."""
    return args


@app.task(name='proj.onerr')
def onerr(task_id):
    """An errback of the old kind: it is sent, with the id of the failed task."""
    return task_id


@app.task(name='proj.progress', bind=True)
def progress(self):
    self.update_state(state='PROGRESS', meta={'done': 1})
    import time
    time.sleep(0.3)
    return 'done'
