"""Times Python's serpent. Each line in is a file with a document; each line out, milliseconds for one dump and one load."""
import sys
import time

import serpent


def timed(document, loops):
    value = serpent.loads(document)
    start = time.perf_counter()
    for _ in range(loops):
        serpent.loads(serpent.dumps(value))
    return (time.perf_counter() - start) * 1000 / loops


for line in sys.stdin:
    path, loops = line.split()
    with open(path, "rb") as file:
        print(timed(file.read(), int(loops)), flush=True)
