import { readFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { SluiceError } from '../errors.js'
import type { CodeRow, CodeRule } from './code-row.js'
import { createPolicy } from './policy.js'

const DAY_MS = 86_400_000
const words = Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: '^[^\\x00-\\x1f]+$' }))
const outcomes = ['retryable', 'limited-pair', 'limited-flow', 'rejected', 'sender-stopped'] as const

/** One entry of POLICY_FILE; what it leaves out is taken from the table. docs/outcomes.md tells each field. */
const EntrySchema = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 32 }),
  outcome: Type.Optional(Type.Union(outcomes.map(outcome => Type.Literal(outcome)))),
  mostAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  coolDownMs: Type.Optional(Type.Integer({ minimum: 100, maximum: DAY_MS })),
  growth: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  mostMs: Type.Optional(Type.Integer({ minimum: 100, maximum: DAY_MS })),
  retryNotBeforeMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 366 * DAY_MS })),
  optsOut: Type.Optional(Type.Boolean()),
  probeMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 7 * DAY_MS })),
  title: words,
  explanation: words,
  remedy: words
}, { additionalProperties: false })
const FileSchema = Type.Array(EntrySchema, { maxItems: 1000 })
type Entry = Static<typeof EntrySchema>
type Numbers = Omit<Entry, 'code' | 'outcome' | 'title' | 'explanation' | 'remedy'>
type Wrong = (field: string, detail: string) => SluiceError

/** What belongs to each outcome; any other beside it would do nothing. */
const numbersOf: Record<CodeRule['outcome'], ReadonlyArray<keyof Numbers>> = {
  retryable: ['mostAttempts'], unsent: [], unknown: [], 'limited-pair': ['coolDownMs', 'growth', 'mostMs'], 'limited-flow': ['coolDownMs'], rejected: ['retryNotBeforeMs', 'optsOut'], 'sender-stopped': ['probeMs']
}

const validate = new Ajv({ allErrors: false }).compile<Entry[]>(FileSchema)
const standard = createPolicy()

/** The rows that POLICY_FILE puts over the table; none without a file. Throws CONFIG_INVALID naming entry and field. */
export function readPolicyFile (path: string): CodeRow[] {
  if (path === '') return []
  const seen = new Set<string>()
  return parse(path).map((entry, at) => {
    const wrong: Wrong = (field, detail) => invalid(`entry ${at + 1} ("${entry.code}"), ${field}: ${detail}`)
    if (seen.has(entry.code)) throw wrong('code', 'it stands in the file twice')
    seen.add(entry.code)
    return toRow(entry, wrong)
  })
}

function toRow ({ code, outcome, title, explanation, remedy, ...numbers }: Entry, wrong: Wrong): CodeRow {
  const base = standard.find(code) ?? standard.find(code.split('/')[0] ?? '')
  const isCode = /^\d{1,9}(\/\d{1,9})?$|^HTTP_[345]\d\d$/.test(code)
  if (base?.code !== code && !isCode) throw wrong('code', 'neither a code of Meta\'s, such as 131056 or 100/33, nor of the table')
  // Whether a message went out is a fact of the wire: a rule that calls it refused would send it twice, or never.
  if ((base?.outcome === 'unsent' || base?.outcome === 'unknown') && (outcome !== undefined || Object.keys(numbers).length > 0)) {
    throw wrong('outcome', `no answer came, which is ${base.outcome} whatever a file says; only title, explanation and remedy can be changed`)
  }
  const text = { title: title ?? base?.title, explanation: explanation ?? base?.explanation, remedy: remedy ?? base?.remedy }
  for (const [field, value] of Object.entries({ outcome: outcome ?? base?.outcome, ...text })) {
    if (value === undefined) throw wrong(field, 'it is missing, and the table does not have this code')
  }
  const rule = toRule(base, outcome ?? base?.outcome ?? 'rejected', numbers, wrong)
  return { code, title: text.title ?? '', explanation: text.explanation ?? '', remedy: text.remedy ?? '', ...rule }
}

function toRule (base: CodeRow | undefined, outcome: CodeRule['outcome'], numbers: Numbers, wrong: Wrong): CodeRule {
  const stray = (Object.keys(numbers) as Array<keyof Numbers>).find(field => !numbersOf[outcome].includes(field))
  if (stray !== undefined) throw wrong(stray, `it means nothing for the outcome ${outcome}`)
  // Numbers of another outcome are no default for this one.
  const kept = base?.outcome === outcome ? base : undefined
  switch (outcome) {
    case 'limited-pair': {
      const former = kept?.outcome === outcome ? kept : undefined
      const coolDownMs = numbers.coolDownMs ?? former?.coolDownMs
      if (coolDownMs === undefined) throw wrong('coolDownMs', 'it is missing')
      const mostMs = numbers.mostMs ?? Math.max(coolDownMs, former?.mostMs ?? 0)
      if (mostMs < coolDownMs) throw wrong('mostMs', `it is less than coolDownMs (${coolDownMs})`)
      return { outcome, coolDownMs, growth: numbers.growth ?? former?.growth ?? 1, mostMs }
    }
    case 'limited-flow': {
      const coolDownMs = numbers.coolDownMs ?? (kept?.outcome === outcome ? kept.coolDownMs : undefined)
      if (coolDownMs === undefined) throw wrong('coolDownMs', 'it is missing')
      return { outcome, coolDownMs }
    }
    case 'rejected': {
      const former = kept?.outcome === outcome ? kept : undefined
      const retryNotBeforeMs = numbers.retryNotBeforeMs ?? former?.retryNotBeforeMs
      const optsOut = numbers.optsOut ?? former?.optsOut
      return { outcome, ...(retryNotBeforeMs === undefined ? {} : { retryNotBeforeMs }), ...(optsOut === undefined ? {} : { optsOut }) }
    }
    case 'retryable': {
      const mostAttempts = numbers.mostAttempts ?? (kept?.outcome === outcome ? kept.mostAttempts : undefined)
      return { outcome, ...(mostAttempts === undefined ? {} : { mostAttempts }) }
    }
    case 'sender-stopped': return { outcome, probeMs: numbers.probeMs ?? (kept?.outcome === outcome ? kept.probeMs : 60_000) }
    default: return { outcome }
  }
}

function parse (path: string): Entry[] {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw invalid(cause instanceof SyntaxError ? `the file is no valid JSON: ${cause.message}` : `the file ${path} can't be read`, cause)
  }
  if (validate(value)) return value
  const [fault] = validate.errors ?? []
  const [, at, ...field] = (fault?.instancePath ?? '').split('/')
  if (at === undefined) throw invalid(`the file ${fault?.message ?? 'is no list of codes'}`)
  const { code } = (value as Array<{ code?: unknown } | null>)[Number(at)] ?? {}
  const { additionalProperty, missingProperty } = (fault?.params ?? {}) as { additionalProperty?: string, missingProperty?: string }
  const name = field[0] ?? additionalProperty ?? missingProperty ?? 'entry'
  const reason = additionalProperty !== undefined ? 'there is no such field' : missingProperty !== undefined ? 'it is missing' : name === 'outcome' ? `it is ${outcomes.join(', ')}` : fault?.message ?? 'it is not valid'
  throw invalid(`entry ${Number(at) + 1}${typeof code === 'string' ? ` ("${code}")` : ''}, ${name}: ${reason}`)
}

function invalid (detail: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', { detail: `POLICY_FILE: ${detail}`, field: 'POLICY_FILE', ...(cause === undefined ? {} : { cause }) })
}
