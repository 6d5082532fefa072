/**
 * Monitoring in a program of one's own, beside `app.events`: what stands here is not loaded by those who only send or run tasks.
 * @module
 */
export { Snapshots } from "./snapshots.ts";
export { State } from "./state.ts";
