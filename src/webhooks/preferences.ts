import { SluiceError } from '../errors.js'
import { canonicalName } from '../recipient.js'
import type { SettlementDeps } from '../settlement/settle.js'
import { resumeMarketing, stopMarketing } from '../throttle/opt-outs.js'
import type { Preference } from './read.js'

type PreferenceDeps = Pick<SettlementDeps, 'store' | 'events'>

/**
 * Applies the marketing preferences that people set in WhatsApp, in Meta's order. Queued marketing messages are closed at their ready time.
 */
export async function takePreferences (deps: PreferenceDeps, sender: string, preferences: readonly Preference[]): Promise<void> {
  for (const { person, value, atMs } of preferences) {
    const recipient = recipientOf(person)
    if (recipient === null) continue
    const at = atMs === 0 ? {} : { atMs }
    if (value === 'stop') await stopMarketing(deps.store, sender, recipient, { by: 'whatsapp', reason: 'user_preferences', ...at })
    else await resumeMarketing(deps.store, sender, recipient, at.atMs)
    deps.events.emit('preference.received', { sender, preference: value })
  }
}

/** Null for an invalid id, since no member of a webhook is trusted. */
function recipientOf (person: string): string | null {
  try {
    return canonicalName(person)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'INVALID_RECIPIENT') return null
    throw error
  }
}
