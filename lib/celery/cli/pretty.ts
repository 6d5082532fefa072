import { isPlainObject } from "../../base/pyvalue.ts";
import { pyRepr } from "../../base/pyrepr.ts";
import { paint, type Terminal } from "./terminal.ts";

/**
 * A reply of a worker as `celery inspect` prints it: OK or ERROR, and a body.
 *
 * Source: celery 5.6 celery/bin/base.py `CLIContext.pretty`
 */
export function prettyReply(terminal: Terminal, reply: unknown): { readonly status: string; readonly body: string } {
  const okay = paint(terminal, "OK", "green", "bold");
  if (Array.isArray(reply)) return { status: okay, body: prettyList(terminal, reply) };
  if (isPlainObject(reply)) {
    if ("ok" in reply) return { status: okay, body: indent(prettyReply(terminal, reply.ok).body, 4) };
    if ("error" in reply) {
      return {
        status: paint(terminal, "ERROR", "red", "bold"),
        body: indent(prettyReply(terminal, reply.error).body, 4),
      };
    }
    return { status: okay, body: JSON.stringify(sorted(reply), null, 4) };
  }
  return { status: okay, body: typeof reply === "string" ? reply : pyRepr(reply) };
}

function prettyList(terminal: Terminal, items: readonly unknown[]): string {
  if (items.length === 0) return "- empty -";
  const star = paint(terminal, "*", "white");
  return items.map((item) => `${star} ${typeof item === "string" ? item : pyRepr(item)}`).join("\n");
}

/** Every line moved to the right, empty ones too, as Celery does it. */
export function indent(text: string, by: number): string {
  return text.split("\n").map((line) => " ".repeat(by) + line).join("\n");
}

/** Keys in order, at every depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
