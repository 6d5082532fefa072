import { spawnSync } from "node:child_process";
import { describe } from "vitest";

/** The Python of the Debian packages (another may stand first in PATH), or with PYTHON=PATH in the environment that one. */
export const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";

const PROBES: Readonly<Record<Peer, readonly [command: string, ...args: string[]]>> = {
  "redis-server": ["redis-server", "--version"],
  "rabbitmq-server": ["rabbitmqctl", "version", "--silent"],
  "python-celery": [PYTHON, "-c", "import celery, redis"],
  "python-msgpack": [PYTHON, "-c", "import msgpack"],
  "python-pyro4": [PYTHON, "-c", "import Pyro4"],
  "python-yaml": [PYTHON, "-c", "import yaml"],
  "python": [PYTHON, "--version"],
  "openssl": ["openssl", "version"],
  "tmux": ["tmux", "-V"],
};

/** Real programs that some tests need: Debian's redis-server, rabbitmq-server, python3-celery with python3-redis, python3-pyro4 … */
export type Peer =
  | "redis-server"
  | "rabbitmq-server"
  | "python-celery"
  | "python-msgpack"
  | "python-pyro4"
  | "python-yaml"
  | "python"
  | "openssl"
  | "tmux";

/** Debian's packages of a peer. */
export function packagesOf(peer: Peer): string {
  switch (peer) {
    case "python-celery":
      return "python3-celery with python3-redis";
    case "python-msgpack":
      return "python3-msgpack";
    case "python-pyro4":
      return "python3-pyro4";
    case "python-yaml":
      return "python3-yaml";
    case "python":
      return "python3";
    default:
      return peer;
  }
}

const known = new Map<Peer, boolean>();

/** True if the peer can be started here. */
export function isInstalled(peer: Peer): boolean {
  const before = known.get(peer);
  if (before !== undefined) return before;
  const [command, ...args] = PROBES[peer];
  const found = spawnSync(command, args, { stdio: "ignore" }).status === 0;
  known.set(peer, found);
  return found;
}

/**
 * `describe` for tests that need real peers. Without them the tests are skipped and say so; with PEERS=required
 * in the environment (CI) a missing peer is a failure.
 */
export function describeWithPeers(peers: readonly Peer[], name: string, body: () => void): void {
  const missing = peers.filter((peer) => !isInstalled(peer));
  if (missing.length === 0) return void describe(name, body);
  if (process.env.PEERS === "required") {
    throw new Error(`${name}: PEERS=required, but ${missing.join(", ")} is missing`);
  }
  console.warn(`Skipped "${name}": ${missing.join(", ")} is not installed`);
  describe.skip(name, body);
}
