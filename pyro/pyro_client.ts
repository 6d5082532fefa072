// Asks for a name and prints the server's greeting. The name may also be an argument, or come through a pipe.
import process from "node:process";
import { createInterface } from "node:readline/promises";
import * as Pyro from "../lib/pyro/mod.ts";
import type { Server } from "./pyro_server.ts";

async function askForName(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const name = await terminal.question("What is your name? ");
  terminal.close();
  return name.trim();
}

const server = new Pyro.Proxy<Server>("PYRONAME:server");
const name = process.argv[2] ?? await askForName();
console.log(await server.welcomeMessage(name));
await server._pyroRelease();
