"""Asks for results in every way that rpc:// has:  states.py QUEUE"""
import sys
import time

from celery import group
from matrix import add, app

queue = sys.argv[1]
polled = add.apply_async((5, 5), queue=queue)
while not polled.ready():  # each look takes messages from the queue, and puts them back
    time.sleep(0.05)
print(polled.state, polled.result)
print(group(add.s(i, i).set(queue=queue) for i in range(5)).apply_async().get(timeout=30))
failed = app.send_task('matrix.add', (5, 5, 5), queue=queue)
try:
    failed.get(timeout=30)
except TypeError:
    print('TypeError', failed.state)
print(polled.get(timeout=30))
