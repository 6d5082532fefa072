"""A task queue with one task. Start a worker:  celery -A addTask worker"""
from celery import Celery

app = Celery('addTask', broker='amqp://guest@localhost//', backend='rpc://')


@app.task
def add(x, y):
    return x + y
