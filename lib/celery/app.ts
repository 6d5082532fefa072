import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import process from "node:process";
import { asError, UsageError } from "../base/errors.ts";
import { type Logger, redactUrl, silentLogger } from "../base/log.ts";
import { type Clock, systemClock, withDeadline } from "../base/time.ts";
import { type ApplyOptions, type SignatureLike, toWireOptions, type WireOptions } from "./apply_options.ts";
import { AsyncResult, type RevokeOptions } from "./async_result.ts";
import type { ResultBackend } from "./backend/backend.ts";
import type { ScheduleLike } from "./beat/schedule.ts";
import { createBackend } from "./backend/factory.ts";
import type { BackendOptions } from "./backend/options.ts";
import { registerBuiltins } from "./canvas/builtins.ts";
import type { CanvasContext } from "./canvas/freeze.ts";
import { callText } from "./canvas/call_text.ts";
import { createNode } from "./canvas/node.ts";
import { type AnySignature, nodeOf, type SetOptions, Signature } from "./canvas/signature.ts";
import { decompress } from "./compression.ts";
import { type Config, createConfig } from "./config.ts";
import type { ConfigSource, ConfigSourceOptions } from "./config_source.ts";
import { backendOptions, boxOptions, brokerUrls, resultCodec, transportOptions } from "./connection_options.ts";
import { Connections } from "./connections.ts";
import { Control } from "./control/control.ts";
import { RemoteControl } from "./control/remote_control.ts";
import { CurrentTask } from "./current_task.ts";
import { CONFIG_MODULE_VARIABLE, type Environment, settingsFromEnvironment, variableFromEnvironment } from "./env.ts";
import { Events } from "./events/events.ts";
import { GroupResult } from "./group_result.ts";
import { LogicalClock } from "./logical_clock.ts";
import { isMainModule } from "./main_module.ts";
import { ProcessHold } from "./process_hold.ts";
import { Publisher, type PublishListener } from "./publisher.ts";
import { resultFromTuple } from "./result_tuple.ts";
import { QueueTable } from "./routing/queue_table.ts";
import { Router } from "./routing/router.ts";
import type { Settings } from "./settings.ts";
import { receiverFailed, Signals } from "./signals/signals.ts";
import { type AnyTask, createTask, type KeywordArguments, type Task } from "./task.ts";
import type { TaskContext } from "./task_context.ts";
import { taskLogger, type TaskLogRecord } from "./task_log.ts";
import type { TaskOptions } from "./task_options.ts";
import { createTransport, schemeOf } from "./transport/factory.ts";
import type { TransportOptions } from "./transport/options.ts";
import type { Transport } from "./transport/transport.ts";
import { ExceptionCodec } from "./wire/exception.ts";
import type { JsonReadOptions } from "./wire/json_read.ts";
import type { Message } from "./wire/message.ts";
import { type Content, SerializerRegistry } from "./wire/serializer.ts";

/** Settings, and what is no setting. */
export interface CeleryOptions extends Partial<Settings> {
  /** Short for `brokerUrl`, as in Python. */
  readonly broker?: string | readonly string[];
  /** Short for `resultBackend`. */
  readonly backend?: string;
  /** Default: silent. */
  readonly log?: Logger;
  /** Where CELERY_BROKER_URL and its like are looked up. Default: the process's. */
  readonly environment?: Environment;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * An app: its settings, its tasks, and its connections, which are opened on first use.
 *
 * Opens: a transport for publishing and a result backend; `close` ends both. Neither keeps the process alive: it ends when nothing
 * is waited for any more, so that a script needs no `close`.
 *
 * @example
 * ```ts
 * const app = new Celery("addTask", { broker: "redis://localhost:6379/0", backend: "redis://localhost:6379/0" });
 * const add = app.task("addTask.add", (x: number, y: number) => x + y);
 * const result = add.delay(5, 5);
 * console.log(await result.get({ timeout: 30 })); // 10
 * ```
 */
export class Celery {
  /** Name of the app: the module under which its exceptions are stored. */
  readonly main: string;
  readonly conf: Config;
  readonly log: Logger;
  readonly clock: Clock;
  /** Registered tasks by name. */
  readonly tasks: ReadonlyMap<string, AnyTask>;
  /** Exceptions of the app's own that travel through results: `app.exceptions.register(MyError)`. */
  readonly exceptions: ExceptionCodec;
  /** What happens to tasks and workers: `app.signals.taskPrerun.connect(({ taskId }) => …)`. */
  readonly signals: Signals;
  /** Where it is said that a receiver of a signal has thrown. A worker and its children set it to their own logs. */
  complain: (text: string) => void = (text) => this.log.error(text);
  /** What workers and clients tell of themselves: `await app.events.State()`, `app.events.receive(…)`. */
  readonly events = new Events(this);
  readonly currentTask = new CurrentTask();
  /**
   * The log for code of tasks, as `get_task_logger` of Python's: a worker writes its lines in the format of the setting
   * `workerTaskLogFormat`, which names the task.
   */
  readonly taskLog: Logger = taskLogger(this.currentTask, (record) => this.writeTaskLog(record));
  /** Where the lines of `taskLog` go: into the log of this app. The child of a worker sends them there. */
  writeTaskLog: (record: TaskLogRecord) => void = ({ level, text, task }) =>
    this.log[level](text, task === undefined ? {} : { task: task.name, taskId: task.id });
  /** Whoever waits for something holds the process by this. */
  readonly hold = new ProcessHold();
  /** Held while messages are on their way; `close` waits for it. */
  readonly sending = new ProcessHold();
  readonly logicalClock = new LogicalClock();
  /** Queue for rpc results; sent with every message. */
  readonly replyTo = randomUUID();
  readonly hostname = hostname();
  readonly #tasks = new Map<string, AnyTask>();
  readonly #environment: Environment | undefined;
  #isConfigured = false;
  #serializers: SerializerRegistry | undefined;
  #queues: QueueTable | undefined;
  #accepted: ReadonlySet<string> | undefined;
  #acceptedEvents: ReadonlySet<string> | undefined;
  #control: Control | undefined;
  #publisher: Publisher | undefined;
  readonly #connections: Connections;
  #closing: Promise<void> | undefined;

  /**
   * @param main name of the app, by custom that of its module
   * @throws {UsageError} for a setting that cannot be
   */
  constructor(main: string, options: CeleryOptions = {}) {
    const { broker, backend, log = silentLogger, environment, clock = systemClock, ...settings } = options;
    this.main = main;
    this.log = log;
    this.clock = clock;
    this.tasks = this.#tasks;
    this.exceptions = new ExceptionCodec(main, (value) => this.serializers.encode(value, this.conf.resultSerializer));
    this.signals = new Signals((receiver, error) =>
      this.complain(receiverFailed(receiver, this.exceptions.repr(asError(error))))
    );
    this.#environment = environment;
    this.conf = createConfig();
    this.conf.update({
      ...settings,
      ...(broker === undefined ? {} : { brokerUrl: broker }),
      ...(backend === undefined ? {} : { resultBackend: backend }),
      ...settingsFromEnvironment(environment), // as in Celery, the environment wins
    });
    this.#connections = new Connections({
      name: main,
      transport: () => this.openTransport(),
      backend: () => this.openBackend(),
    });
    registerBuiltins(this);
  }

  /**
   * Registers a task. `options.bind` hands the function `self`, the {@link TaskContext}, as its first argument.
   *
   * @throws {UsageError} if the name is taken
   */
  task<A extends unknown[], R>(
    name: string,
    options: TaskOptions & { readonly bind: true },
    fn: (self: TaskContext, ...args: A) => R,
  ): Task<A, R>;
  task<A extends unknown[], R>(
    name: string,
    options: TaskOptions & { readonly bind?: false },
    fn: (...args: A) => R,
  ): Task<A, R>;
  task<A extends unknown[], R>(name: string, fn: (...args: A) => R): Task<A, R>;
  task(
    name: string,
    options: TaskOptions | ((...args: never[]) => unknown),
    fn?: (...args: never[]) => unknown,
  ): Task<never[], unknown> {
    if (this.#tasks.has(name)) throw new UsageError(`Cannot register the task ${name}: there is one of that name`);
    const task = typeof options === "function"
      ? createTask<never[], unknown>(this, name, {}, options)
      : createTask<never[], unknown>(this, name, options, checkFunction(name, fn));
    this.#tasks.set(name, task);
    return task;
  }

  /** Sends a task by name, whoever has it. */
  sendTask<R = unknown>(
    name: string,
    args: readonly unknown[] = [],
    options: ApplyOptions & Partial<KeywordArguments> = {},
  ): AsyncResult<R> {
    const { kwargs = {}, ...rest } = options;
    return this.#send(name, args, kwargs, toWireOptions(rest));
  }

  /** A signature of a task by name, or of a signature's data. */
  signature(
    task: string | SignatureLike,
    args: readonly unknown[] = [],
    options: SetOptions & Partial<KeywordArguments> = {},
  ): Signature {
    if (typeof task !== "string") return new Signature(this, nodeOf(task));
    const { kwargs = {}, immutable = false, ...rest } = options;
    return new Signature(
      this,
      createNode(task, { args, kwargs: { ...kwargs }, options: { ...toWireOptions(rest) }, immutable }),
    );
  }

  /** The result of a task by its id. */
  AsyncResult<R = unknown>(id: string): AsyncResult<R> {
    return new AsyncResult<R>(id, this);
  }

  /** The results of tasks as one. */
  GroupResult(id: string, results: readonly (AsyncResult | GroupResult)[]): GroupResult {
    return new GroupResult(id, results, this);
  }

  /** The group that was saved under this id, by us or by Python; undefined if there is none. */
  async restoreGroup(id: string): Promise<GroupResult | undefined> {
    const stored = await (await this.backend()).restoreGroup(id);
    if (stored === undefined) return undefined;
    const result = resultFromTuple(stored, this);
    return result instanceof GroupResult ? result : new GroupResult(id, [result], this);
  }

  /**
   * Has `beat` send a signature again and again: `app.addPeriodicTask(crontab({ hour: 7 }), greet.s("Ada"))`.
   *
   * @param options.name of the entry in the setting `beatSchedule`; default: how the call looks
   * @returns that name
   */
  addPeriodicTask(schedule: ScheduleLike, task: AnySignature, options: { readonly name?: string } = {}): string {
    const { name = callText(task.node) } = options;
    this.conf.beatSchedule = { ...this.conf.beatSchedule, [name]: { task, schedule } };
    return name;
  }

  /** Commands to workers: `app.control.revoke(id)`, `app.control.inspect().active()`. */
  get control(): Control {
    return this.#control ??= new Control(
      new RemoteControl({
        transport: () => this.transport(),
        exchange: this.conf.controlExchange,
        boxes: boxOptions(this.conf),
        logicalClock: this.logicalClock,
        newId: randomUUID,
        encode: (value) => this.encode(value),
        decode: (message) => this.decode(message),
      }),
    );
  }

  /** Tells all workers not to run these tasks. */
  async revoke(taskIds: readonly string[], options: RevokeOptions = {}): Promise<void> {
    const { terminate, signal: signalName } = options;
    await this.hold.while(this.control.revoke(taskIds, {
      ...(terminate === undefined ? {} : { terminate }),
      ...(signalName === undefined ? {} : { signalName }),
    }));
  }

  /**
   * Takes settings from an object, or from a module that exports them: `await app.configFromObject("./celeryconfig.ts")`. What
   * the program has set itself wins, and what the environment says.
   *
   * @returns false for a module that is not there, with `silent`
   * @throws {UsageError} for a module that cannot be read, or a setting that cannot be
   */
  async configFromObject(source: ConfigSource, options: ConfigSourceOptions = {}): Promise<boolean> {
    this.#isConfigured = true;
    const { readConfigSource } = await import("./config_source.ts");
    return await readConfigSource(source, { ...options, conf: this.conf, log: this.log });
  }

  /** The same with the module that a variable of the environment names. @returns false where it is not set, with `silent` */
  async configFromEnvvar(variable: string, options: ConfigSourceOptions = {}): Promise<boolean> {
    const module = variableFromEnvironment(variable, this.#environment);
    if (module !== undefined) return await this.configFromObject(module, options);
    if (options.silent === true) return false;
    throw new UsageError(
      `Cannot read the configuration: ${variable} is not set in the environment; it has to name a module, as ./celeryconfig.ts`,
    );
  }

  /** The same with CELERY_CONFIG_MODULE, unless the program has a configuration of its own. `start` does it. */
  async configFromEnvironment(): Promise<void> {
    if (this.#isConfigured || variableFromEnvironment(CONFIG_MODULE_VARIABLE, this.#environment) === undefined) return;
    await this.configFromEnvvar(CONFIG_MODULE_VARIABLE);
  }

  /**
   * Runs the command line (`worker`, `inspect`, `call` …) if the module of this URL is the program that was started; does nothing
   * when it is imported: `await app.start(import.meta.url)`, the last line of an app's module.
   */
  async start(moduleUrl: string): Promise<void> {
    if (!isMainModule(moduleUrl)) return await this.configFromEnvironment();
    const { main } = await import("./cli.ts");
    await main(this, moduleUrl);
  }

  /** Name of the app. */
  get name(): string {
    return this.main;
  }

  /** The queues of the settings, and those that were used besides. */
  get queues(): QueueTable {
    return this.#queues ??= new QueueTable(this.conf);
  }

  /** JSON, msgpack and YAML, and what was registered besides. */
  get serializers(): SerializerRegistry {
    return this.#serializers ??= new SerializerRegistry(this.conf.jsonTypes);
  }

  /** Calls `listener` before each publish, with the message and where it goes; what it throws fails the call. @returns how to stop */
  onPublish(listener: PublishListener): () => void {
    return this.#publish().onPublish(listener);
  }

  /** Encodes a value with the setting `taskSerializer`. */
  encode(value: unknown): Content {
    return this.serializers.encode(value, this.conf.taskSerializer);
  }

  /**
   * Decodes the body of a message, if its content type is in the setting `acceptContent`.
   *
   * @throws {ContentDisallowed}; {DecodeError}; {LimitError}
   */
  decode(message: Message, options?: JsonReadOptions): unknown {
    const { compression } = message.headers;
    this.#accepted ??= this.serializers.acceptedTypes(this.conf.acceptContent);
    const body = typeof compression === "string" ? decompress(message.body, compression) : message.body;
    return this.serializers.decode({ ...message, body }, this.#accepted, options);
  }

  /**
   * Decodes an event: JSON or of the setting `eventSerializer`, whatever is accepted of tasks.
   *
   * @throws {ContentDisallowed}; {DecodeError}; {LimitError}
   */
  decodeEvent(message: Message): unknown {
    this.#acceptedEvents ??= this.serializers.acceptedTypes([this.conf.eventSerializer, "json"]);
    return this.serializers.decode(message, this.#acceptedEvents);
  }

  /** The broker for banners and logs, its password masked. */
  get brokerUri(): string {
    return this.liveTransport?.uri ?? redactUrl(brokerUrls(this.conf, "write")[0]);
  }

  /** Where results are kept; `disabled://` for nowhere. The embedded broker keeps them itself unless told otherwise. */
  get backendUrl(): string {
    if (this.conf.resultBackend !== null) return this.conf.resultBackend;
    const [broker] = brokerUrls(this.conf, "write");
    return schemeOf(broker) === "embedded" ? broker : "disabled://";
  }

  get backendUri(): string {
    return redactUrl(this.backendUrl);
  }

  /** The transport that publishes, opened on first use; a new one where the last has given up. */
  transport(): Promise<Transport> {
    return this.#connections.transport();
  }

  /** The same, if it is open already. */
  get liveTransport(): Transport | undefined {
    return this.#connections.liveTransport;
  }

  /** Opens another transport, for a worker say; the caller closes it. */
  async openTransport(options: Partial<TransportOptions> = {}): Promise<Transport> {
    return await createTransport({ ...transportOptions(this.conf, this.log), ...options });
  }

  /** The result backend, opened on first use. */
  backend(): Promise<ResultBackend> {
    return this.#connections.backend();
  }

  /** Opens another result backend; the caller closes it. */
  async openBackend(options: Partial<BackendOptions> = {}): Promise<ResultBackend> {
    return await createBackend({
      ...backendOptions(this.conf, this.log),
      url: this.backendUrl,
      codec: resultCodec(this.conf, this.serializers),
      replyTo: this.replyTo,
      transport: () => this.transport(),
      ...options,
    });
  }

  /** What building canvases takes from the app. */
  get canvasContext(): CanvasContext {
    return {
      newId: randomUUID,
      replyTo: this.replyTo,
      usesLinks: this.conf.taskProtocol === 1,
      errbacksOnHeader: this.conf.taskAllowErrorCbOnChordHeader,
    };
  }

  /**
   * Sends a task, with the options of its registration and its arguments checked if it is registered here.
   *
   * @throws {TypeError} for wrong arguments, {UsageError}, {EncodeError}
   */
  sendKnown(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: WireOptions,
  ): AsyncResult<never> {
    const task = this.#tasks.get(name);
    if (task === undefined) return this.#send(name, args, kwargs, options);
    task.check(args, kwargs);
    return this.#send(
      name,
      args,
      kwargs,
      isEmpty(options) ? task.messageOptions : { ...task.messageOptions, ...options },
    );
  }

  #send<R>(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: WireOptions,
  ): AsyncResult<R> {
    const { id, published } = this.#publish().send({ name, args, kwargs, options, sender: this.currentTask.request });
    const result = new AsyncResult<R>(id, this, { published, ignored: options.ignore_result ?? false });
    if (options.add_to_parent !== false) this.addToParent(result);
    return result;
  }

  /** A result becomes a child of the task that runs. */
  addToParent(result: AsyncResult | GroupResult): void {
    const { request } = this.currentTask;
    if (request === undefined || this.#tasks.get(request.task)?.properties.trail === false) return;
    request.children.push(result.asTuple());
  }

  #publish(): Publisher {
    return this.#publisher ??= new Publisher(this, {
      conf: this.conf,
      queues: this.queues,
      router: new Router(this.queues, this.conf.taskRoutes),
      serializers: this.serializers,
      beforePublish: this.signals.beforeTaskPublish,
      replyTo: this.replyTo,
      origin: `gen${process.pid}@${this.hostname}`,
      now: () => this.clock.now(),
    });
  }

  /**
   * Ends the connections, once what was sent is confirmed or has failed; what is not by then, after `timeoutMs`, is rejected.
   * Idempotent.
   *
   * @param options.timeoutMs default 10000
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#closing ??= this.hold.while(this.#close(options.timeoutMs ?? 10_000)); // goodbyes take a round trip
  }

  async #close(timeoutMs: number): Promise<void> {
    const sent = withDeadline(this.sending.idle(), { timeoutMs, clock: this.clock, what: "close the app in order" });
    await sent.catch(() => {}); // time is over: closing the connections tells those that wait
    await this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isEmpty(options: WireOptions): boolean {
  for (const _ in options) return false;
  return true;
}

function checkFunction(name: string, fn: ((...args: never[]) => unknown) | undefined): (...args: never[]) => unknown {
  if (typeof fn === "function") return fn;
  throw new UsageError(`Cannot register the task ${name}: expected a function, got ${typeof fn}`);
}
