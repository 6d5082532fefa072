// Offers one object under the name "server". If there is no name server, it starts one of its own.
import * as Pyro from "../lib/pyro/mod.ts";

export class Server {
  static readonly exposed = ["welcomeMessage"];

  welcomeMessage(name: string): string {
    return `Hi welcome ${name}`;
  }
}

async function findOrStartNameServer() {
  try {
    return await Pyro.locateNS();
  } catch (error) {
    if (!(error instanceof Pyro.errors.NamingError)) throw error;
    const nameServer = await Pyro.startNS();
    console.log("There was no name server, so this program is one now: uri =", String(nameServer.uri));
    return await Pyro.locateNS();
  }
}

async function startServer() {
  const daemon = await Pyro.Daemon.start();
  const uri = daemon.register(Server);
  const nameServer = await findOrStartNameServer();
  await nameServer.register("server", uri);
  console.log("Ready. Object uri =", String(uri));
  await daemon.requestLoop();
}

await startServer();
