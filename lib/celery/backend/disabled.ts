// deno-lint-ignore-file require-await -- async by interface: what is thrown has to reject
import { UsageError } from "../../base/errors.ts";
import type { ResultBackend } from "./backend.ts";
import type { BackendOptions } from "./options.ts";

const NO_RESULTS = "No result backend is configured: set resultBackend, or new Celery(name, { backend })";

/**
 * No result backend: results are dropped, and whoever asks for one is told why there is none.
 *
 * Spec: celery 5.6 celery/backends/base.py `DisabledBackend`
 */
export function createDisabledBackend({ replyTo }: BackendOptions): ResultBackend {
  const refuse = (attempt: string) => () =>
    Promise.reject(new UsageError(`Cannot ${attempt}: ${NO_RESULTS}`, { code: "ERR_STATE" }));
  return {
    name: "disabled",
    uri: "disabled://",
    noChordReason: NO_RESULTS,
    replyTo,
    ready: async () => {},
    expect: async () => {},
    store: async () => true,
    get: refuse("read the result"),
    getMany: refuse("read the results"),
    watch: () => {
      const failed = refuse("wait for the result")();
      failed.catch(() => {}); // told to whoever waits
      return { close() {}, failed };
    },
    forget: refuse("forget the result"),
    saveGroup: refuse("save the group"),
    restoreGroup: refuse("restore the group"),
    deleteGroup: refuse("delete the group"),
    setChordSize: refuse("start the chord"),
    growChord: refuse("add to the chord"),
    addChordPart: refuse("count a part of the chord"),
    deleteChord: refuse("end the chord"),
    close: async () => {},
  };
}
