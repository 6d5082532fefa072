import json

from celery import chord

from python_app import add, app, third_time, total

many = [add.apply_async((i, 0), priority=i % 10) for i in range(100)]
print(json.dumps({
    "sum": add.delay(5, 5).get(timeout=20),
    "many": sum(result.get(timeout=20) for result in many),
    "chord": chord([add.s(i, i) for i in range(10)])(total.s()).get(timeout=20),
    "retried": third_time.delay().get(timeout=20),
    "ping": app.control.ping(timeout=2, destination=["w@broker"]),
}))
