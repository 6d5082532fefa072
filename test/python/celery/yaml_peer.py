"""Reads texts, a JSON list, and prints what PyYAML reads in each: null where it refuses, else tagged values."""
import datetime
import json
import sys

import yaml


def tagged(value):
    if isinstance(value, (list, tuple)):
        return {'list': [tagged(item) for item in value]}
    if isinstance(value, dict):
        return {'dict': [[tagged(key), tagged(item)] for key, item in value.items()]}
    if isinstance(value, set):
        return {'set': sorted(repr(item) for item in value)}
    if isinstance(value, datetime.date):
        return {'date': value.isoformat()}
    if isinstance(value, bytes):
        return {'bytes': value.hex()}
    if isinstance(value, float):
        return {'float': repr(value)}
    return {'int': str(value)} if isinstance(value, int) and not isinstance(value, bool) else value


def read(text):
    try:
        return {'value': tagged(yaml.safe_load(text))}
    except Exception:
        return None


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
