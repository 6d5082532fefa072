"""The app of the RabbitMQ matrix: one task, and a classic and a quorum queue for each worker. Run as a program it is a client."""
import celery
import kombu
from celery import Celery
from kombu import Exchange, Queue

if celery.VERSION < (5, 5):  # asks for a credit that is shared by all queues, which quorum queues refuse
    kombu.Connection.qos_semantics_matches_spec = True


def queue(name, kind):
    arguments = {"x-queue-type": "quorum"} if kind == "quorum" else {"x-max-priority": 9}
    return Queue(f"{name}-{kind}", Exchange(f"{name}-{kind}"), f"{name}-{kind}", queue_arguments=arguments)


app = Celery("matrix")
app.conf.task_queues = [queue(name, kind) for name in ("python", "ours") for kind in ("classic", "quorum")]


@app.task(name="matrix.add")
def add(x, y):
    return x + y


if __name__ == "__main__":
    sent = {q.name: add.apply_async((5, 5), queue=q.name) for q in app.conf.task_queues}
    for name, result in sent.items():
        print(name, result.get(timeout=60), flush=True)
