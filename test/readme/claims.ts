/**
 * What the README says that works, each line with the tests that show it. `npm run readme` turns this and the results of a test run into
 * the table "What works"; a line whose tests failed says so there.
 * @module
 */

export interface Claim {
  /** First column. */
  readonly area: "Celery" | "Pyro" | "Sockets" | "All";
  /** Second column: one thing that a user can rely on. */
  readonly what: string;
  /** Test files or folders, by their paths from the root. */
  readonly tests: readonly string[];
}

export const CLAIMS: readonly Claim[] = [
  {
    area: "Celery",
    what: "the scripts: a Python client or worker on either end, over Redis and over the embedded broker",
    tests: [
      "test/interop/celery_matrix.test.ts",
      "test/interop/celery_script.test.ts",
      "test/scripts/celery_add_task.test.ts",
    ],
  },
  {
    area: "Celery",
    what: "the same over RabbitMQ, classic and quorum queues, `rpc://` results",
    tests: [
      "test/interop/celery_amqp_matrix.test.ts",
      "test/interop/celery_amqp_transport.long.test.ts",
      "test/interop/celery_amqp_control_queues.long.test.ts",
      "test/interop/celery_amqp_mandatory.long.test.ts",
    ],
  },
  {
    area: "Celery",
    what:
      "Redis shared with kombu, over TLS, and behind sentinels: when the master is killed, work goes on at the next one",
    tests: [
      "test/interop/celery_redis_transport.test.ts",
      "test/interop/celery_rpc.long.test.ts",
      "test/interop/celery_redis_tls.test.ts",
      "test/interop/celery_sentinel.long.test.ts",
    ],
  },
  {
    area: "Celery",
    what: "tasks with options, retries, states, errors; apps, configuration, routing",
    tests: [
      "test/celery/app.test.ts",
      "test/celery/task.test.ts",
      "test/celery/task_publication.test.ts",
      "test/celery/config.test.ts",
      "test/celery/config_source.test.ts",
      "test/interop/celery_config_module.test.ts",
      "test/celery/routing",
      "test/interop/celery_client.test.ts",
    ],
  },
  { area: "Celery", what: "chains, groups, chords, maps, stamps", tests: ["test/celery/canvas"] },
  {
    area: "Celery",
    what: "the worker: prefork pool, rate limits, ETA, revocation, events, remote control",
    tests: [
      "test/celery/worker",
      "test/celery/control",
      "test/proc",
      "test/interop/celery_worker.test.ts",
      "test/interop/celery_deduplicate.long.test.ts",
      "test/scripts/celery_worker.test.ts",
    ],
  },
  {
    area: "Celery",
    what: "signals: the same receivers in a Python worker and in ours hear the same, in the same order",
    tests: ["test/celery/signals", "test/interop/celery_signals.long.test.ts"],
  },
  {
    area: "Celery",
    what:
      "`beat`: intervals, crontabs and the sun as Python computes them, alone or in a worker; either language's beat feeds both",
    tests: ["test/celery/beat", "test/scripts/celery_beat.test.ts", "test/interop/celery_beat.test.ts"],
  },
  {
    area: "Celery",
    what:
      "the command line: `worker`, `multi`, `inspect`, `control`, `events`, `call`, `migrate`; Python's on our worker, ours on Python's",
    tests: [
      "test/celery/cli",
      "test/interop/celery_control.test.ts",
      "test/interop/celery_logtool.long.test.ts",
      "test/scripts/celery_shell.test.ts",
      "test/interop/celery_graph.long.test.ts",
      "test/interop/celery_amqp_shell.long.test.ts",
      "test/interop/celery_pprint.test.ts",
      "test/interop/celery_migrate.long.test.ts",
      "test/interop/celery_multi.long.test.ts",
    ],
  },
  {
    area: "Celery",
    what:
      "`celery events`: the screen, the camera and the picture of the cluster, beside Python's after the same events",
    tests: [
      "test/celery/events",
      "test/interop/celery_events_screen.long.test.ts",
      "test/interop/celery_events_camera.long.test.ts",
      "test/interop/celery_events_amqp.long.test.ts",
    ],
  },
  {
    area: "Celery",
    what: "nothing confirmed is lost when a child, a worker, a client or a broker is killed",
    tests: [
      "test/faults/celery_kill.test.ts",
      "test/faults/celery_amqp.long.test.ts",
      "test/faults/redis_transport.test.ts",
      "test/faults/amqp_rabbitmq.long.test.ts",
      "test/faults/embedded_broker.test.ts",
    ],
  },
  {
    area: "Celery",
    what:
      "the embedded broker: a durable log that heals a torn end, and the part of Redis that redis-py, kombu and redis-cli use",
    tests: ["test/broker", "test/interop/embedded_broker.test.ts"],
  },
  {
    area: "Celery",
    what: "Python's messages, byte for byte: envelopes, results, exceptions, JSON types; Redis and AMQP 0-9-1 by hand",
    tests: [
      "test/celery/wire",
      "test/celery/transport",
      "test/celery/backend",
      "test/redis",
      "test/amqp",
      "test/interop/amqp_rabbitmq.long.test.ts",
    ],
  },
  {
    area: "Celery",
    what: "arguments and results in msgpack and YAML: between the languages in both directions, the same bytes",
    tests: [
      "test/interop/celery_bodies.long.test.ts",
      "test/interop/celery_yaml.test.ts",
      "test/interop/celery_amqp_bodies.long.test.ts",
      "test/celery/wire/msgpack.test.ts",
      "test/celery/wire/yaml",
    ],
  },
  {
    area: "Pyro",
    what: "the scripts: a Python proxy, daemon or name server on either end, chains across both",
    tests: ["test/interop/pyro/matrix.test.ts", "test/scripts/pyro.test.ts"],
  },
  {
    area: "Pyro",
    what:
      "attributes, batches, streams, callbacks, oneway calls, futures, annotations, instance modes, exceptions, both ways",
    tests: ["test/interop/pyro/features.test.ts", "test/pyro/daemon", "test/pyro/proxy"],
  },
  {
    area: "Pyro",
    what:
      "the name server with metadata and a store that survives kill -9; `pyro4-ns`, `pyro4-nsc` and ours on each other",
    tests: [
      "test/pyro/naming",
      "test/pyro/cli.test.ts",
      "test/interop/pyro/tools.test.ts",
      "test/faults/pyro_names.test.ts",
    ],
  },
  {
    area: "Pyro",
    what: "serpent, JSON, marshal and msgpack as Python writes them; compression, HMAC",
    tests: ["test/pyro/wire", "test/pyro/compression.test.ts", "test/interop/pyro/serpent.test.ts"],
  },
  {
    area: "Sockets",
    what: "the scripts: time, strings, files and sums with plain Python sockets on either end",
    tests: ["test/interop/socket.test.ts", "test/scripts/socket.test.ts"],
  },
  {
    area: "Sockets",
    what: "files and folders with digests, resumed where they were cut off, never outside their folder",
    tests: ["test/socket", "test/faults/socket_resume.test.ts", "test/faults/socket_hostile.test.ts"],
  },
  {
    area: "All",
    what: "connections: deadlines, backpressure, TLS, one reconnect for all",
    tests: ["test/net", "test/base"],
  },
  {
    area: "All",
    what:
      "imports point one way; nothing but `node:net` and `node:child_process`; every runtime takes the code as it is",
    tests: ["test/layers.test.ts", "test/portability.test.ts"],
  },
  {
    area: "All",
    what: "this page: its examples run, its links lead somewhere, and the comparison is fit to be looked at",
    tests: ["test/readme", "test/compare"],
  },
];
