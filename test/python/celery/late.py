"""One late-acked task, published with confirmation, for the bench on RabbitMQ."""
from celery import Celery

app = Celery("late")
app.conf.task_acks_late = True
app.conf.broker_transport_options = {"confirm_publish": True}


@app.task(name="late.add")
def add(x, y):
    return x + y
