import { elapsedNow } from '../deadlines.js'
import { inParallel } from '../parallel.js'
import { findRow } from './classify.js'
import type { Policy } from './policy.js'
import type { Providers } from './providers.js'
import { parseBody, readError, readNumber, type HttpResponse } from './response.js'

/** What is wrong with one sender. */
export interface Finding {
  /** Phone number id. */
  sender: string
  /** `failed`: it will send nothing. `warning`: it may be limited, or could not be checked. */
  result: 'failed' | 'warning'
  /** Of Meta, or of a transport error; null for a number that WhatsApp accepts and limits. */
  code: string | null
  /** What is wrong and what to do, without secrets and phone numbers. */
  note: string
}

/** `skipped`: senders that were not checked in time. */
export interface Preflight { findings: Finding[], checked: number, skipped: number, durationMs: number }

export interface PreflightOptions {
  providers: Pick<Providers, 'fetchNumber'>
  policy: Policy
  senders: ReadonlyArray<{ id: string, rules: { perSecond: number } }>
  /** Ends the check; the result then has no meaning. */
  signal: AbortSignal
}

/** Few enough to leave Meta's call quota and the connections of a proxy to others. */
const CONCURRENCY = 5
/** A node with many senders and no network stops asking after this time. */
const ALL_WITHIN_MS = 60_000
/** The telephone number and the name are not read: nothing here needs them. */
const FIELDS = 'id,status,quality_rating,throughput'
/** Messages per second of a number that Meta has not raised: "Throughput". */
const STANDARD_PER_SECOND = 80
/** A token that may only send fails this check with these, and works all the same. */
const PERMISSION = /^(3|10|2\d\d|131005)$/
const UNKNOWN_NUMBER = /^(33|100|100\/33|803)$/
const TOKEN = /^(0|104|190|HTTP_401)$/

/** Asks WhatsApp for the number of each sender, with its token and through its proxy. Nothing waits for it. Never rejects. */
export async function checkSenders ({ providers, policy, senders, signal }: PreflightOptions): Promise<Preflight> {
  const startedAt = elapsedNow()
  let skipped = 0
  const found = await inParallel(senders, CONCURRENCY, async ({ id, rules }) => {
    if (signal.aborted || elapsedNow() - startedAt > ALL_WITHIN_MS) {
      skipped++
      return null
    }
    const response = await fetchNumber(providers, id)
    return 'failure' in response ? unchecked(id, response.failure, policy) : findingOf(id, rules.perSecond, response, policy)
  })
  return {
    findings: found.filter(finding => finding !== null),
    checked: senders.length - skipped,
    skipped,
    durationMs: elapsedNow() - startedAt
  }
}

/** One unknown field fails the whole request with code 100, and Meta removes fields: then the id alone. */
async function fetchNumber (providers: Pick<Providers, 'fetchNumber'>, id: string): Promise<HttpResponse | { failure: string }> {
  const response = await providers.fetchNumber(id, FIELDS)
  if ('failure' in response) return response
  const error = readError(parseBody(response.body))
  return error?.code === '100' && error.subcode !== '33' ? await providers.fetchNumber(id, 'id') : response
}

function findingOf (sender: string, perSecond: number, response: HttpResponse, policy: Policy): Finding | null {
  const body = parseBody(response.body)
  const number = response.statusCode === 200 ? readNumber(body) : undefined
  if (number !== undefined) return limitsOf(sender, perSecond, number)
  const { code, row } = findRow(response, readError(body), policy)
  const failed = (note: string): Finding => ({ sender, result: 'failed', code, note })
  if (TOKEN.test(code)) {
    return failed('the access token is expired, revoked or of another app: create a new one and configure it for this sender')
  }
  if (UNKNOWN_NUMBER.test(code)) {
    return failed('the phone number id does not exist, or does not belong to the account of the token: check both in WhatsApp Manager')
  }
  if (PERMISSION.test(code)) {
    const note = 'the token lacks a permission: it needs whatsapp_business_messaging to send, and whatsapp_business_management for this check'
    return { sender, result: 'warning', code, note }
  }
  return row.outcome === 'sender-stopped' ? failed(`${row.explanation} ${row.remedy}`) : unchecked(sender, code, policy)
}

function unchecked (sender: string, code: string, policy: Policy): Finding {
  const { title } = policy.explain(code)
  const remedy = /^\d/.test(code) ? 'see Meta\'s status page' : 'check the network path (firewall, proxy, DNS), the API URL and Meta\'s status page'
  const note = `it could not be checked (${title}): ${remedy}`
  return { sender, result: 'warning', code, note }
}

/** What sends may meet although the number and its token work. */
function limitsOf (sender: string, perSecond: number, { status, quality, throughput }: ReturnType<typeof readNumber> & object): Finding | null {
  const notes: string[] = []
  if (status !== undefined && status !== 'CONNECTED') notes.push(`the status of the number is ${status}, not CONNECTED`)
  if (quality === 'RED') notes.push('its quality rating is RED: Meta may restrict it')
  if (throughput === 'STANDARD' && perSecond > STANDARD_PER_SECOND) {
    notes.push(`Meta lets it send ${STANDARD_PER_SECOND} messages a second, and its rate here is ${perSecond}`)
  }
  return notes.length === 0 ? null : { sender, result: 'warning', code: null, note: `${notes.join('; ')}: see WhatsApp Manager` }
}
