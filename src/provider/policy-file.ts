import { readFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { SluiceError } from '../errors.js'
import type { CodeRow, CodeRule } from './code-row.js'
import { createPolicy } from './policy.js'

const DAY_MS = 86_400_000
const text = Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: '^[^\\x00-\\x1f]+$' }))
const outcomes = ['retryable', 'limited-pair', 'limited-flow', 'rejected', 'sender-stopped'] as const

/** One entry of POLICY_FILE; omitted fields keep the table's values. docs/outcomes.md describes each field. */
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
  title: text,
  explanation: text,
  remedy: text
}, { additionalProperties: false })
const FileSchema = Type.Array(EntrySchema, { maxItems: 1000 })
type Entry = Static<typeof EntrySchema>
type Numbers = Omit<Entry, 'code' | 'outcome' | 'title' | 'explanation' | 'remedy'>
type CreateError = (field: string, detail: string) => SluiceError

/** The numbers of each outcome; any other would have no effect, so it is an error. */
const numbersOf: Record<CodeRule['outcome'], ReadonlyArray<keyof Numbers>> = {
  retryable: ['mostAttempts'],
  unsent: [],
  unknown: [],
  'limited-pair': ['coolDownMs', 'growth', 'mostMs'],
  'limited-flow': ['coolDownMs'],
  rejected: ['retryNotBeforeMs', 'optsOut'],
  'sender-stopped': ['probeMs']
}

const validate = new Ajv({ allErrors: false }).compile<Entry[]>(FileSchema)
const standard = createPolicy()

/** The overrides in POLICY_FILE; none if `path` is empty. Throws `CONFIG_INVALID`, which names entry and field. */
export function readPolicyFile (path: string): CodeRow[] {
  if (path === '') return []
  const seen = new Set<string>()
  return parse(path).map((entry, at) => {
    const errorIn: CreateError = (field, detail) => invalid(`entry ${at + 1} ("${entry.code}"), ${field}: ${detail}`)
    if (seen.has(entry.code)) throw errorIn('code', 'duplicate code')
    seen.add(entry.code)
    return toRow(entry, errorIn)
  })
}

function toRow ({ code, outcome, title, explanation, remedy, ...numbers }: Entry, errorIn: CreateError): CodeRow {
  const base = standard.find(code) ?? standard.find(code.split('/')[0] ?? '')
  const isCode = /^\d{1,9}(\/\d{1,9})?$|^HTTP_[345]\d\d$/.test(code)
  if (base?.code !== code && !isCode) throw errorIn('code', 'unknown code: use a code of Meta, such as 131056 or 100/33, or one of the table')
  // Without a response it is known from the connection whether a message was sent: another outcome would send it twice, or never.
  if ((base?.outcome === 'unsent' || base?.outcome === 'unknown') && (outcome !== undefined || Object.keys(numbers).length > 0)) {
    throw errorIn('outcome', `fixed as ${base.outcome}, since there is no response; change only title, explanation and remedy`)
  }
  const texts = { title: title ?? base?.title, explanation: explanation ?? base?.explanation, remedy: remedy ?? base?.remedy }
  for (const [field, value] of Object.entries({ outcome: outcome ?? base?.outcome, ...texts })) {
    if (value === undefined) throw errorIn(field, 'required, since the table does not have this code')
  }
  const rule = toRule(base, outcome ?? base?.outcome ?? 'rejected', numbers, errorIn)
  return { code, title: texts.title ?? '', explanation: texts.explanation ?? '', remedy: texts.remedy ?? '', ...rule }
}

function toRule (base: CodeRow | undefined, outcome: CodeRule['outcome'], numbers: Numbers, errorIn: CreateError): CodeRule {
  const extra = (Object.keys(numbers) as Array<keyof Numbers>).find(field => !numbersOf[outcome].includes(field))
  if (extra !== undefined) throw errorIn(extra, `not allowed for the outcome ${outcome}`)
  // Numbers of another outcome are not defaults of this one.
  const kept = base?.outcome === outcome ? base : undefined
  switch (outcome) {
    case 'limited-pair': {
      const previous = kept?.outcome === outcome ? kept : undefined
      const coolDownMs = numbers.coolDownMs ?? previous?.coolDownMs
      if (coolDownMs === undefined) throw errorIn('coolDownMs', 'required')
      const mostMs = numbers.mostMs ?? Math.max(coolDownMs, previous?.mostMs ?? 0)
      if (mostMs < coolDownMs) throw errorIn('mostMs', `must be at least coolDownMs (${coolDownMs})`)
      return { outcome, coolDownMs, growth: numbers.growth ?? previous?.growth ?? 1, mostMs }
    }
    case 'limited-flow': {
      const coolDownMs = numbers.coolDownMs ?? (kept?.outcome === outcome ? kept.coolDownMs : undefined)
      if (coolDownMs === undefined) throw errorIn('coolDownMs', 'required')
      return { outcome, coolDownMs }
    }
    case 'rejected': {
      const previous = kept?.outcome === outcome ? kept : undefined
      const retryNotBeforeMs = numbers.retryNotBeforeMs ?? previous?.retryNotBeforeMs
      const optsOut = numbers.optsOut ?? previous?.optsOut
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
    throw invalid(cause instanceof SyntaxError ? `the file is not valid JSON: ${cause.message}` : `the file ${path} cannot be read`, cause)
  }
  if (validate(value)) return value
  const [error] = validate.errors ?? []
  const [, at, ...field] = (error?.instancePath ?? '').split('/')
  if (at === undefined) throw invalid(`the file ${error?.message ?? 'must be a list of codes'}`)
  const { code } = (value as Array<{ code?: unknown } | null>)[Number(at)] ?? {}
  const { additionalProperty, missingProperty } = (error?.params ?? {}) as { additionalProperty?: string, missingProperty?: string }
  const name = field[0] ?? additionalProperty ?? missingProperty ?? 'entry'
  const entry = `entry ${Number(at) + 1}${typeof code === 'string' ? ` ("${code}")` : ''}`
  throw invalid(`${entry}, ${name}: ${reasonFor()}`)

  function reasonFor (): string {
    if (additionalProperty !== undefined) return 'unknown field'
    if (missingProperty !== undefined) return 'required'
    return name === 'outcome' ? `must be one of ${outcomes.join(', ')}` : error?.message ?? 'invalid'
  }
}

function invalid (detail: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', { detail: `POLICY_FILE: ${detail}`, field: 'POLICY_FILE', ...(cause === undefined ? {} : { cause }) })
}
