import { connect, createServer, type Server, type Socket } from "node:net";

/** Seen from the client: what it sends goes up, what it receives comes down. */
export type Direction = "up" | "down";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly seen: Record<Direction, number>;
}

/**
 * A TCP proxy that does what networks do: cuts, swallows, slows down, refuses. Faults can be changed at any time and hold for
 * open connections as well, except for `cutAfter`, which counts from a connection's first byte.
 */
export class FaultProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** Every socket that is open: in silence one side of a link stays when the other has gone. */
  readonly #sockets = new Set<Socket>();
  readonly #cuts = new Map<Direction, number>();
  /** Half-open: everything is swallowed both ways, and no end is passed on. */
  silent = false;
  /** New connections are closed at once. */
  refusing = false;
  /** Each chunk is passed on so much later. */
  delayMs = 0;
  /** Chunks are cut into pieces so small, sent one after the other. 0 = as they come. */
  pieceBytes = 0;
  /** Connections accepted so far, refused ones included. */
  accepted = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(target: { host: string; port: number } | { path: string }): Promise<FaultProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => proxy.#accept(client, target));
      const proxy = new FaultProxy(server);
      server.once("error", reject).listen(0, "127.0.0.1", () => resolve(proxy));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("The proxy is stopped");
    return address.port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Resets each later connection after so many bytes in one direction; undefined lets all pass again. */
  cutAfter(direction: Direction, bytes: number | undefined): void {
    if (bytes === undefined) this.#cuts.delete(direction);
    else this.#cuts.set(direction, bytes);
  }

  /** Resets every open connection now. */
  cut(): void {
    for (const link of this.#links) this.#reset(link);
  }

  stop(): Promise<void> {
    this.cut();
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket, target: { host: string; port: number } | { path: string }): void {
    this.accepted++;
    client.on("error", () => {}); // the other side is told by #reset
    if (this.refusing) return void client.destroy();
    const server = connect({ ...target, allowHalfOpen: true });
    server.on("error", () => {});
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    const link: Link = { client, server, seen: { up: 0, down: 0 } };
    this.#links.add(link);
    this.#pass(link, "up", client, server);
    this.#pass(link, "down", server, client);
  }

  #pass(link: Link, direction: Direction, from: Socket, to: Socket): void {
    from.on("data", (chunk) => {
      if (this.silent) return;
      const limit = this.#cuts.get(direction) ?? Infinity;
      const left = limit - link.seen[direction];
      link.seen[direction] += chunk.length;
      this.#send(to, chunk.subarray(0, Math.max(0, Math.min(chunk.length, left))));
      // What was written reaches the other side before the reset: a reset at once would discard it.
      if (chunk.length >= left) to.end(() => setImmediate(() => this.#reset(link)));
    });
    from.on("end", () => this.silent || to.end());
    from.on("close", () => {
      this.#links.delete(link);
      if (!this.silent) to.destroy();
    });
  }

  #send(to: Socket, bytes: Buffer): void {
    const step = this.pieceBytes || bytes.length || 1;
    for (let at = 0; at < bytes.length; at += step) {
      const piece = bytes.subarray(at, at + step);
      if (this.delayMs === 0) to.write(piece);
      else setTimeout(() => to.destroyed || to.write(piece), this.delayMs);
    }
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    for (const socket of [link.client, link.server]) socket.resetAndDestroy();
  }
}
