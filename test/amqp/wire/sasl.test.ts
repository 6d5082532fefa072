import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { chooseMechanism, saslResponse } from "../../../lib/amqp/wire/sasl.ts";

const credentials = { user: "joe", password: "pä:ss" };

describe("saslResponse", () => {
  // printf-ed from amqp.sasl.PLAIN("joe", "pä:ss").start(None) and AMQPLAIN
  test.each(
    [
      ["PLAIN", "006a6f65 0070c3a43a7373"],
      ["AMQPLAIN", "054c4f47494e53000000036a6f65 0850415353574f524453000000 0670c3a43a7373"],
      ["EXTERNAL", ""],
    ] as const,
  )("answers %s as py-amqp does", (mechanism, hex) => {
    expect(Buffer.from(saslResponse(mechanism, credentials)).toString("hex")).toBe(hex.replaceAll(" ", ""));
  });
});

describe("chooseMechanism", () => {
  test("prefers PLAIN, takes AMQPLAIN, and never EXTERNAL unasked", () => {
    expect(chooseMechanism("AMQPLAIN PLAIN EXTERNAL", undefined)).toBe("PLAIN");
    expect(chooseMechanism("EXTERNAL AMQPLAIN", undefined)).toBe("AMQPLAIN");
    expect(() => chooseMechanism("EXTERNAL", undefined)).toThrow("the server offers EXTERNAL");
  });

  test("takes the one that was asked for", () => {
    expect(chooseMechanism("PLAIN EXTERNAL", "EXTERNAL")).toBe("EXTERNAL");
  });
});
