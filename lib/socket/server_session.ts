import { asError, ConnectionError, ProtocolError } from "../base/errors.ts";
import { utf8 } from "../base/bytes.ts";
import { systemClock, withDeadline } from "../base/time.ts";
import type { Connection } from "../net/mod.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { failureOf, TransferError } from "./errors.ts";
import { receiveFiles } from "./receive_files.ts";
import { sendFiles } from "./send_files.ts";
import type { ServerSettings } from "./server_options.ts";
import { isProof, newNonce, proofOf } from "./shared_secret.ts";
import { SourceList } from "./source.ts";
import { timeString } from "./time_string.ts";
import { Session } from "./session.ts";
import type { Get, Hello, Message, Offer } from "./wire/message.ts";
import type { Incoming, Line } from "./wire/session_codec.ts";

/**
 * Serves one connection until its peer has had enough: strings and files in frames, strings as plain lines, the time to
 * whoever says nothing.
 *
 *     (silence) ──> time string, closed
 *     hello ──> challenge ──> proof ──> welcome ──┐      only if the server has a secret, or the client asks for it
 *     text ──> text │ offer ──> … done │ get ──> offer … done     as often as the client likes
 *     line ──> line
 */
export async function serveSession(connection: Connection, settings: ServerSettings): Promise<void> {
  const { maxTextBytes, idleTimeoutMs } = settings;
  const session = Session.ofServer(connection, { maxTextBytes, idleTimeoutMs, leaveBroken: true });
  try {
    const first = await firstMessage(session, settings.silenceMs);
    if (first === undefined) {
      await connection.send(utf8(timeString(settings.clock.now())));
      return await session.close();
    }
    await new ServerSession(session, settings).run(first);
    await session.close();
  } catch (error) {
    await refuse(session, error);
    throw error;
  }
}

/** `undefined` for a peer that says nothing: after `silenceMs`, or by ending its side. */
async function firstMessage(session: Session, silenceMs: number): Promise<Incoming | undefined> {
  if (silenceMs === 0) return await session.next();
  const hush = new AbortController();
  const timer = systemClock.after(silenceMs, () => {
    if (session.connection.bytesRead === 0) hush.abort();
  });
  try {
    return await session.next({ signal: hush.signal });
  } catch (error) {
    if (hush.signal.aborted && error === hush.signal.reason) return undefined;
    throw error;
  } finally {
    timer.cancel();
  }
}

/** Tells a peer why it is dropped, in its own way of speaking, if it still listens. */
async function refuse(session: Session, error: unknown): Promise<void> {
  if (!session.connection.isOpen) return;
  const failure = failureOf(error);
  if (session.isText) session.connection.write(utf8(`${failure.reason}\n`));
  else session.write({ kind: "error", ...failure });
  await session.close(500);
}

class ServerSession {
  readonly #session: Session;
  readonly #settings: ServerSettings;
  #hasProved: boolean;

  constructor(session: Session, settings: ServerSettings) {
    this.#session = session;
    this.#settings = settings;
    this.#hasProved = settings.secret === undefined;
  }

  async run(first: Incoming): Promise<void> {
    for (let message: Incoming | undefined = first; message !== undefined; message = await this.#session.next()) {
      await this.#serve(message);
    }
  }

  async #serve(message: Incoming): Promise<void> {
    if (message.kind === "hello") return await this.#authenticate(message);
    if (message.kind === "working") return;
    if (!this.#hasProved) {
      throw new TransferError("Cannot serve the request: this server asks for a shared secret", "secret");
    }
    switch (message.kind) {
      case "line":
        return await this.#answerLine(message);
      case "text":
        return await this.#answerText(message.text);
      case "offer":
        return await this.#receive(message);
      case "get":
        return await this.#send(message);
      default:
        throw new ProtocolError(`Cannot serve the request: ${message.kind} came out of turn`);
    }
  }

  async #answerLine({ text, isOpen }: Line): Promise<void> {
    const answer = await this.#reply(text).catch((error: Error) => error.message);
    await this.#session.connection.send(utf8(isOpen ? answer : `${answer}\n`));
  }

  async #answerText(text: string): Promise<void> {
    const answer = await this.#reply(text).then((answer): Message => ({ kind: "text", text: answer }), failureMessage);
    await this.#session.send(answer);
  }

  async #reply(text: string): Promise<string> {
    try {
      return await this.#settings.reply(text, this.#session.peer);
    } catch (error) {
      throw new TransferError(`Cannot answer: ${asError(error).message}`, "reply", { cause: error });
    }
  }

  async #receive(offer: Offer): Promise<void> {
    const { folder, existing, events, limit } = this.#settings;
    if (folder === undefined) {
      return await this.#session.send(
        failureMessage(new TransferError("Cannot take files: this server has no folder for them", "refused")),
      );
    }
    const wished = offer.existing ?? existing;
    const agreed = wished === "overwrite" ? existing : wished; // only who runs the server may let files be replaced
    await receiveFiles(this.#session, offer, folder, { existing: agreed, events, limit });
  }

  async #send({ names, digest }: Get): Promise<void> {
    const { folder, events, limit } = this.#settings;
    if (folder === undefined) {
      return await this.#session.send(
        failureMessage(new TransferError("Cannot give files: this server has no folder", "refused")),
      );
    }
    const list = await this.#find(folder, names);
    if (list === undefined) return;
    try {
      await sendFiles(this.#session, list, { digest, events, limit });
    } finally {
      await list.close();
    }
  }

  async #find(folder: ConfinedFolder, names: readonly string[]): Promise<SourceList | undefined> {
    try {
      return await SourceList.ofNames(folder, names);
    } catch (error) {
      await this.#session.send(failureMessage(error));
      return undefined;
    }
  }

  async #authenticate({ nonce: client }: Hello): Promise<void> {
    const nonces = { client, server: newNonce() };
    const secret = this.#settings.secret ?? "";
    await this.#session.send({ kind: "challenge", nonce: nonces.server });
    const proof = await withDeadline(this.#session.next(), { timeoutMs: 10_000, what: "prove the shared secret" });
    if (proof === undefined) throw new ConnectionError("Cannot prove the shared secret: the client left");
    if (proof.kind !== "proof") throw new ProtocolError(`Cannot prove the shared secret: ${proof.kind} came instead`);
    if (!isProof(proof.mac, proofOf(secret, "client", nonces))) {
      throw new TransferError("Cannot serve the connection: the shared secret is another", "secret");
    }
    this.#hasProved = true;
    await this.#session.send({ kind: "welcome", mac: proofOf(secret, "server", nonces) });
  }
}

/** The request failed; the connection is good for the next. */
function failureMessage(error: unknown): Message {
  return { kind: "error", ...failureOf(error) };
}
