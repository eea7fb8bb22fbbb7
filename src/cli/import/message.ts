import { createHash } from 'node:crypto'
import type { PostMessage } from '../../client/index.js'
import { describeInvalid } from '../../values/invalid.js'
import { findInexact, isJsonObject, parseJson } from '../../values/json.js'
import { canonicalDigits, parsePhone } from '../../values/phone.js'
import { parseTime } from '../../values/time.js'
import { UsageError } from '../exit.js'
import type { Plan } from './columns.js'
import { fillIn, hasStrayBraces, placeholdersIn, nameOf } from './columns.js'
import type { Cell, TableRow } from './table.js'

/** Why a row is not a message. `reason` is the same for all rows with the same fault, so that it can be counted. */
export interface Problem { code: string, field?: string, reason: string }

/** What the command line gives for rows that do not say it. */
export interface Defaults {
  template?: string | undefined
  language?: string | undefined
  text?: string | undefined
  priority: string
  category?: string | undefined
  campaign?: string | undefined
  sender?: string | undefined
  /** Reads the numbers of a country. */
  toInternational?: ((text: string) => National) | undefined
}

class RowError extends Error {
  readonly problem: Problem

  constructor (problem: Problem) {
    super(problem.reason)
    this.problem = problem
  }
}

/** The message of a row. Values of cells are never read as anything but text. */
export function toMessage (row: TableRow, plan: Plan, defaults: Defaults): { message: PostMessage } | { problem: Problem } {
  try {
    return { message: build(row, plan, defaults) }
  } catch (error) {
    if (error instanceof RowError) return { problem: error.problem }
    throw error
  }
}

function build ({ cells }: TableRow, plan: Plan, defaults: Defaults): PostMessage {
  if (cells.length !== plan.columns.length) fail('INVALID_ROW', 'the row has more or fewer cells than the first one')
  const nameless = plan.columns.findIndex((name, i) => name === '' && cells[i] !== '')
  if (nameless >= 0) fail('INVALID_ROW', 'there is text in a column without a name')
  const optional = (field: string): string => textOf(plan.fields.get(field), field)
  const message: Record<string, unknown> = { ...recipient(), message: content(), priority: lower('priority') || defaults.priority }
  for (const field of ['category', 'onUnknown']) if (lower(field) !== '') message[field] = lower(field)
  for (const field of ['sender', 'campaign', 'idempotencyKey', 'timestamp', 'scheduledFor']) {
    if (optional(field) !== '') message[field] = optional(field)
  }
  message['category'] ??= defaults.category
  message['campaign'] ??= defaults.campaign
  message['sender'] ??= defaults.sender
  if (optional('expiresInMs') !== '') message['expiresInMs'] = wholeNumber(optional('expiresInMs'), 'expiresInMs')
  if (optional('deduplicate') !== '') message['deduplicate'] = { true: true, false: false }[lower('deduplicate')] ?? lower('deduplicate')
  // In JSON digits are a number of milliseconds.
  if (/^\d+$/.test(String(message['scheduledFor'] ?? ''))) message['scheduledFor'] = Number(message['scheduledFor'])
  const metadata = entries('metadata.').map(([name, column]) => [name, textOf(column, `metadata.${name}`)]).filter(([, value]) => value !== '')
  if (metadata.length > 0) message['metadata'] = Object.fromEntries(metadata)
  // The client would reject the whole request.
  const [inexact] = findInexact(message, 'message')
  if (inexact !== undefined) fail('INVALID_ROW', describeInvalid(inexact), inexact.field)
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as PostMessage

  function recipient (): Record<string, string> {
    for (const field of ['recipient', 'group'] as const) if (optional(field) !== '') return { [field]: optional(field) }
    // Spreadsheets write ' before a text that looks like a number or a formula.
    const written = plainNumber(optional('to').replace(/^'/, ''))
    if (written === '') fail('INVALID_RECIPIENT', 'the number is missing', 'to')
    return { to: toE164(written, defaults) }
  }

  function content (): string | Record<string, unknown> {
    const template = optional('template') || (defaults.template ?? '')
    if (template !== '' && optional('message') !== '') fail('INVALID_ROW', 'the row has both a text and a template', 'message')
    if (template !== '') return templateOf(template)
    const text = optional('message') || (defaults.text ?? '')
    if (text === '') fail('INVALID_ROW', 'the text is missing', 'message')
    const type = lower('type')
    if (type !== '' && type !== 'text') return objectOf(type, text)
    // A customer must never read JSON that was meant as a template or an image.
    if (isObjectText(text)) fail('INVALID_ROW', 'the text is JSON: name what it is in a column "type", such as template or image', 'message')
    if (hasStrayBraces(text)) fail('INVALID_ROW', 'the text has {{ without }}, or }} without {{', 'message')
    return fillIn(text, name => valueOf(name)).replaceAll(/\r\n?/g, '\n')
  }

  function templateOf (name: string): Record<string, unknown> {
    const code = optional('language') || (defaults.language ?? '')
    if (code === '') fail('INVALID_ROW', 'the template has no language', 'language')
    const components = [...headers(), ...body(), ...buttons()]
    return { type: 'template', template: { name, language: { code }, ...(components.length === 0 ? {} : { components }) } }
  }

  function headers (): object[] {
    return entries('header.').map(([kind, column]) => {
      const value = parameterOf(column, `header.${kind}`)
      return { type: 'header', parameters: [kind === 'text' ? { type: 'text', text: value } : { type: kind, [kind]: { link: value } }] }
    })
  }

  function body (): object[] {
    const parameters = entries('param.').map(([name, column]) => {
      const text = parameterOf(column, `param.${name}`)
      return /^\d+$/.test(name) ? { type: 'text', text } : { type: 'text', parameter_name: name, text }
    })
    return parameters.length === 0 ? [] : [{ type: 'body', parameters }]
  }

  function buttons (): object[] {
    return entries('button.').map(([index, column]) =>
      ({ type: 'button', sub_type: 'url', index, parameters: [{ type: 'text', text: parameterOf(column, `button.${index}`) }] }))
  }

  /** WhatsApp rejects parameters that are empty or have line breaks, tabs, or more than four spaces in a row. */
  function parameterOf (column: number, field: string): string {
    const text = textOf(column, field)
    if (text === '') fail('INVALID_ROW', `"${plan.columns[column]}" is empty`, field)
    if (/[\n\r\t]| {5}/.test(text)) {
      fail('INVALID_ROW', `"${plan.columns[column]}" has a line break, a tab or five spaces, which a template may not contain`, field)
    }
    return text
  }

  function valueOf (name: string): string {
    const column = plan.names.get(nameOf(name))
    if (column === undefined) fail('INVALID_ROW', `the text has {{${name}}}, which is not a column`, 'message')
    const value = textOf(column, 'message')
    if (value === '') fail('INVALID_ROW', `"${plan.columns[column]}" is empty, and the text uses it`, 'message')
    return value
  }

  /** Name and column of the fields with a prefix; numbers in order. */
  function entries (prefix: string): Array<[name: string, column: number]> {
    return [...plan.fields].filter(([field]) => field.startsWith(prefix))
      .map(([field, column]): [string, number] => [field.slice(prefix.length), column])
      .sort(([a], [b]) => Number(a) - Number(b))
  }

  function lower (field: string): string {
    return optional(field).toLowerCase()
  }

  function textOf (column: number | undefined, field: string): string {
    const cell: Cell = (column === undefined ? '' : cells[column]) ?? ''
    if (typeof cell !== 'string') fail('INVALID_ROW', `"${plan.columns[column ?? 0]}" ${cell.problem}`, field)
    if (faults.test(cell)) fail('INVALID_ROW', `"${plan.columns[column ?? 0]}" is an error of the spreadsheet, such as #N/A`, field)
    if (cell.includes('\ufffd')) fail('INVALID_ROW', `"${plan.columns[column ?? 0]}" has characters that were lost (\ufffd) when it was saved`, field)
    return cell.trim()
  }
}

function fail (code: string, reason: string, field?: string): never {
  throw new RowError({ code, reason, ...(field === undefined ? {} : { field }) })
}

/** Errors of spreadsheets, in the languages of their users. */
const faults = new RegExp('^#(' + [
  'N/[AD]', 'NV', 'DIV/0!', 'REF!', 'BEZUG!', 'VALUE!', 'VALOR!', 'VALEUR!', 'WERT!', 'NAME\\?', 'NOME\\?', 'NOMBRE\\?', 'NOM\\?',
  'N[UÚ]M!', 'NOMBRE!',
  'ZAHL!', 'NULL!', 'NULO!', 'NUL!', 'SPILL!'
].join('|') + ')$', 'u')

/** Phones and web pages put special spaces, hyphens and invisible marks into a number; 00 is dialled for +. */
function plainNumber (text: string): string {
  return text.replaceAll(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]/g, '').replaceAll(/[\u00a0\u2000-\u200a\u202f\t]/g, ' ')
    .replaceAll(/[\u2010-\u2015\u2212]/g, '-').trim().replace(/^00(?=[1-9])/, '+')
}

/** Without a country's code, which `--country` adds; spreadsheets shorten long numbers. */
function toE164 (written: string, { toInternational }: Defaults): string {
  if (/^\d([.,]\d+)?e\+?\d+$/i.test(written)) {
    fail('INVALID_RECIPIENT', 'the spreadsheet has shortened the number, as 5.52E+12: give the column the format Text', 'to')
  }
  const national = written.startsWith('+') || toInternational === undefined ? { number: written } : toInternational(written)
  if ('reason' in national) fail('INVALID_RECIPIENT', national.reason, 'to')
  const parsed = parsePhone(national.number, 'to')
  if ('value' in parsed) return `+${parsed.value.digits}`
  return fail('INVALID_RECIPIENT', parsed.invalid.hint ?? 'not a phone number with its country code, such as +55 21 99999-0051', 'to')
}

/** Whether a text is an object in JSON. */
export function isObjectText (text: string): boolean {
  if (!/^\s*\{[^]*\}\s*$/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A Cloud API message object, from a cell with the whole object or with what belongs under its type. */
function objectOf (type: string, text: string): Record<string, unknown> {
  if (!isObjectText(text)) fail('INVALID_ROW', `the type is ${type}, and the message is not the JSON of one`, 'message')
  const parsed = parseJson(text, 'message')
  if ('invalid' in parsed) fail('INVALID_ROW', describeInvalid(parsed.invalid), 'message')
  const object = isJsonObject(parsed.value) ? parsed.value : {}
  if (object['type'] === undefined) return { type, [type]: object }
  if (object['type'] !== type) fail('INVALID_ROW', 'the type differs from that of the message', 'type')
  return object
}

function wholeNumber (text: string, field: string): number {
  if (!/^\d{1,15}$/.test(text)) fail('INVALID_ROW', `"${field}" is not a whole number in digits`, field)
  return Number(text)
}

/** The key of a row: what its recipient gets, and when. Lane, category and expiry change neither; the gateway adds the sender. */
export function keyOf (campaign: string, message: PostMessage): string {
  const { to, recipient, group, message: content, metadata, scheduledFor, timestamp } = message
  const phone = to === undefined ? undefined : parsePhone(to, 'to')
  const name = phone !== undefined && 'value' in phone ? canonicalDigits(phone.value.digits) : to ?? recipient ?? group
  const parts = [campaign, name, content, metadata ?? null, momentOf(scheduledFor), momentOf(timestamp)]
  return `import:${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`
}

/** A time in ms, however it is written; a text that is none stays, and the gateway rejects it. */
function momentOf (written: string | number | undefined): string | number | null {
  if (written === undefined) return null
  const parsed = parseTime(written, '')
  return 'value' in parsed ? parsed.value : written
}

/** The texts of all rows that may contain `{{name}}`. */
export function * textsOf (rows: TableRow[], plan: Plan, text: string | undefined): Generator<string> {
  if (text !== undefined) yield text
  const column = plan.fields.get('message')
  if (column === undefined) return
  for (const { cells } of rows) if (typeof cells[column] === 'string' && placeholdersIn(cells[column]).length > 0) yield cells[column]
}

/** A number in E.164, or why a text is none. */
type National = { number: string } | { reason: string }

/**
 * Makes a number in E.164 of a national one of this country. The library is loaded only where it is needed: it takes 30 ms. Throws UsageError.
 */
export async function readNumbersOf (country: string): Promise<(text: string) => National> {
  const { isSupportedCountry, parsePhoneNumberFromString, validatePhoneNumberLength } = await import('libphonenumber-js/max')
  const code = country.toUpperCase()
  if (!isSupportedCountry(code)) throw new UsageError(`--country: "${country}" is no country; give two letters, such as BR, MX, US, DE`)
  return text => {
    const found = parsePhoneNumberFromString(text, { defaultCountry: code, extract: false })
    if (found?.isValid() === true && found.ext === undefined) return { number: found.number }
    return { reason: reasonFor(validatePhoneNumberLength(text, code), code) }
  }
}

function reasonFor (fault: string | undefined, country: string): string {
  switch (fault) {
    case 'NOT_A_NUMBER': return 'there is no phone number in it'
    case 'TOO_SHORT': return `too short for a number of ${country}: the area code may be missing`
    case 'TOO_LONG': return `too long for a number of ${country}; a number of another country begins with +`
    default: return `not a number of ${country}: the area code may be missing or wrong; a number of another country begins with +`
  }
}
