/**
 * Random commands of each family, right ones and wrong ones, on few keys so that they meet.
 * @module
 */
import type { Seeded } from "../../support/seeded.ts";

export type Family = (random: Seeded) => (string | number)[];

/** Commands whose reply has no order. */
export const UNORDERED: ReadonlySet<string> = new Set(["KEYS", "SMEMBERS", "SPOP", "SINTER", "SUNION", "SDIFF"]);

const key = (random: Seeded) => random.pick(["a", "b", "c", "d"]);
const word = (random: Seeded) =>
  random.pick(["x", "y", "z", "", "10", "-3", "3.5", "\xff\x00", "hello world", "99999999999999999999"]);
const index = (random: Seeded) => random.pick([0, 1, 2, -1, -2, 5, -7, 100, "x"]);
const count = (random: Seeded) => random.pick([0, 1, 2, 3, -1, "x"]);
const score = (random: Seeded) => random.pick([0, 1, 2, -1, "1.5", "inf", "-inf", "nan", "x", "1e3"]);
const member = (random: Seeded) => random.pick(["m1", "m2", "m3", "m4", "\xe9", ""]);

function some<T>(random: Seeded, make: (random: Seeded) => T, most = 3): T[] {
  return Array.from({ length: random.integer(1, most) }, () => make(random));
}

function maybe<T>(random: Seeded, ...words: T[]): T[] {
  return random.integer(0, 3) === 0 ? words : [];
}

/** A command of another kind now and then, so that types clash and keys vanish. */
function mixed(random: Seeded, own: () => (string | number)[]): (string | number)[] {
  switch (random.integer(0, 24)) {
    case 0:
      return ["SET", key(random), word(random)];
    case 1:
      return ["DEL", key(random)];
    case 2:
      return ["TYPE", key(random)];
    case 3:
      return ["RENAME", key(random), key(random)];
    case 4:
      return random.pick([["RPUSH", "a", "1"], ["HSET", "b", "f", "1"], ["SADD", "c", "m1"], ["ZADD", "d", "1", "m1"]]);
    default:
      return own();
  }
}

export const FAMILIES: { readonly [name: string]: Family } = {
  string: (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => [
          "SET",
          key(random),
          word(random),
          ...maybe(random, random.pick(["NX", "XX", "GET", "KEEPTTL", "bad"])),
          ...maybe(random, "EX", random.pick([100, 0, -1, "x"])),
        ],
        () => ["GET", key(random)],
        () => ["GETSET", key(random), word(random)],
        () => ["GETDEL", key(random)],
        () => ["GETEX", key(random), ...maybe(random, "PERSIST"), ...maybe<string | number>(random, "EX", 100)],
        () => ["SETNX", key(random), word(random)],
        () => [
          "SETEX",
          key(random),
          random.pick<string | number>([100, 0, -1, "x", "9223372036854775807"]),
          word(random),
        ],
        () => ["MGET", ...some(random, key)],
        () => ["MSET", ...some(random, key).flatMap((name) => [name, word(random)]), ...maybe(random, "odd")],
        () => ["MSETNX", ...some(random, key).flatMap((name) => [name, word(random)])],
        () => ["APPEND", key(random), word(random)],
        () => ["STRLEN", key(random)],
        () => ["GETRANGE", key(random), index(random), index(random)],
        () => ["SETRANGE", key(random), random.pick([0, 3, 10, -1]), word(random)],
        () => [random.pick(["INCR", "DECR"]), key(random)],
        () => [
          random.pick(["INCRBY", "DECRBY"]),
          key(random),
          random.pick([1, -5, "9223372036854775807", "-9223372036854775808", "x", " 1", "01"]),
        ],
        () => [
          "INCRBYFLOAT",
          random.pick(["float", "float", "a"]),
          random.pick(["0.25", "0.5", "-1.5", "1e2", "x", "3"]),
        ],
      ])()),
  key: (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => ["SET", key(random), word(random)],
        () => ["EXISTS", ...some(random, key)],
        () => [random.pick(["DEL", "UNLINK"]), ...some(random, key)],
        () => ["KEYS", random.pick(["*", "?", "[a-c]", "[^a]", "a*", "\\a", "", "*b*", "[", "[]"])],
        () => ["RENAMENX", key(random), key(random)],
        () => [
          "COPY",
          key(random),
          key(random),
          ...maybe(random, "REPLACE"),
          ...maybe(random, "DB", random.pick([0, 1, 99, "x"])),
        ],
        () => ["MOVE", key(random), random.pick([0, 1, 16, "x"])],
        () => [
          random.pick(["EXPIRE", "PEXPIRE"]),
          key(random),
          random.pick([1000, 100000, -1, 0, "x"]),
          ...maybe(random, random.pick(["NX", "XX", "GT", "LT", "zz"])),
        ],
        () => ["EXPIREAT", key(random), random.pick([4102444800, 4102444900, 1])],
        () => ["PEXPIREAT", "fixed", random.pick([4102444800123, 4102444800900])],
        () => ["SET", "fixed", 1],
        () => [random.pick(["EXPIRETIME", "PEXPIRETIME"]), random.pick(["fixed", "missing"])],
        () => ["PERSIST", key(random)],
        () => ["DBSIZE"],
        () => ["SELECT", random.pick([0, 0, 0, 1, 16, "x"])],
        () => ["TOUCH", ...some(random, key)],
        () => ["NOSUCHCOMMAND", "a", "b"],
        () => ["get"],
        () => ["FLUSHDB", ...maybe(random, random.pick(["SYNC", "ASYNC", "bad"]))],
      ])()),
  list: (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => [random.pick(["LPUSH", "RPUSH", "lpush"]), key(random), ...some(random, word)],
        () => [random.pick(["LPUSHX", "RPUSHX"]), key(random), ...some(random, word)],
        () => [random.pick(["LPOP", "RPOP"]), key(random), ...maybe(random, count(random))],
        () => ["LLEN", key(random)],
        () => ["LRANGE", key(random), index(random), index(random)],
        () => ["LINDEX", key(random), random.pick([0, 1, -1, 5, -9])],
        () => ["LSET", key(random), random.pick([0, 1, -1, 9, -9]), word(random)],
        () => ["LINSERT", key(random), random.pick(["BEFORE", "after", "BESIDE"]), word(random), word(random)],
        () => ["LREM", key(random), random.pick([0, 1, -1, 2, "x"]), word(random)],
        () => ["LTRIM", key(random), index(random), index(random)],
        () => [
          "LPOS",
          key(random),
          word(random),
          ...maybe<string | number>(random, "RANK", random.pick([1, -1, 2, 0])),
          ...maybe<string | number>(random, "COUNT", random.pick([0, 1, 2, -1])),
        ],
        () => ["RPOPLPUSH", key(random), key(random)],
        () => ["LMOVE", key(random), key(random), random.pick(["LEFT", "RIGHT", "UP"]), random.pick(["left", "RIGHT"])],
        () => [
          "LMPOP",
          random.pick([1, 2, 0, "x"]),
          key(random),
          key(random),
          random.pick(["LEFT", "RIGHT"]),
          ...maybe<string | number>(random, "COUNT", count(random)),
        ],
      ])()),
  hash: (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => [
          random.pick(["HSET", "HMSET"]),
          key(random),
          ...some(random, member).flatMap((field) => [field, word(random)]),
          ...maybe(random, "odd"),
        ],
        () => ["HSETNX", key(random), member(random), word(random)],
        () => ["HGET", key(random), member(random)],
        () => ["HMGET", key(random), ...some(random, member)],
        () => ["HGETALL", key(random)],
        () => [random.pick(["HKEYS", "HVALS", "HLEN"]), key(random)],
        () => [random.pick(["HEXISTS", "HSTRLEN"]), key(random), member(random)],
        () => ["HDEL", key(random), ...some(random, member)],
        () => ["HINCRBY", key(random), member(random), random.pick([1, -7, 4000000000, "x"])],
        () => ["HINCRBYFLOAT", key(random), member(random), random.pick(["0.5", "-1.25", "x"])],
      ])()),
  set: (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => ["SADD", key(random), ...some(random, member)],
        () => ["SREM", key(random), ...some(random, member)],
        () => ["SMEMBERS", key(random)],
        () => ["SISMEMBER", key(random), member(random)],
        () => ["SMISMEMBER", key(random), ...some(random, member)],
        () => ["SCARD", key(random)],
        () => ["SMOVE", key(random), key(random), member(random)],
        () => ["SPOP", key(random), 100],
        () => [random.pick(["SINTER", "SUNION", "SDIFF"]), ...some(random, key)],
        () => [random.pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), key(random), ...some(random, key)],
        () => [
          "SINTERCARD",
          2,
          key(random),
          key(random),
          ...maybe<string | number>(random, "LIMIT", random.pick([0, 1, -1])),
        ],
      ])()),
  "sorted set": (random) =>
    mixed(random, () =>
      random.pick<() => (string | number)[]>([
        () => [
          "ZADD",
          key(random),
          ...maybe(random, random.pick(["NX", "XX"])),
          ...maybe(random, random.pick(["GT", "LT"])),
          ...maybe(random, "CH"),
          ...maybe(random, "INCR"),
          ...some(random, member).flatMap((name) => [score(random), name]),
        ],
        () => ["ZADD", key(random), ...some(random, member).flatMap((name) => [random.integer(-3, 3), name])],
        () => ["ZADD", "lex", ...some(random, member).flatMap((name) => [0, name])],
        () => ["ZINCRBY", key(random), score(random), member(random)],
        () => ["ZREM", key(random), ...some(random, member)],
        () => ["ZSCORE", key(random), member(random)],
        () => ["ZMSCORE", key(random), ...some(random, member)],
        () => [random.pick(["ZRANK", "ZREVRANK"]), key(random), member(random)],
        () => ["ZCARD", key(random)],
        () => ["ZCOUNT", key(random), random.pick(["-inf", "(1", 0, "x"]), random.pick(["+inf", "(1", 2])],
        () => [
          "ZRANGE",
          key(random),
          index(random),
          index(random),
          ...maybe(random, "REV"),
          ...maybe(random, "WITHSCORES"),
        ],
        () => [
          "ZRANGE",
          key(random),
          random.pick(["-inf", "(0", 1, "(inf"]),
          random.pick(["+inf", 2, "-inf"]),
          "BYSCORE",
          ...maybe(random, "REV"),
          ...maybe<string | number>(random, "LIMIT", random.pick([0, 1, -1]), random.pick([1, 2, -1])),
          ...maybe(random, "WITHSCORES"),
        ],
        () => [
          "ZRANGE",
          "lex",
          random.pick(["-", "[m2", "(m2", "+", "m"]),
          random.pick(["+", "[m3", "-"]),
          "BYLEX",
          ...maybe(random, "REV"),
          ...maybe(random, "WITHSCORES"),
        ],
        () => ["ZREVRANGE", key(random), index(random), index(random), ...maybe(random, "WITHSCORES")],
        () => [
          random.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]),
          key(random),
          random.pick(["-inf", "+inf", "(1", 2]),
          random.pick(["-inf", "+inf", "(2", 0]),
          ...maybe(random, "WITHSCORES"),
          ...maybe<string | number>(random, "LIMIT", random.pick([0, 1]), random.pick([1, -1])),
        ],
        () => [
          random.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]),
          "lex",
          random.pick(["-", "+", "[m1", "(m3"]),
          random.pick(["-", "+", "[m4", "(m2"]),
        ],
        () => ["ZLEXCOUNT", "lex", random.pick(["-", "[m2"]), random.pick(["+", "(m3"])],
        () => ["ZREMRANGEBYRANK", key(random), index(random), index(random)],
        () => ["ZREMRANGEBYSCORE", key(random), random.pick(["-inf", "(1", 3]), random.pick(["0", "(2", "x"])],
        () => ["ZREMRANGEBYLEX", "lex", random.pick(["[m1", "(m2"]), random.pick(["[m2", "(m3"])],
        () => [random.pick(["ZPOPMIN", "ZPOPMAX"]), key(random), ...maybe(random, count(random))],
      ])()),
};
