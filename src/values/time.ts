import { shown, type Invalid, type Parsed } from './invalid.js'

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/
const allowed = 'a time in RFC 3339 with a time zone, such as 2030-01-31T09:30:00Z or 2030-01-31T10:30:00+01:00, or milliseconds since 1970'

/** March 1973. Smaller numbers are seconds: no message is from before. */
const EARLIEST_MS = 100_000_000_000
/** The last millisecond of the year 9999. Greater numbers are micro- or nanoseconds. */
const LATEST_MS = 253_402_300_799_999
/** The zones of the world reach from -12:00 to +14:00. */
const LEAST_OFFSET = -12 * 60
const GREATEST_OFFSET = 14 * 60

/**
 * A time in ms since the epoch: RFC 3339 with a zone, or epoch milliseconds, as a number or as its digits. What could be read in two ways is
 * rejected: a time without a zone, a day that does not exist, a number of seconds.
 */
export function parseTime (value: unknown, field: string): Parsed<number> {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? readText(value) : NaN
  if (Number.isInteger(ms) && ms >= EARLIEST_MS && ms <= LATEST_MS) return { value: ms }
  const hint = hintFor(value, ms)
  // A phone number in the wrong field is not repeated.
  const invalid: Invalid = { field, ...(String(value).trim().startsWith('+') ? {} : shown(value)), allowed }
  return { invalid: hint === undefined ? invalid : { ...invalid, hint } }
}

/** A time as the gateway writes it: UTC with milliseconds. */
export function formatTime (ms: number): string {
  return new Date(ms).toISOString()
}

export function formatTimeOrNull (ms: number | null): string | null {
  return ms === null ? null : formatTime(ms)
}

/** A whole duration of settings in the greatest unit that fits: `7 days`, `36 h`, `90 s`. */
export function formatDuration (ms: number): string {
  const units = [[86_400_000, 'days', 2], [3_600_000, 'h', 1], [60_000, 'min', 1], [1000, 's', 1]] as const
  const [size, unit] = units.find(([size, , least]) => ms % size === 0 && ms >= least * size) ?? [1, 'ms']
  return `${ms / size} ${unit}`
}

function readText (text: string): number {
  return /^\d+$/.test(text) ? Number(text) : readRfc3339(text)
}

/** NaN for a text in another form, or a moment that does not exist. */
function readRfc3339 (text: string): number {
  const found = RFC_3339.exec(text)
  if (found === null) return NaN
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  // Day 0 of the next month is the last day of this one.
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate() &&
    hour <= 23 && minute <= 59 && second <= 59
  const [, , , , , , , fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = found
  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute))
  if (!exists || Number(offsetMinute) > 59 || offset < LEAST_OFFSET || offset > GREATEST_OFFSET) return NaN
  return Date.UTC(year, month - 1, day, hour, minute, second, Number(fraction.padEnd(3, '0').slice(0, 3))) - offset * 60_000
}

function hintFor (value: unknown, ms: number): string | undefined {
  if (typeof value === 'number' || /^\d+$/.test(String(value))) {
    if (ms >= 1e9 && ms < EARLIEST_MS) return `This looks like seconds; in milliseconds it is ${ms * 1000}`
    return ms > LATEST_MS ? 'This looks like micro- or nanoseconds' : undefined
  }
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (text !== value) return 'Remove the spaces around it'
  if (RFC_3339.test(text)) return 'This day, time or offset does not exist'
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return 'The time of day and the zone are missing'
  if (/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return 'The zone is missing: append Z for UTC, or an offset such as +01:00'
  if (/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d([Zz]|[+-]\d\d:?\d\d)$/.test(text)) return 'The seconds are missing'
  if (/[+-]\d\d(\d\d)?$/.test(text)) return 'Write the offset as +01:00'
  return /^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}/.test(text) ? 'Write year, month, day: the order of other dates is not certain' : undefined
}
