/** Numbers, times and telephone numbers as people read them. Without the page, so that tests can import it. */
import { locale, t } from './i18n.js'

/** Joins a number and its unit: they never break apart. */
export const NBSP = '\u00a0'
/** Country codes of one and two digits; all others have three. */
const ONE = new Set(['1', '7'])
const TWO = new Set((
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98').split(' '))

/** Grouped from 1,000 on, also in Spanish, whose rules leave four digits together: figures of one column are read as one. */
export const number = value => new Intl.NumberFormat(locale(), { useGrouping: 'always' }).format(value)

/** A share from 0 to 1: `0.4 %`, `12 %`. */
export function percent (share) {
  const value = share * 100
  const text = (shown, digits) => `${new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(shown)}${NBSP}%`
  // What is not all is not 100 %, and what is not nothing is not 0 %.
  if (value > 99 && value < 100) return text(Math.floor(value * 10) / 10, 1)
  if (value > 0 && value < 0.1) return `<${NBSP}${text(0.1, 1)}`
  return text(value, value > 0 && value < 10 && value !== Math.round(value) ? 1 : 0)
}

const formats = new Map()
function format (options) {
  const key = locale() + JSON.stringify(options)
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), { hourCycle: 'h23', ...options }))
  return formats.get(key)
}

const dayOf = moment => format({ year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment)
export const isSameDay = (one, other) => dayOf(new Date(one)) === dayOf(new Date(other))

/** `14:02`, with the day if it is not today. */
export function clock (iso, now = Date.now()) {
  const moment = new Date(iso)
  const time = format({ hour: '2-digit', minute: '2-digit' }).format(moment)
  return isSameDay(moment, now) ? time : `${format({ day: 'numeric', month: 'short' }).format(moment)}, ${time}`
}

/** `14:02:08` */
export const seconds = iso => format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(iso))
/** `Tuesday 1 December` */
export const longDay = moment => format({ weekday: 'long', day: 'numeric', month: 'long' }).format(moment)
export const shortDay = iso => format({ day: 'numeric', month: 'short' }).format(new Date(iso))

/** The reader's zone: `UTC−3`, `UTC`, `UTC+5:30`. */
export function zone (moment = new Date()) {
  const minutes = -moment.getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const rest = Math.abs(minutes) % 60
  return `UTC${minutes > 0 ? '+' : '−'}${Math.floor(Math.abs(minutes) / 60)}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`
}

/** The exact moment for a tooltip: day, time and zone. */
export function exact (iso) {
  const moment = new Date(iso)
  return `${format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(moment)}, ${seconds(iso)} ${zone(moment)}`
}

const units = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's'], [1, 'ms']]

/** The age of something in one unit: `39 min`. */
export function age (ms) {
  const [size, unit] = units.find(([size]) => ms >= size && size >= 1000) ?? [1000, 's']
  return `${number(Math.max(0, Math.floor(ms / size)))}${NBSP}${unit}`
}

/** A duration in two units at most: `3 min 20 s`, `212 ms`, `0.9 s`. */
export function span (ms) {
  if (ms < 1000) return `${Math.round(ms)}${NBSP}ms`
  if (ms < 10_000 && ms % 1000 >= 100) return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(ms / 1000)}${NBSP}s`
  const index = units.findIndex(([size]) => ms >= size)
  const [size, unit] = units[index]
  const whole = Math.floor(ms / size)
  const [lesser, lesserUnit] = units[index + 1]
  const rest = lesser < 1000 ? 0 : Math.floor(ms % size / lesser)
  return `${number(whole)}${NBSP}${unit}${rest === 0 || whole >= 10 ? '' : ` ${rest}${NBSP}${lesserUnit}`}`
}

/** `39 min ago`, or `in 3 h`. */
export function distance (iso, now = Date.now()) {
  const ms = new Date(iso).getTime() - now
  return ms > 0 ? t('in', { span: age(ms) }) : t('ago', { span: age(-ms) })
}

/** A recipient as people write it: groups of digits for a number, anything else as it is. Text of others may stand here. */
export function phone (text) {
  const digits = String(text).replace(/^\+/, '').replace(/[\s().-]/g, '')
  if (!/^\d{7,15}$/.test(digits)) return String(text)
  const code = ONE.has(digits[0]) ? digits[0] : TWO.has(digits.slice(0, 2)) ? digits.slice(0, 2) : digits.slice(0, 3)
  return `+${code}${NBSP}${groups(code, digits.slice(code.length))}`
}

function groups (code, rest) {
  if (code === '1' && rest.length === 10) return `${rest.slice(0, 3)}-${rest.slice(3, 6)}-${rest.slice(6)}`
  if (code === '55' && rest.length >= 10) return `${rest.slice(0, 2)}${NBSP}${rest.slice(2, -4)}-${rest.slice(-4)}`
  if (rest.length <= 5) return rest
  // Threes, and fours at the end: no group of one or two digits.
  const parts = []
  const fours = rest.length % 3
  for (let at = 0; at < rest.length; at += parts.at(-1).length) parts.push(rest.slice(at, at + (rest.length - at <= fours * 4 ? 4 : 3)))
  return parts.join(NBSP)
}

/** Who paused a sender, and why: `maria: new price list` as `maria (new price list)`. */
export function pausedBy (reason) {
  const [by, ...why] = (reason ?? '–').split(': ')
  return why.length === 0 ? by : `${by} (${why.join(': ').replace(/\.$/, '')})`
}

/** The digits of a number that people may write with other signs. */
export const digitsOf = text => String(text).replace(/\D/g, '')

const orderFields = ['orderId', 'order', 'orderNumber', 'order_id', 'invoice', 'ticket']

/** What a message is about, from its metadata: the order number, or else the first plain entry. */
export function aboutOf (metadata) {
  if (metadata === null || metadata === undefined) return null
  const plain = Object.entries(metadata).filter(([, value]) => value !== null && typeof value !== 'object')
  const found = orderFields.map(name => plain.find(([key]) => key === name)).find(Boolean) ?? plain[0]
  return found === undefined ? null : String(found[1])
}

/** The content of a message in one line: `{icon, text, isName}`; null once it is deleted. */
export function briefOf (message, type) {
  if (message === null || message === undefined) return null
  if (typeof message === 'string') return { icon: 'text', text: message }
  const content = type !== null && typeof message[type] === 'object' && message[type] !== null ? message[type] : message
  if (typeof content.name === 'string') return { icon: 'template', text: content.name, isName: true }
  const text = content.body?.text ?? content.body ?? content.caption ?? content.filename ?? type ?? 'message'
  return { icon: type === 'text' || type === 'interactive' ? 'text' : 'media', text: typeof text === 'string' ? text : JSON.stringify(text) }
}
