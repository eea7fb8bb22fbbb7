import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { SluiceError } from '../errors.js'
import { createReader } from '../settings/json-list.js'
import { createProblems } from '../settings/problems.js'
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
  outage: Type.Optional(Type.Boolean()),
  probeMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 7 * DAY_MS })),
  title: text,
  explanation: text,
  remedy: text
}, { additionalProperties: false })
type Entry = Static<typeof EntrySchema>
const readEntries = createReader<Entry>({ setting: 'POLICY_FILE', schema: EntrySchema, label: 'code', minItems: 0, maxItems: 1000 })
type Numbers = Omit<Entry, 'code' | 'outcome' | 'title' | 'explanation' | 'remedy'>
type CreateError = (field: string, detail: string) => SluiceError

/** The numbers of each outcome; any other would have no effect, so it is an error. */
const numbersOf: Record<CodeRule['outcome'], ReadonlyArray<keyof Numbers>> = {
  retryable: ['mostAttempts', 'outage'],
  unsent: [],
  unknown: [],
  'limited-pair': ['coolDownMs', 'growth', 'mostMs'],
  'limited-flow': ['coolDownMs'],
  rejected: ['retryNotBeforeMs', 'optsOut'],
  'sender-stopped': ['probeMs']
}

const standard = createPolicy()

/** The overrides in POLICY_FILE; none if `path` is empty. Throws `CONFIG_INVALID`, which names every wrong entry and field. */
export function readPolicyFile (path: string): CodeRow[] {
  if (path === '') return []
  const problems = createProblems()
  const seen = new Set<string>()
  const rows = readEntries(path, problems).flatMap(({ entry, wrong }) => {
    if (seen.has(entry.code)) wrong('code', 'duplicate code')
    seen.add(entry.code)
    try {
      return [toRow(entry, (field, detail) => new SluiceError('CONFIG_INVALID', { field, detail }))]
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      wrong(error.facts.field ?? '', error.message)
      return []
    }
  })
  problems.throwAny()
  return rows
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
  const inherited = base?.outcome === outcome ? base : undefined
  switch (outcome) {
    case 'limited-pair': {
      const previous = inherited?.outcome === outcome ? inherited : undefined
      const coolDownMs = numbers.coolDownMs ?? previous?.coolDownMs
      if (coolDownMs === undefined) throw errorIn('coolDownMs', 'required')
      const mostMs = numbers.mostMs ?? Math.max(coolDownMs, previous?.mostMs ?? 0)
      if (mostMs < coolDownMs) throw errorIn('mostMs', `must be at least coolDownMs (${coolDownMs})`)
      return { outcome, coolDownMs, growth: numbers.growth ?? previous?.growth ?? 1, mostMs }
    }
    case 'limited-flow': {
      const previous = inherited?.outcome === outcome ? inherited : undefined
      const coolDownMs = numbers.coolDownMs ?? previous?.coolDownMs
      if (coolDownMs === undefined) throw errorIn('coolDownMs', 'required')
      return { outcome, coolDownMs, ...(previous?.slows === undefined ? {} : { slows: previous.slows }) }
    }
    case 'rejected': {
      const previous = inherited?.outcome === outcome ? inherited : undefined
      const retryNotBeforeMs = numbers.retryNotBeforeMs ?? previous?.retryNotBeforeMs
      const optsOut = numbers.optsOut ?? previous?.optsOut
      return {
        outcome,
        ...(retryNotBeforeMs === undefined ? {} : { retryNotBeforeMs }),
        ...(optsOut === undefined ? {} : { optsOut }),
        ...(previous?.template === undefined ? {} : { template: previous.template }),
        ...(previous?.stopsTemplatesMs === undefined ? {} : { stopsTemplatesMs: previous.stopsTemplatesMs })
      }
    }
    case 'retryable': {
      const previous = inherited?.outcome === outcome ? inherited : undefined
      const mostAttempts = numbers.mostAttempts ?? previous?.mostAttempts
      const outage = numbers.outage ?? previous?.outage
      return { outcome, ...(mostAttempts === undefined ? {} : { mostAttempts }), ...(outage === undefined ? {} : { outage }) }
    }
    case 'sender-stopped': {
      const previous = inherited?.outcome === outcome ? inherited : undefined
      return { outcome, probeMs: numbers.probeMs ?? previous?.probeMs ?? 60_000, ...(previous?.scope === undefined ? {} : { scope: previous.scope }) }
    }
    default: return { outcome }
  }
}
