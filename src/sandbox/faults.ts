/** Faults: set by a rule through the control routes, or by the digits of a test number. */

import { isObject } from './body.js'
import type { Message } from './envelope.js'
import { magicFault } from './magic-numbers.js'
import { nameOf } from './person.js'

export const faultKinds = [
  'code', 'status', 'html', 'slow', 'reset-before', 'reset-after', 'hang', 'accept-reset', 'accept-hang', 'fail-later',
] as const
export type FaultKind = typeof faultKinds[number]

export interface Fault {
  kind: FaultKind
  /** Meta's error code, for `code`, `status` and `fail-later`. */
  code?: number
  /** For `code`, `status` and `html`. */
  httpStatus?: number
  /** Before the answer or the reset, ms, on top of the sandbox's latency. */
  delayMs?: number
}

export interface FaultRule extends Fault {
  /** A recipient in any spelling, or `*`. */
  recipient: string
  /** A phone number id, or `*`. */
  sender: string
  /** Uses left; null: without end. */
  times: number | null
}

export interface Faults {
  /** The fault for a request of which only the head is there: a `reset-before` rule for any recipient. */
  takeAtHead: (sender: string) => Fault | null
  take: (sender: string, message: Message) => Fault | null
  /** Replaces the rule for the same sender and recipient. */
  add: (rule: FaultRule) => void
  list: () => FaultRule[]
  clear: () => void
}

const MAX_REFUSED_MESSAGES = 10_000

export function createFaults (): Faults {
  const rules = new Map<string, FaultRule>()
  const refusals = new Map<string, number>()

  function use (key: string, kind?: FaultKind): Fault | null {
    const rule = rules.get(key)
    if (rule === undefined || (kind !== undefined && rule.kind !== kind)) return null
    if (rule.times !== null && --rule.times === 0) rules.delete(key)
    return rule
  }

  /** Counts by sender, recipient and content, but not by opaque data, which differs between attempts. */
  function takeMagic (sender: string, { person, content }: Message): Fault | null {
    const magic = person.addressing === 'phone' ? magicFault(person.name) : null
    if (magic === null || magic.times === Infinity) return magic?.fault ?? null
    const key = `${sender} ${person.name} ${JSON.stringify(content)}`
    const refused = refusals.get(key) ?? 0
    // Set anew each time, so that the map stays ordered by last use and the first key is the stalest.
    refusals.delete(key)
    if (refused >= magic.times) return null
    refusals.set(key, refused + 1)
    if (refusals.size > MAX_REFUSED_MESSAGES) refusals.delete(refusals.keys().next().value ?? '')
    return magic.fault
  }

  return {
    takeAtHead: (sender) => use(`${sender} *`, 'reset-before') ?? use('* *', 'reset-before'),
    take (sender, message) {
      const name = message.person.name
      return use(`${sender} ${name}`) ?? use(`* ${name}`) ?? use(`${sender} *`) ?? use('* *') ??
        takeMagic(sender, message)
    },
    add (rule) { rules.set(`${rule.sender} ${nameOf(rule.recipient)}`, rule) },
    list: () => [...rules.values()],
    clear () {
      rules.clear()
      refusals.clear()
    },
  }
}

/** Reads a rule from the control route; a string says what is wrong with it. */
export function parseFaultRule (value: unknown): FaultRule | string {
  if (!isObject(value)) return 'A fault is a JSON object'
  const { recipient, sender = '*', times = null, kind, code, httpStatus, delayMs } = value
  if (typeof recipient !== 'string' || typeof sender !== 'string') return 'recipient and sender are text; "*" is any'
  const known = faultKinds.find((one) => one === kind)
  if (known === undefined) return `kind must be one of ${faultKinds.join(', ')}`
  if (times !== null && !isInteger(times, 1)) return 'times must be an integer from 1'
  if (code !== undefined && !isInteger(code, 0)) return 'code must be an integer from 0'
  if (httpStatus !== undefined && !(isInteger(httpStatus, 200) && httpStatus <= 599)) return 'httpStatus is 200 to 599'
  if (delayMs !== undefined && !isInteger(delayMs, 0)) return 'delayMs must be an integer from 0'
  return {
    recipient,
    sender,
    times,
    kind: known,
    ...(code === undefined ? {} : { code }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(delayMs === undefined ? {} : { delayMs }),
  }
}

function isInteger (value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least
}
