import type { CloseDeps } from '../drain/close.js'
import type { Provider } from '../message.js'
import { accountsOf } from '../templates/poll.js'
import { resumeTemplates, stopTemplates } from '../templates/stop.js'
import { stopSender, trySender } from '../throttle/sender.js'
import type { SenderRegistry } from '../sender-registry.js'
import { isJsonObject } from '../values/json.js'
import type { AccountChange } from './account.js'
import type { Work } from './receive.js'
import { mayReport } from './verify.js'

export interface AccountDeps extends CloseDeps {
  provider: Provider
  senders: Pick<SenderRegistry, 'ids' | 'settingsOf'>
}

/** Stops what Meta orders, at each sender of the account whose app has signed, or lets it try again. */
export function applyAccountChanges (deps: AccountDeps, changes: readonly AccountChange[], signer: string): Work[] {
  const accounts = accountsOf(deps.senders)
  return changes.flatMap(change => (accounts.get(change.account) ?? []).filter(sender => mayReport(deps.senders, sender, signer))
    .map(sender => ({ sender, work: async () => await apply(deps, sender, change) })))
}

async function apply (deps: AccountDeps, sender: string, change: AccountChange): Promise<void> {
  const { scope, state, reason, untilMs, account } = change
  // A late webhook of a restriction that is over.
  if (untilMs !== null && untilMs <= deps.store.nowMs(sender)) return
  if (change.number !== null && await readNumber(deps, sender) !== change.number) return
  const end = untilMs === null ? {} : { untilMs }
  if (state === 'lifted') {
    if (scope === 'templates') await resumeTemplates(deps, sender)
    else await trySender(deps.store, sender)
  } else if (scope === 'templates') {
    await stopTemplates(deps, sender, { reason, ...end })
    deps.events.emit('templates.stopped', { sender, account, code: reason, isOfAccount: false })
  } else {
    await stopSender(deps.store, sender, reason, untilMs ?? undefined)
    deps.events.emit('sender.stopped', { sender, code: reason, error: 'reported by webhook' })
  }
}

/** Digits of the sender's telephone number; null if it cannot be read: then WhatsApp's codes stop what they concern. */
async function readNumber ({ provider }: AccountDeps, sender: string): Promise<string | null> {
  const got = await provider.get?.(sender, `${encodeURIComponent(sender)}?fields=display_phone_number`)
  if (got?.status !== 'responded' || got.httpStatus !== 200) return null
  try {
    const body: unknown = JSON.parse(got.body)
    const number = isJsonObject(body) ? body['display_phone_number'] : null
    return typeof number === 'string' ? number.replace(/\D/g, '') : null
  } catch {
    return null
  }
}
