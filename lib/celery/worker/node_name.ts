import { hostname } from "node:os";

/** `celery@host`: a name without `@` is taken for the part before it, `@host` for the part after. */
export function nodeName(name: string | undefined, host = hostname()): string {
  if (name === undefined || name === "") return `celery@${host}`;
  const [before, after] = split(name);
  return after === "" ? `${before}@${host}` : `${before === "" ? "celery" : before}@${after}`;
}

/**
 * Replaces `%h` (host), `%n` (node without host), `%d` (domain), `%i` and `%I` (pool process, here always the main one)
 * and `%%`, as in `-n w1@%h` and `-f %n.log`.
 *
 * Source: celery 5.6 celery/utils/nodenames.py `host_format`, `node_format`
 */
export function expandName(text: string, node: string | undefined, host = hostname()): string {
  const [name, nodeHost] = node === undefined ? ["celery", host] : split(node);
  const fullHost = nodeHost === "" ? host : nodeHost;
  const dot = fullHost.indexOf(".");
  const values = new Map([
    ["h", fullHost],
    ["n", name],
    ["d", dot === -1 ? "" : fullHost.slice(dot + 1)],
    ["p", node ?? ""],
    ["i", "0"],
    ["I", ""],
    ["%", "%"],
  ]);
  return text.replace(/%(.)/g, (whole, letter: string) => values.get(letter) ?? whole);
}

function split(name: string): [before: string, after: string] {
  const at = name.lastIndexOf("@");
  return at === -1 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}
