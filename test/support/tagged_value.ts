import { Buffer } from "node:buffer";
import { Decimal, PyDate, PyDateTime, PyFloat, Tuple, Uuid } from "../../lib/base/pyvalue.ts";

/** Values that fixtures show as Python's `repr`, because JSON has none of them. */
const BY_REPR: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["b'ab\\x00'", Buffer.from("ab\0")],
  ["Decimal('1.5')", new Decimal("1.5")],
  ["UUID('00000000-0000-0000-0000-000000000001')", new Uuid("00000000-0000-0000-0000-000000000001")],
  ["datetime.date(2020, 1, 2)", new PyDate(2020, 1, 2)],
  ["datetime.datetime(2020, 1, 2, 3, 4, 5)", PyDateTime.parse("2020-01-02T03:04:05")],
]);

/** The value of a fixture's tags: `{"tuple": […]}`, `{"list": […]}`, `{"dict": [[k, v]…]}`, `{"int": "1"}`, `{"float": "1.0"}`, `{"repr": "…"}`. */
export function fromTagged(tagged: unknown): unknown {
  if (typeof tagged !== "object" || tagged === null) return tagged;
  const [tag, value] = Object.entries(tagged)[0] ?? [];
  switch (tag) {
    case "tuple":
      return Tuple.fromItems((value as unknown[]).map(fromTagged));
    case "list":
      return (value as unknown[]).map(fromTagged);
    case "set":
      return new Set((value as unknown[]).map(fromTagged));
    case "dict":
      return new Map((value as [unknown, unknown][]).map(([key, item]) => [fromTagged(key), fromTagged(item)]));
    case "int":
      return BigInt(value as string);
    case "float":
      return new PyFloat(Number((value as string).replace("inf", "Infinity").replace("nan", "NaN")));
    case "repr":
      if (BY_REPR.has(value as string)) return BY_REPR.get(value as string);
  }
  throw new Error(`No value for ${JSON.stringify(tagged)}`);
}
