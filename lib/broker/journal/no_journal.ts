import type { ChangeLog } from "./change_log.ts";

/** The journal of a broker that keeps nothing. */
export const noJournal: ChangeLog = Object.freeze({
  appended: 0,
  refusal: undefined,
  append() {},
  flush() {},
  isSettled: () => true,
  close: () => Promise.resolve(),
});
