import { h } from './dom.js'

const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' })
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const units = [[86_400_000, 'day'], [3_600_000, 'hour'], [60_000, 'minute'], [1000, 'second']]

/** A time in the reader's time zone, as `<time>`; `iso` is ISO 8601. */
export function when (iso, now = Date.now()) {
  const moment = new Date(iso)
  const today = day.format(moment) === day.format(now)
  return h('time', { datetime: iso, title: iso }, `${today ? '' : `${day.format(moment)}, `}${clock.format(moment)}`)
}

/** The same with its distance from now. */
export function whenAndAgo (iso, now = Date.now()) {
  return h('span', {}, when(iso, now), ` (${distance(new Date(iso).getTime() - now)})`)
}

/** `in 5 minutes`, `2 days ago`. */
export function distance (ms) {
  const text = span(Math.abs(ms))
  if (Math.abs(ms) < 1000) return 'now'
  return ms > 0 ? `in ${text}` : `${text} ago`
}

/** Milliseconds as text in the largest fitting unit. */
export function span (ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const [size, name] = units.find(([size]) => ms >= size)
  const amount = size === 1000 || ms >= 10 * size ? Math.round(ms / size) : Math.round(ms / size * 10) / 10
  return `${amount} ${name}${amount === 1 ? '' : 's'}`
}
