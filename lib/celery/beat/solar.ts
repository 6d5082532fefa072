import { UsageError } from "../../base/errors.ts";
import type { DueState, Moment, Schedule } from "./schedule.ts";
import { radians, type Sun, sunAt } from "./sun.ts";

type Direction = "rises" | "sets" | "culminates";

/** Each event: which way the sun goes, how high it then stands in degrees, and whether that is its centre or its upper limb. */
const EVENTS = {
  dawn_astronomical: ["rises", -18, "centre"],
  dawn_civil: ["rises", -6, "centre"],
  dawn_nautical: ["rises", -12, "centre"],
  dusk_astronomical: ["sets", -18, "centre"],
  dusk_civil: ["sets", -6, "centre"],
  dusk_nautical: ["sets", -12, "centre"],
  solar_noon: ["culminates", 0, "centre"],
  sunrise: ["rises", -34 / 60, "limb"],
  sunset: ["sets", -34 / 60, "limb"],
} as const satisfies Readonly<Record<string, readonly [Direction, degrees: number, part: "centre" | "limb"]>>;

/** What the sun does; `civil`, `nautical` and `astronomical` are 6, 12 and 18 degrees below the horizon. */
export type SolarEvent = keyof typeof EVENTS;

/** An hour angle, and whether the sun comes as high or as low as was asked for; if not, the angle is the nearest to it. */
interface Target {
  readonly angle: number;
  readonly isReached: boolean;
}

const NOON: Target = { angle: 0, isReached: true };
const MIDNIGHT: Target = { angle: Math.PI, isReached: true };
const DAY_MS = 86_400_000;
const TURN = 2 * Math.PI;
/** What is nearer than this is the event that was just had, and the next one is sought. */
const SAME_MS = 100;
const EXACT_MS = 1;
const MAX_STEPS = 100;
/** Behind midnight, when the sun is looked for again on a day on which it did not come. */
const NEXT_LOOK_MS = 60_000;
/** Who slept longer has missed one event, not hundreds. */
const LONGEST_LOOK_BACK_MS = 400 * DAY_MS;

/**
 * Runs at sunrise, sunset, noon, dawn or dusk, wherever that is. North and east are positive.
 *
 * @throws {UsageError} for an event that there is not, or a place that is not on earth
 *
 * @example
 * ```ts
 * solar("sunset", -37.81753, 144.96715); // each evening in Melbourne
 * ```
 */
export function solar(event: SolarEvent, lat: number, lon: number): Solar {
  return new Solar(event, lat, lon);
}

/**
 * The search is that of ephem, which Celery asks: turn the sky to where the sun would be in place, see where it is by then, again.
 *
 * Source: celery 5.6 celery/schedules.py `solar` · ephem 4.1 ephem/__init__.py `Observer._find_rise_or_set`, `_compute_transit`
 */
export class Solar implements Schedule {
  readonly event: SolarEvent;
  /** Degrees, north of the equator. */
  readonly lat: number;
  /** Degrees, east of Greenwich. */
  readonly lon: number;

  constructor(event: SolarEvent, lat: number, lon: number) {
    if (!Object.hasOwn(EVENTS, event)) {
      const all = Object.keys(EVENTS).join(", ");
      throw new UsageError(`Argument event "${event}" is invalid, must be one of ${all}.`);
    }
    if (!(lat >= -90 && lat <= 90)) {
      throw new UsageError(`Argument latitude ${lat} is invalid, must be between -90 and 90.`);
    }
    if (!(lon >= -180 && lon <= 180)) {
      throw new UsageError(`Argument longitude ${lon} is invalid, must be between -180 and 180.`);
    }
    this.event = event;
    this.lat = lat;
    this.lon = lon;
  }

  /**
   * While the sun does not rise or set there, the schedule is not due, and `nextSeconds` is a minute past the next midnight by the
   * sun. Celery means to do the same, but ends with a TypeError (5.6, ephem 4.1).
   */
  isDue(lastRunAtMs: number, { nowMs }: Moment): DueState {
    const missed = this.#follow(Math.max(lastRunAtMs, nowMs - LONGEST_LOOK_BACK_MS), nowMs);
    const due = missed.isEvent && missed.atMs <= nowMs;
    const next = due ? this.#follow(nowMs, nowMs) : missed;
    return { due, nextSeconds: (next.atMs - nowMs) / 1000 };
  }

  toString(): string {
    return `<solar: ${this.event} at latitude ${this.lat}, longitude: ${this.lon}>`;
  }

  /** The first event behind `fromMs`, or when to look again, which is behind `nowMs`. */
  #follow(fromMs: number, nowMs: number): { readonly isEvent: boolean; readonly atMs: number } {
    for (let atMs = fromMs;;) {
      const eventMs = this.#next(atMs);
      if (eventMs !== undefined) return { isEvent: true, atMs: eventMs };
      atMs = (this.#turn(atMs, () => MIDNIGHT) ?? atMs) + NEXT_LOOK_MS;
      if (atMs > nowMs) return { isEvent: false, atMs };
    }
  }

  /** Within about a day; undefined if it does not happen then. */
  #next(fromMs: number): number | undefined {
    const [direction, degrees, part] = EVENTS[this.event];
    if (direction === "culminates") return this.#turn(fromMs, () => NOON);
    return this.#turn(fromMs, (sun) => {
      const altitude = radians(degrees) + sun.parallax - (part === "limb" ? sun.radius : 0);
      const { angle, isReached } = this.#angleAt(altitude, sun);
      return { angle: direction === "rises" ? -angle : angle, isReached };
    });
  }

  /** How far the sky has to turn from noon until the sun is down at an altitude. */
  #angleAt(altitude: number, { declination }: Sun): Target {
    const lat = radians(this.lat);
    const cosine = (Math.sin(altitude) - Math.sin(lat) * Math.sin(declination)) /
      (Math.cos(lat) * Math.cos(declination));
    return { angle: Math.acos(Math.min(1, Math.max(-1, cosine))), isReached: Math.abs(cosine) <= 1 };
  }

  /**
   * When the sky will have turned so far that the sun is where it is wanted; undefined if it is not there even then.
   *
   * @param target is asked again at every step, since the declination changes over the day
   */
  #turn(fromMs: number, target: (sun: Sun) => Target): number | undefined {
    let atMs = fromMs;
    for (let step = 0; step < MAX_STEPS; step++) {
      const sun = sunAt(atMs);
      const { angle, isReached } = target(sun);
      const days = (angle - sun.greenwichHourAngle - radians(this.lon)) / TURN;
      if (step === 0) {
        const aheadMs = (days - Math.floor(days)) * DAY_MS;
        atMs += aheadMs < SAME_MS ? aheadMs + DAY_MS : aheadMs;
        continue;
      }
      const aheadMs = (days - Math.round(days)) * DAY_MS;
      if (Math.abs(aheadMs) < EXACT_MS) return isReached ? atMs : undefined;
      atMs += aheadMs;
    }
    return undefined;
  }
}
