/**
 * Where the sun stands.
 *
 * The mean sun is moved by the equation of the centre, by aberration and by nutation; the planets and the moon are left out, which
 * makes it right to 0.01°: what a sunrise between the polar circles needs for two or three seconds.
 *
 * Source: J. Meeus, Astronomical Algorithms, 2nd ed., chapters 12 (sidereal time), 22 (nutation) and 25 (the sun)
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** The sun as it is seen from the middle of the earth; angles in radians. */
export interface Sun {
  readonly declination: number;
  /** How far it is past the meridian of Greenwich, to the west. */
  readonly greenwichHourAngle: number;
  /** Half of its disc. */
  readonly radius: number;
  /** How much lower it stands for who sees it at the horizon. */
  readonly parallax: number;
}

const DAY_MS = 86_400_000;
const CENTURY_DAYS = 36_525;
const J2000_MS = Date.UTC(2000, 0, 1, 12);
/** Clocks lag behind even time since the earth slows down: by so much in the 2020s. */
const DELTA_T_MS = 69_000;

const sin = (degrees: number) => Math.sin(radians(degrees));
const cos = (degrees: number) => Math.cos(radians(degrees));

export function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}

/** @param ms milliseconds since the Unix epoch */
export function sunAt(ms: number): Sun {
  const days = (ms - J2000_MS) / DAY_MS;
  const t = (ms - J2000_MS + DELTA_T_MS) / DAY_MS / CENTURY_DAYS;
  const meanLongitude = 280.46646 + t * (36_000.76983 + t * 0.0003032);
  const meanAnomaly = 357.52911 + t * (35_999.05029 - t * 0.0001537);
  const eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267);
  const centre = (1.914602 - t * (0.004817 + t * 0.000014)) * sin(meanAnomaly) +
    (0.019993 - t * 0.000101) * sin(2 * meanAnomaly) + 0.000289 * sin(3 * meanAnomaly);
  const distanceAu = 1.000001018 * (1 - eccentricity ** 2) / (1 + eccentricity * cos(meanAnomaly + centre));

  const moonsNode = 125.04 - t * 1934.136;
  const nutation = -0.00478 * sin(moonsNode);
  const longitude = meanLongitude + centre - 0.00569 + nutation;
  const obliquity = 23.4392911 - t * 0.0130042 + 0.00256 * cos(moonsNode);
  const rightAscension = Math.atan2(cos(obliquity) * sin(longitude), cos(longitude));
  const siderealTime = 280.46061837 + days * 360.98564736629 + nutation * cos(obliquity);
  return {
    declination: Math.asin(sin(obliquity) * sin(longitude)),
    greenwichHourAngle: radians(siderealTime % 360) - rightAscension,
    radius: radians(959.63 / 3600) / distanceAu,
    parallax: radians(8.794 / 3600) / distanceAu,
  };
}
