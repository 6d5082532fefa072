import type { MonitorEvent } from "../events/event.ts";
import type { CommandContext } from "./command.ts";

/**
 * Hears events until the command is interrupted.
 *
 * @param onOutage told when the broker is lost, and with undefined when it is back
 */
export async function hearEvents(
  { app, signal }: CommandContext,
  listener: (event: MonitorEvent) => void,
  onOutage: (reason: Error | undefined) => void,
): Promise<void> {
  try {
    const receiver = await app.events.receive(listener, { signal, onOutage });
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    await receiver.close();
  } catch (error) {
    if (!signal.aborted) throw error; // interrupted while the broker was waited for
  }
}
