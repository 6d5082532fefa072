"""Sends a task to an exchange without queues, as `mandatory`:  mandatory.py BROKER"""
import sys

from celery import Celery
from kombu import Exchange

app = Celery('mandatory', broker=sys.argv[1])
app.conf.broker_transport_options = {'confirm_publish': True}

with app.connection() as connection:
    Exchange('lonely')(connection.default_channel).declare()
try:
    app.send_task('t.t', exchange='lonely', routing_key='nowhere', mandatory=True)
except Exception as error:
    print(type(error).__name__, error)
