/** Times in HTTP headers. `Date.parse` alone takes nearly any text with a number in it: `soon 5` would be a day in May 2001. */

/** RFC 9110, 5.6.7: the format that senders must use, and the two that they once used. */
const HTTP_DATE = new RegExp('^(' + [
  '(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT',
  '(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), \\d{2}-[A-Z][a-z]{2}-\\d{2} \\d{2}:\\d{2}:\\d{2} GMT',
  '(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \\d]\\d \\d{2}:\\d{2}:\\d{2} \\d{4}'
].join('|') + ')$')
/** A longer wait says nothing about when to try again, s. */
const MOST_S = 366 * 86_400

/** An HTTP date in ms since the epoch; undefined for any other text. */
export function parseHttpDate (text: string): number | undefined {
  const written = text.trim()
  if (!HTTP_DATE.test(written)) return undefined
  const ms = Date.parse(written.endsWith('GMT') ? written : `${written} GMT`)
  return Number.isNaN(ms) ? undefined : ms
}

/** `Retry-After` in ms from `nowMs`: a number of seconds, at most a year, or a date. Undefined for any other text. */
export function parseRetryAfter (text: string, nowMs: number): number | undefined {
  const written = text.trim()
  if (/^\d+$/.test(written)) return Math.min(Number(written), MOST_S) * 1000
  const until = parseHttpDate(written)
  return until === undefined ? undefined : Math.min(Math.max(0, until - nowMs), MOST_S * 1000)
}
