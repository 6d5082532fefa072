export interface CreditFacts {
  /** Tasks that can run at once. */
  readonly concurrency: number;
  /** Messages for each of them; 0: no limit. */
  readonly multiplier: number;
  /** Never more than that, however short the tasks are. */
  readonly strict: boolean;
  /** Tasks of the usual length that a child is sent ahead. */
  readonly depth: number;
  /** Messages that wait for their time. */
  readonly scheduled: number;
}

/** AMQP's prefetch count has 16 bits; beyond it there is no limit, as in Celery. */
const MAX_CREDIT = 0xffff;

/**
 * How many messages a worker may hold: Celery's concurrency × multiplier, and one for each that only waits for its time.
 *
 * Where tasks are short, that many would be gone before the next ones are fetched: then twice what the children are sent
 * ahead. It still comes to some 40 ms of work for each of them.
 *
 * Source: celery 5.6 celery/worker/consumer/tasks.py, celery/worker/components.py
 */
export function credit({ concurrency, multiplier, strict, depth, scheduled }: CreditFacts): number {
  if (multiplier === 0) return 0;
  const base = strict ? concurrency * multiplier : concurrency * Math.max(multiplier, 2 * depth);
  const wanted = base + scheduled;
  return wanted > MAX_CREDIT ? 0 : wanted;
}
