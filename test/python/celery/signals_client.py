"""Has a worker do what signals are sent for, and says which lines it wrote, by process."""
import json
import sys
import time

from celery import Celery

URL, LOG = sys.argv[1:]
app = Celery('client', broker=URL, backend=URL)


def lines():
    with open(LOG) as log:
        return log.read().splitlines()


def noted(*words, seen=0):
    """Waits for a line; seen: how often it was there before."""
    text = ' '.join(words)
    end = time.monotonic() + 30
    while sum(line.startswith(text) for line in lines()) <= seen:
        if time.monotonic() > end:
            raise SystemExit(f'Waited for {text!r} in vain, got:\n' + '\n'.join(lines()))
        time.sleep(0.02)


def send(name, *args, id=None, **options):
    app.send_task(f'signals.{name}', args, task_id=id or name, **options)


def run(name, *args, id=None):
    send(name, *args, id=id)
    noted('C task_postrun', f'signals.{name}', id or name)


def revoke(id, **options):
    assert app.control.revoke(id, reply=True, timeout=5, **options)


noted('M worker_ready')
run('add', 1, 2)
run('fail', 'boom')
send('retry')
noted('C task_postrun signals.retry retry SUCCESS')
run('expires')
run('ignore')
run('reject')
run('parent')
noted('C task_postrun signals.traced traced')
send('add', 3, 4, id='linked', link=app.signature('signals.add', (1,), task_id='link'))
noted('C task_postrun signals.add link')
run('logs')
run('hook')
noted('C task_failure signals.hook')
revoke('revoked')
send('add', 1, 1, id='revoked')
noted('M task_revoked signals.add revoked')
send('add', 1, 1, id='expired', expires=-1)
noted('M task_revoked signals.add expired')
send('sleep')
noted('C sleeps')
revoke('sleep', terminate=True, signal='SIGKILL')
noted('M task_revoked signals.sleep')
send('die', 1)
noted('M task_failure signals.die')
send('unknown')
noted('M task_unknown')
with app.connection_for_write() as connection:
    connection.SimpleQueue('celery').put({'hello': 'world'}, serializer='json')
noted('M task_rejected')
run('add', 5, 6, id='last')

print(json.dumps(lines()))
