import { isJsonObject, type JsonObject } from '../values/json.js'

/** What Meta orders for an account, or for one number of it. */
export interface AccountChange {
  /** WhatsApp Business account. */
  account: string
  /** Digits of the one number that it concerns; null for all of the account. */
  number: string | null
  /** What is stopped, or may work again. */
  scope: 'templates' | 'sender'
  state: 'stopped' | 'lifted'
  /** Meta's name of the restriction. */
  reason: string
  /** When it ends, ms since the epoch; null if Meta does not say. */
  untilMs: number | null
}

/** Restrictions of Meta that stop messages. Others stop calls, numbers or the creation of templates, and change nothing here. */
const SCOPES: ReadonlyMap<string, AccountChange['scope']> = new Map([
  ['RESTRICTED_BIZ_INITIATED_MESSAGING', 'templates'], ['RESTRICTED_CUSTOMER_INITIATED_MESSAGING', 'sender']
])

/**
 * The changes of one entry of a notification, field `account_update`. Every member may be missing or of another type; what cannot be read changes
 * nothing, since WhatsApp's codes stop the sender as well. Source: Meta, "account_update webhook reference".
 */
export function readAccountChanges (entry: JsonObject | undefined): AccountChange[] {
  const account = entry?.['id']
  const changes = Array.isArray(entry?.['changes']) ? entry['changes'] : []
  if (typeof account !== 'string' || !/^\d{1,30}$/.test(account)) return []
  return changes.filter(isJsonObject).filter(({ field }) => field === 'account_update').flatMap(({ value }) => readUpdate(account, value))
}

function readUpdate (account: string, value: unknown): AccountChange[] {
  if (!isJsonObject(value)) return []
  const { event, phone_number: phone, ban_info: ban, restriction_info: restrictions } = value
  const of = { account, number: typeof phone === 'string' ? phone.replace(/\D/g, '') : null }
  if (event === 'DISABLED_UPDATE' && isJsonObject(ban)) {
    const state = ban['waba_ban_state']
    if (state === 'DISABLE') return [{ ...of, scope: 'sender', state: 'stopped', reason: 'ACCOUNT_DISABLED', untilMs: null }]
    if (state !== 'REINSTATE') return []
    return (['templates', 'sender'] as const).map(scope => ({ ...of, scope, state: 'lifted', reason: state, untilMs: null }))
  }
  if (event !== 'ACCOUNT_RESTRICTION' || !Array.isArray(restrictions)) return []
  return restrictions.filter(isJsonObject).flatMap(({ restriction_type: type, expiration }) => {
    const scope = typeof type === 'string' ? SCOPES.get(type) : undefined
    return scope === undefined ? [] : [{ ...of, scope, state: 'stopped' as const, reason: String(type), untilMs: endOf(expiration) }]
  })
}

/** In seconds since the epoch; copies of Meta's page also show text. */
function endOf (expiration: unknown): number | null {
  const seconds = typeof expiration === 'number' ? expiration : typeof expiration === 'string' && /^\d+$/.test(expiration) ? Number(expiration) : NaN
  const ms = Number.isFinite(seconds) ? seconds * 1000 : typeof expiration === 'string' ? Date.parse(expiration) : NaN
  return Number.isSafeInteger(ms) && ms > 0 ? ms : null
}
