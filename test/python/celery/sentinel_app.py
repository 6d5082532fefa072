"""A Python app whose broker and results are found through Redis Sentinel. With an argument: asks the worker of that queue."""
import os
import sys

from celery import Celery

app = Celery('sentinel', broker=os.environ['CELERY_BROKER_URL'], backend=os.environ['CELERY_RESULT_BACKEND'])
app.conf.broker_transport_options = {'master_name': 'mymaster', 'sentinel_kwargs': {'password': 'watchword'}}
app.conf.result_backend_transport_options = app.conf.broker_transport_options


@app.task(name='sentinel.add')
def add(x, y):
    return x + y


if __name__ == '__main__':
    print(add.apply_async((2, 3), queue=sys.argv[1]).get(timeout=30))
