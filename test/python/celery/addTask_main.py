"""Sends one addition to the worker and prints the sum."""
import addTask

result = addTask.add.delay(5, 5)
print('Task sent:', result.id)
print('5 + 5 =', result.get(timeout=30))
