"""Times Python's proxy: calls_client.py URI calls|batch|large COUNT WARM_UP, prints calls a second."""
import sys
import time

import Pyro4

uri, what, count, warm_up = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
proxy = Pyro4.Proxy(uri)
proxy._pyroBind()
text = "x" * 1000000
for _ in range(200):
    proxy.add(1, 2)
if what == "large":
    for _ in range(warm_up):
        proxy.echo(text)
start = time.perf_counter()
if what == "calls":
    for _ in range(count):
        proxy.add(1, 2)
elif what == "batch":
    batch = Pyro4.batch(proxy)
    for _ in range(count):
        batch.add(1, 2)
    list(batch())
else:
    for _ in range(count):
        proxy.echo(text)
print(count / (time.perf_counter() - start))
