// A chain of objects, each of which calls the next:  chainTopology.ts 1 2  runs link 1, which forwards to link 2.
// Without arguments: three links in processes of their own, and a client that sends a message around.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as Pyro from "../lib/pyro/mod.ts";

export class Chain {
  static readonly exposed = ["process"];
  readonly name: string;
  readonly nextName: string;

  constructor(name: string, nextName: string) {
    this.name = name;
    this.nextName = nextName;
  }

  async process(message: string[]): Promise<string[]> {
    if (message.includes(this.name)) {
      console.log("Back at", this.name + ", the chain is closed");
      return [`complete at ${this.name}`];
    }
    console.log(this.name, "forwards the message to", this.nextName);
    message.push(this.name);
    const following = new Pyro.Proxy<Chain>(`PYRONAME:example.chain.${this.nextName}`);
    const result = await following.process(message);
    await following._pyroRelease();
    result.unshift(`passed on from ${this.name}`);
    return result;
  }
}

async function startLink(name: string, nextName: string) {
  process.once("disconnect", () => process.exit()); // a link that was forked ends with who forked it,
  if (process.send && !process.connected) process.exit(); //   even if that was while the link was still loading
  const daemon = await Pyro.Daemon.start();
  const uri = daemon.register(new Chain(name, nextName));
  const nameServer = await Pyro.locateNS();
  await nameServer.register(`example.chain.${name}`, uri);
  console.log("Link", name, "is ready");
  await daemon.requestLoop();
}

/** Runs this very script as a link, and resolves once it is ready. */
async function forkLink(name: string, nextName: string) {
  const link = fork(fileURLToPath(import.meta.url), [name, nextName], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  link.stdout?.pipe(process.stdout);
  await once(link.stdout ?? link, "data");
  return link;
}

async function showChain() {
  const ownNameServer = await Pyro.locateNS().then(() => undefined, () => Pyro.startNS());
  const links = await Promise.all([forkLink("1", "2"), forkLink("2", "3"), forkLink("3", "1")]);

  try {
    const chain = new Pyro.Proxy<Chain>("PYRONAME:example.chain.1");
    for (const line of await chain.process([])) console.log(line);
    await chain._pyroRelease();
  } finally {
    for (const link of links) link.kill();
    await ownNameServer?.close();
  }
}

const [name, nextName] = process.argv.slice(2);
if (name === undefined || nextName === undefined) await showChain();
else await startLink(name, nextName);
