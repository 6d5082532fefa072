"""A Python worker whose signals are written down, a line each: which process, which signal, who sent it, what it said."""
import os
import signal
import time

from celery import Celery, signals
from celery.exceptions import Ignore, Reject
from celery.utils.log import get_task_logger

app = Celery('signals', broker=os.environ['CELERY_BROKER_URL'], backend=os.environ['CELERY_RESULT_BACKEND'])
app.conf.task_acks_late = True
process = 'M'


def note(*words):
    with open(os.environ['SIGNALS_LOG'], 'a') as log:
        log.write(' '.join([process, *map(str, words)]) + '\n')


@signals.before_task_publish.connect
def before_task_publish(sender, body, headers, properties, exchange, routing_key, declare, retry_policy, **_):
    headers['traced'] = 'yes'
    note('before_task_publish', sender, headers['id'], list(body[0]), body[1], properties['correlation_id'],
         repr(exchange), routing_key, [queue.name for queue in declare], retry_policy)


@signals.after_task_publish.connect
def after_task_publish(sender, body, headers, exchange, routing_key, **_):
    note('after_task_publish', sender, headers['id'], headers['traced'], list(body[0]), repr(exchange), routing_key)


@signals.task_received.connect
def task_received(request, **_):
    note('task_received', request.name, request.id, list(request.args))


@signals.task_prerun.connect
def task_prerun(sender, task_id, task, args, kwargs, **_):
    note('task_prerun', sender.name, task_id, task.name, list(args), kwargs)


@signals.task_postrun.connect
def task_postrun(sender, task_id, task, args, kwargs, retval, state, **_):
    note('task_postrun', sender.name, task_id, state, type(retval).__name__, list(args))


@signals.task_success.connect
def task_success(sender, result, **_):
    note('task_success', sender.name, sender.request.id, result)


@signals.task_failure.connect
def task_failure(sender, task_id, exception, args, kwargs, traceback, einfo, **_):
    note('task_failure', sender.name, task_id, type(exception).__name__, list(args),
         process == 'M' or 'Traceback' in str(einfo))


@signals.task_retry.connect
def task_retry(sender, request, reason, einfo, **_):
    note('task_retry', sender.name, request.id, type(reason).__name__, 'Traceback' in str(einfo))


@signals.task_internal_error.connect
def task_internal_error(sender, task_id, args, kwargs, exception, **_):
    note('task_internal_error', sender.name, task_id, type(exception).__name__, list(args))


@signals.task_revoked.connect
def task_revoked(sender, request, terminated, signum, expired, **_):
    note('task_revoked', sender.name, request.id, terminated, None if signum is None else int(signum), expired)


@signals.task_rejected.connect
def task_rejected(message, exc, **_):
    note('task_rejected', type(exc).__name__)


@signals.task_unknown.connect
def task_unknown(message, exc, name, id, **_):
    note('task_unknown', name, id)


@signals.celeryd_init.connect
def celeryd_init(sender, conf, **_):
    conf.result_expires = 77
    note('celeryd_init', sender)


@signals.celeryd_init.connect(sender='other@host')
def never(**_):
    note('never')


@signals.celeryd_after_setup.connect
def celeryd_after_setup(sender, instance, conf, **_):
    note('celeryd_after_setup', sender)


@signals.worker_init.connect
def worker_init(sender, **_):
    note('worker_init')


@signals.after_setup_logger.connect
def after_setup_logger(logger, logfile, **_):
    note('after_setup_logger', logfile)


@signals.worker_process_init.connect
def worker_process_init(**_):
    global process
    process = 'C'
    note('worker_process_init')


@signals.worker_process_shutdown.connect
def worker_process_shutdown(pid, exitcode, **_):
    note('worker_process_shutdown', pid == os.getpid(), exitcode)


@signals.worker_ready.connect
def worker_ready(sender, **_):
    note('worker_ready', sender.hostname)


@signals.worker_shutting_down.connect
def worker_shutting_down(sender, sig, how, exitcode, **_):
    note('worker_shutting_down', sender, sig, how, exitcode)


@signals.worker_shutdown.connect
def worker_shutdown(sender, **_):
    note('worker_shutdown', sender.hostname)


@signals.heartbeat_sent.connect
def heartbeat_sent(sender, **_):
    note('heartbeat_sent')
    signals.heartbeat_sent.disconnect(heartbeat_sent)


@signals.task_success.connect(sender='nobody')
def nobody(**_):
    note('nobody')


def faulty(**_):
    raise ValueError('a receiver that raises')


signals.task_prerun.connect(faulty)
signals.task_received.connect(faulty)


class Hooked(app.Task):
    def on_success(self, *_):
        raise ValueError('a hook that raises')


@app.task(name='signals.add')
def add(x, y):
    return x + y


@app.task(name='signals.fail')
def fail(why):
    raise ValueError(why)


@app.task(name='signals.retry', bind=True)
def retry(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0)


@app.task(name='signals.expires')
def expires():
    return app.conf.result_expires


@app.task(name='signals.ignore')
def ignore():
    raise Ignore()


@app.task(name='signals.reject')
def reject():
    raise Reject('no', requeue=False)


@app.task(name='signals.parent')
def parent():
    add.apply_async((1, 1), task_id='child')
    traced.apply_async(task_id='traced')


@app.task(name='signals.traced', bind=True)
def traced(self):
    return self.request.get('traced')


@app.task(name='signals.hook', base=Hooked)
def hook():
    return 'done'


@app.task(name='signals.again', bind=True)
def again(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return 'done'


logger = get_task_logger(__name__)


@app.task(name='signals.logs')
def logs():
    logger.debug('below the level')
    logger.info('an ordinary line')
    logger.warning('it may rain')
    logger.error('it rains')


@app.task(name='signals.sleep')
def sleep():
    note('sleeps')
    time.sleep(60)


@app.task(name='signals.die')
def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)
