"""A schedule for Python's beat:  celery -A beat_schedule beat -b redis://…"""
from celery import Celery

app = Celery('beat_schedule')
app.conf.beat_schedule = {
    'often': {'task': 'proj.echo', 'schedule': 0.2, 'args': ['often'], 'options': {'queue': 'from-python'}},
}
