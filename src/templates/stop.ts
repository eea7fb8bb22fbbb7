import type { CloseDeps } from '../drain/close.js'
import type { Bus } from '../events.js'
import { forAll } from '../parallel.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import type { Store } from '../redis/store.js'
import { reportError } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { accountsOf } from './poll.js'
import { ALL_TEMPLATES } from './state.js'

/**
 * Why WhatsApp sends no template of a sender, and until when: ms since the epoch; without it a probe follows after `PROBE_MS`. `isHint`: another
 * sender of the account met it, which changes no stop that is known already.
 */
export interface TemplateStop { reason: string, untilMs?: number, isHint?: boolean }

interface StopDeps { store: Store, events: Bus }

/** From probe to probe once a restriction should be over. More of them may prolong it. */
const PROBE_MS = 3_600_000
const CONCURRENCY = 5

/** Stops all templates of a sender: their messages wait, and all others go on. A later stop replaces an earlier one, also its end. */
export async function stopTemplates ({ store }: StopDeps, sender: string, { reason, untilMs, isHint }: TemplateStop): Promise<void> {
  await store.run('set-template', { sender }, {
    template: ALL_TEMPLATES,
    name: `${reason} ${PROBE_MS * 1000}`,
    state: isHint === true ? 'checking' : 'paused',
    code: reason,
    atMs: '',
    untilMs: Math.ceil(untilMs ?? store.nowMs(sender) + PROBE_MS)
  })
}

/** Ends a stop of all templates, and returns what waits to the queues. */
export async function resumeTemplates (deps: CloseDeps, sender: string): Promise<void> {
  await deps.store.run('set-template', { sender }, {
    template: ALL_TEMPLATES, name: 'operator 0', state: 'approved', code: 'operator', atMs: '', untilMs: ''
  })
  await releaseSuspended(deps, sender)
}

/** What stops the templates of an account stops those of all its senders, and not only of the one that met it. */
export function followStops (deps: StopDeps & { senders: Pick<SenderRegistry, 'ids' | 'settingsOf'> }): void {
  deps.events.on('templates.stopped', ({ sender, account, code, isOfAccount }) => {
    if (!isOfAccount) return
    const others = (accountsOf(deps.senders).get(account) ?? []).filter(other => other !== sender)
    forAll(others, CONCURRENCY, async other => { await stopTemplates(deps, other, { reason: code, isHint: true }) })
      .catch(error => { reportError(deps.events, 'stop of templates', error) })
  })
}
