"""Runs the tasks of signals_app.py here and now; what is said of them is written down as by a worker."""
import signals_app

for name in ['add', 'fail', 'again', 'ignore', 'reject']:
    args = {'add': (1, 2), 'fail': ('boom',)}.get(name, ())
    signals_app.app.tasks[f'signals.{name}'].apply(args, task_id=name)
