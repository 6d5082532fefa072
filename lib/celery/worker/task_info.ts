/** What the supervisor has to know of a registered task; told by the children, because only they import all of the app's modules. */
export interface TaskInfo {
  readonly name: string;
  readonly acksLate: boolean;
  readonly acksOnFailureOrTimeout: boolean;
  readonly rejectOnWorkerLost: boolean;
  /** As configured: `"10/m"`, 5, null. */
  readonly rateLimit: string | number | null;
  /** Seconds; null for none. */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly ignoreResult: boolean;
  readonly storeErrorsEvenIfIgnored: boolean;
  readonly sendEvents: boolean;
  /** Attributes that `inspect registered` can show, under their Python names, absent where Python has None. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Celery's own tasks, which listings leave out unless asked. */
export function isBuiltin(name: string): boolean {
  return name.startsWith("celery.");
}
