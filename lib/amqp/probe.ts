import { linkSignals, onAbort } from "../base/abort.ts";
import { type Clock, delay, withDeadline } from "../base/time.ts";
import { connect } from "../net/mod.ts";
import { PROTOCOL_HEADER } from "./wire/handshake.ts";
import type { AmqpUrl } from "./wire/url.ts";

/** How often a broker that was not there is looked for, and how long it may take to say something. */
const PROBE_MS = 1000;

/**
 * Resolves when one of the brokers is there again. That somebody accepts connections is not enough: a proxy does so whose
 * broker is still starting, and the system for one that hangs. Of a broker behind TLS it has to be.
 *
 * @throws `signal.reason`
 */
export async function untilBrokerSpeaks(
  brokers: readonly AmqpUrl[],
  options: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> {
  const found = new AbortController();
  const { signal, unlink } = linkSignals(options.signal, found.signal);
  const look = async (broker: AmqpUrl) => {
    do await delay(PROBE_MS, { signal, clock: options.clock }); while (!await speaks(broker, signal, options.clock));
  };
  try {
    await Promise.race(brokers.map(look));
  } finally {
    found.abort(); // the others need not look any more
    unlink();
  }
}

/** True if it answers our first words. */
async function speaks({ host, port, isTls }: AmqpUrl, signal: AbortSignal, clock: Clock): Promise<boolean> {
  const socket = await connect({ host, port }, { timeoutMs: PROBE_MS, signal }).catch(() => undefined); // not yet
  if (socket === undefined || isTls) {
    socket?.abort();
    return socket !== undefined;
  }
  const unlisten = onAbort(signal, () => socket.abort());
  let hasSpoken = false;
  socket.write(PROTOCOL_HEADER);
  const heard = socket.read(() => {
    hasSpoken = true;
    socket.abort();
  });
  await withDeadline(heard, { timeoutMs: PROBE_MS, clock, what: "hear from the broker" }).catch(() => {}); // told by `hasSpoken`
  unlisten();
  socket.abort();
  return hasSpoken;
}
