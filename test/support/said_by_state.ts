import type { MonitoredTask } from "../../lib/celery/events/monitored_task.ts";
import type { MonitoredWorker } from "../../lib/celery/events/monitored_worker.ts";
import type { State } from "../../lib/celery/events/state.ts";

/** What a State says, as `say` of `test/fixtures/capture/celery_events.py` writes it of Python's. */
export interface Said {
  readonly event_count: number;
  readonly task_count: number;
  readonly tasks: readonly Record<string, unknown>[];
  readonly workers: readonly Record<string, unknown>[];
  readonly by_time: readonly string[];
  readonly by_time_forward: readonly string[];
  readonly types: readonly string[];
  readonly adds: readonly string[];
}

const orNull = (value: unknown) => value ?? null;

export function saidBy(state: State): Said {
  const ids = (tasks: readonly MonitoredTask[]) => tasks.map((task) => task.uuid);
  return {
    event_count: state.eventCount,
    task_count: state.taskCount,
    tasks: Array.from(state.tasks.values(), saidOfTask),
    workers: Array.from(state.workers.values(), saidOfWorker),
    by_time: ids(state.tasksByTime()),
    by_time_forward: ids(state.tasksByTime({ reverse: false })),
    types: state.taskTypes(),
    adds: ids(state.tasksByType("proj.add")),
  };
}

function saidOfTask(task: MonitoredTask): Record<string, unknown> {
  const { uuid, state, sent, received, started, succeeded, failed, retried, revoked, rejected } = task;
  const { args, kwargs, eta, expires, retries, result, exception, traceback, runtime, exchange } = task;
  const fields = {
    ...{ uuid, name: task.name, state, sent, received, started, succeeded, failed, retried, revoked, rejected },
    ...{ args, kwargs, eta, expires, retries, result, exception, traceback, runtime, exchange },
    ...{ routing_key: task.routingKey, root_id: task.rootId, parent_id: task.parentId, timestamp: task.timestamp },
    ...{ clock: task.clock, client: task.client, worker: task.worker?.hostname, parent: task.parent?.uuid },
    ...{ root: task.root?.uuid, origin: task.origin, ready: task.ready, current: task.get("current") },
    ...{ info: task.info(["state"]), children: Array.from(task.children, (child) => child.uuid).sort() },
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, orNull(value)]));
}

function saidOfWorker(worker: MonitoredWorker): Record<string, unknown> {
  const { hostname, pid, freq, heartbeats, clock, active, processed, loadavg, id } = worker;
  const fields = {
    ...{ hostname, pid, freq, heartbeats, clock, active, processed, loadavg, id, expires: worker.heartbeatExpires },
    ...{ sw_ident: worker.swIdent, sw_ver: worker.swVer, sw_sys: worker.swSys },
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, orNull(value)]));
}
