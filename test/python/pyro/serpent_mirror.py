"""The other side of the serpent round trip: reads what we wrote, writes what we read.

Lines in, lines out, all base64: `R document` answers the document that Pyro4 writes for what it read;
`G seed count` answers `count` documents of random values; `C document` compares with the value of the last `G`, in order.
"""
import base64
import random
import sys

from Pyro4.util import SerpentSerializer

serializer = SerpentSerializer()
TEXTS = ["", "a", "it's", '"', "both ' and \"", "line\nline", "tab\t\\", "\0\x01\x7f", "käse", "€", "\U0001f600", "\u200b\u2028", "__class", "𝔘nicode"]


def value(rng, depth):
    kind = rng.randrange(14 if depth < 4 else 9)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-1000, 1000)
    if kind == 2:
        return rng.choice([1, -1]) * rng.getrandbits(rng.choice([31, 32, 53, 54, 64, 200]))
    if kind == 3:
        return rng.choice([0.0, -0.0, 1.0, 1e16, 1e-5, 123456789.125, float("inf"), float("-inf")])
    if kind == 4:
        return rng.uniform(-1, 1) * 10 ** rng.randrange(-300, 300)
    if kind in (5, 6):
        return "".join(rng.choice(TEXTS) for _ in range(rng.randrange(5)))
    if kind == 7:
        return bytes(rng.getrandbits(8) for _ in range(rng.randrange(20)))
    if kind == 8:
        return complex(rng.uniform(-9, 9), abs(rng.uniform(-9, 9)))
    size = rng.randrange(5)
    if kind == 9:
        return [value(rng, depth + 1) for _ in range(size)]
    if kind == 10:
        return tuple(value(rng, depth + 1) for _ in range(size))
    if kind == 11:
        return {"k%d%s" % (i, rng.choice(TEXTS)): value(rng, depth + 1) for i in range(size)}
    if kind == 12:
        return {key(rng): value(rng, depth + 1) for _ in range(size)}
    return {key(rng) for _ in range(size + 1)}


def key(rng):
    return rng.choice([rng.randrange(99), rng.uniform(0, 9), rng.choice(TEXTS), True, 2**70, (1, ("a", None)), 1 + 2j])


made = []
for line in sys.stdin:
    command, *words = line.split()
    if command == "G":
        rng = random.Random(int(words[0]))
        made = [value(rng, 0) for _ in range(int(words[1]))]
        for each in made:
            print(base64.b64encode(serializer.dumps(each)).decode())
    elif command == "R":
        print(base64.b64encode(serializer.dumps(serializer.loads(base64.b64decode(words[0])))).decode())
    else:
        expected = serializer.loads(serializer.dumps(made.pop(0)))  # bytes come back as serpent's dict
        got = serializer.loads(base64.b64decode(words[0]))
        print("same" if got == expected and repr(type(got)) == repr(type(expected)) else "%r != %r" % (got, expected))
    sys.stdout.flush()
