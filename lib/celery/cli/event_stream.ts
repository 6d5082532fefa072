import type { MonitorEvent } from "../events/event.ts";
import type { CommandContext } from "./command.ts";

/**
 * Hears events until the command is interrupted.
 *
 * @param onOutage told of a broker that is lost, or cannot be reached to begin with (`wasThere` false)
 */
export async function hearEvents(
  { app, signal }: CommandContext,
  listener: (event: MonitorEvent) => void,
  onOutage: (reason: Error, wasThere: boolean) => void,
): Promise<void> {
  let wasThere = false;
  try {
    const receiver = await app.events.receive(listener, {
      signal,
      onOutage: (reason) => {
        if (reason !== undefined) onOutage(reason, wasThere);
      },
    });
    wasThere = true;
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    await receiver.close();
  } catch (error) {
    if (!signal.aborted) throw error; // interrupted while the broker was waited for
  }
}
