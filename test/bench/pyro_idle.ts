/**
 * What an idle client costs a daemon: resident memory for connections that were greeted and then said nothing more.
 * @module
 */
import { connect } from "node:net";
import { once } from "node:events";
import { utf8 } from "../../lib/base/bytes.ts";
import { NO_ANNOTATIONS } from "../../lib/pyro/wire/annotations.ts";
import { encodeMessage, Flag, MessageType } from "../../lib/pyro/wire/message.ts";
import { eventually } from "../support/eventually.ts";
import { Program, script } from "../support/program.ts";
import { type Bench, runAlone } from "./harness.ts";

const CLIENTS = 2000;
const PROMISED_KB = 20;

const GREETING = encodeMessage({
  type: MessageType.connect,
  flags: Flag.metaOnConnect,
  seq: 0,
  serializerId: 1,
  annotations: NO_ANNOTATIONS,
  payload: utf8("# serpent utf-8 python3.2\n{'handshake':'hello','object':'bench.calls'}"),
});

/** Resident bytes of the daemon's process, as it counts them itself. */
async function residentBytes(daemon: Program): Promise<number> {
  const lines = () => [...daemon.stdout.matchAll(/RSS (\d+)/g)];
  const before = lines().length;
  daemon.child.stdin?.write("\n");
  const line = await eventually("the daemon has counted", () => lines()[before]);
  return Number(line[1]);
}

export const bench: Bench = {
  name: "pyro_idle",
  about: "Pyro: resident memory of the daemon for each of 2,000 idle connections.",
  async run() {
    const [command, args] = script("test/bench/pyro/calls_server.ts");
    const daemon = new Program(command, ["--expose-gc", ...args]);
    try {
      const [, port = ""] = await daemon.printed(/READY PYRO:\S+:(\d+) /);
      const greet = async () => {
        const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
        socket.write(GREETING);
        await once(socket, "data");
        return socket;
      };
      for (let i = 0; i < CLIENTS; i++) (await greet()).destroy(); // what a busy daemon has allocated before
      const before = await residentBytes(daemon);
      const sockets = [];
      for (let i = 0; i < CLIENTS; i++) sockets.push(await greet());
      const kilobytes = (await residentBytes(daemon) - before) / CLIENTS / 1000;
      for (const socket of sockets) socket.destroy();
      return [{
        what: `an idle connection, of ${CLIENTS}`,
        against: "the promise",
        unit: "kB",
        moreIsBetter: false,
        ours: kilobytes,
        theirs: PROMISED_KB,
        target: 1,
      }];
    } finally {
      await daemon.stop();
    }
  },
};

await runAlone(import.meta.url, bench);
