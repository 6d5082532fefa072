import os

from celery import Celery

URL = os.environ["CELERY_BROKER_URL"]
app = Celery("python_app", broker=URL, backend=URL)


@app.task
def add(x, y):
    return x + y


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, acks_late=True, max_retries=3)
def third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.05, exc=ValueError("not yet"))
    return self.request.retries
