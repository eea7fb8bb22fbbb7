import { Type, type Static } from '@sinclair/typebox'
import type { Message } from './envelope.js'
import { createParser } from './json.js'
import { recipientId } from './recipient.js'
import { testFault } from './test-numbers.js'

const faultKinds = [
  'code', 'status', 'html', 'slow', 'reset-before', 'reset-after', 'hang', 'accept-reset', 'accept-hang', 'fail-later'
] as const
export type FaultKind = typeof faultKinds[number]

const FaultRuleSchema = Type.Object({
  /** A recipient in any spelling, `*`, or `node` for requests of the phone number's node. */
  recipient: Type.String(),
  /** A phone number id, or `*`. */
  sender: Type.String({ default: '*' }),
  /** Remaining uses; null: unlimited. */
  times: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { default: null }),
  kind: Type.Union(faultKinds.map(kind => Type.Literal(kind))),
  /** Meta's error code, for `code`, `status` and `fail-later`. */
  code: Type.Optional(Type.Integer({ minimum: 0 })),
  /** For `code`, `status` and `html`. */
  httpStatus: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
  /** Delay of the response or the reset in ms, in addition to the sandbox's latency. */
  delayMs: Type.Optional(Type.Integer({ minimum: 0 }))
}, { additionalProperties: false })

export type FaultRule = Static<typeof FaultRuleSchema>
export type Fault = Pick<FaultRule, 'kind' | 'code' | 'httpStatus' | 'delayMs'>

/** Reads the body of `POST /_sandbox/faults`. */
export const parseFaultRule = createParser('fault', FaultRuleSchema)

export interface Faults {
  /** The fault of a request of which only the headers have arrived: a `reset-before` rule for any recipient. */
  takeAtHeaders: (sender: string) => Fault | null
  /** The fault of a request of a phone number's node. */
  takeOfNode: (sender: string) => Fault | null
  /** The fault of a message, from the most specific rule, else from its test number. Uses up one of the rule's `times`. */
  consume: (sender: string, message: Message) => Fault | null
  /** Replaces the rule for the same sender and recipient. */
  add: (rule: FaultRule) => void
  list: () => FaultRule[]
  clear: () => void
}

const MAX_COUNTED_MESSAGES = 10_000

export function createFaults (): Faults {
  const rules = new Map<string, FaultRule>()
  const faultCounts = new Map<string, number>()

  function use (key: string, kind?: FaultKind): Fault | null {
    const rule = rules.get(key)
    if (rule === undefined || (kind !== undefined && rule.kind !== kind)) return null
    if (rule.times !== null && --rule.times === 0) rules.delete(key)
    return rule
  }

  /** Counts by sender, recipient and content. Opaque data is ignored: it differs between attempts. */
  function takeByNumber (sender: string, { recipient, content }: Message): Fault | null {
    const found = recipient.addressing === 'phone' ? testFault(recipient.id) : null
    if (found === null || found.times === Infinity) return found?.fault ?? null
    const key = `${sender} ${recipient.id} ${JSON.stringify(content)}`
    const count = faultCounts.get(key) ?? 0
    // Deleted and set again, so that the map is ordered by last use and its first key is the oldest.
    faultCounts.delete(key)
    if (count >= found.times) return null
    faultCounts.set(key, count + 1)
    if (faultCounts.size > MAX_COUNTED_MESSAGES) faultCounts.delete(faultCounts.keys().next().value ?? '')
    return found.fault
  }

  return {
    takeAtHeaders: sender => use(`${sender} *`, 'reset-before') ?? use('* *', 'reset-before'),
    takeOfNode: sender => use(`${sender} node`) ?? use('* node'),
    consume (sender, message) {
      const { id } = message.recipient
      return use(`${sender} ${id}`) ?? use(`* ${id}`) ?? use(`${sender} *`) ?? use('* *') ?? takeByNumber(sender, message)
    },
    add (rule) { rules.set(`${rule.sender} ${recipientId(rule.recipient)}`, rule) },
    list: () => [...rules.values()],
    clear () {
      rules.clear()
      faultCounts.clear()
    }
  }
}
