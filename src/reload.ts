import { readFile } from 'node:fs/promises'
import type { Bus } from './events.js'
import type { Gateway } from './gateway.js'
import { readPolicyFile } from './provider/policy-file.js'
import type { Policy } from './provider/policy.js'
import type { Providers, ProviderTarget } from './provider/providers.js'
import type { SenderSettings, SenderSource } from './senders.js'
import { isToken, readSenders } from './senders.js'

/** How often token files are read. */
const TOKENS_MS = 2000

export interface ReloadParts {
  source: SenderSource
  /** As they are in force at the start. */
  senders: readonly SenderSettings[]
  policy: Policy
  /** POLICY_FILE; '' for none. */
  policyFile: string
  providers: Providers
  gateway: Pick<Gateway, 'apply'>
  events: Bus
  /** Stands in for WhatsApp, or null. */
  sandboxUrl: string | null
}

export interface Reload {
  /** Reads senders and policy anew and takes them up. A file that is wrong changes nothing and is told as an event; never rejects. */
  reload: () => Promise<void>
  close: () => void
}

/** What the providers need of the senders. Against the sandbox any token will do. */
export function targetsOf (senders: readonly SenderSettings[], sandboxUrl: string | null): ProviderTarget[] {
  return senders.map(({ id, apiUrl, accessToken, rules }) => ({
    id, url: sandboxUrl ?? apiUrl, accessToken: sandboxUrl === null ? accessToken : 'sandbox', connections: rules.maxInFlight
  }))
}

/**
 * Lets senders come, change and leave while the node runs: all of it by `reload`, and tokens by themselves as soon as
 * their file holds another one.
 */
export function watchSenders ({ source, senders, policy, policyFile, providers, gateway, events, sandboxUrl }: ReloadParts): Reload {
  let current = senders
  /** Removed and not yet gone: what they still hold is sent, for which their tokens have to be good. */
  let draining: readonly SenderSettings[] = []
  /** One change after the other. */
  let last = Promise.resolve()
  const unreadable = new Set<string>()
  events.on('sender.removed', ({ sender }) => {
    draining = draining.filter(({ id }) => id !== sender)
    unreadable.delete(sender)
    providers.drop(sender)
  })

  const watched = (): readonly SenderSettings[] => [...current, ...draining]

  function reloadPolicy (): void {
    if (policyFile === '') return
    try {
      const rows = readPolicyFile(policyFile)
      policy.apply(rows)
      events.emit('policy.reloaded', { codes: rows.map(({ code }) => code) })
    } catch (error) {
      events.emit('policy.rejected', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  async function reload (): Promise<void> {
    reloadPolicy()
    try {
      const next = readSenders(source)
      const renewed = next.filter(sender => watched().some(({ id, accessToken }) => id === sender.id && accessToken !== sender.accessToken))
      // Providers first: an added sender's message may be granted in the moment in which the gateway knows it.
      providers.apply(targetsOf(next, sandboxUrl))
      const { added, removed } = await gateway.apply(next)
      // Again, since one that was leaving may have left, and lost its provider, in between.
      providers.apply(targetsOf(next, sandboxUrl))
      draining = watched().filter(({ id }) => !next.some(sender => sender.id === id))
      current = next
      events.emit('senders.reloaded', { total: next.length, added, removed, renewed: renewed.map(({ id }) => id) })
    } catch (error) {
      events.emit('senders.rejected', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  /** What a sender's file holds; null where it holds no other token. */
  async function newTokenOf ({ id, accessToken, accessTokenFile }: SenderSettings): Promise<string | null> {
    if (accessTokenFile === null) return null
    const token = await readFile(accessTokenFile, 'utf8').then(text => text.trim(), () => '')
    if (isToken(token)) {
      unreadable.delete(id)
      return token === accessToken ? null : token
    }
    // Told once, not every two seconds; the old token goes on.
    if (!unreadable.has(id)) events.emit('senders.rejected', { error: `the file ${accessTokenFile} holds no token for ${id}` })
    unreadable.add(id)
    return null
  }

  async function renewTokens (): Promise<void> {
    const tokens = new Map<string, string>()
    await Promise.all(watched().map(async sender => {
      const token = await newTokenOf(sender)
      if (token !== null) tokens.set(sender.id, token)
    }))
    const renew = (sender: SenderSettings): SenderSettings => ({ ...sender, accessToken: tokens.get(sender.id) ?? sender.accessToken })
    // Looked up again: a sender may have left while its file was read, and its provider is gone for good.
    const renewed = watched().filter(({ id }) => tokens.has(id)).map(renew)
    if (renewed.length === 0) return
    providers.apply(targetsOf(renewed, sandboxUrl))
    current = current.map(renew)
    draining = draining.map(renew)
    events.emit('senders.reloaded', { total: current.length, added: [], removed: [], renewed: renewed.map(({ id }) => id) })
  }

  const inTurn = async (work: () => Promise<void>): Promise<void> => await (last = last.then(work).catch(error => { events.emit('fault', { where: 'reload', error }) }))
  const timer = setInterval(() => { inTurn(renewTokens).catch(() => undefined) }, TOKENS_MS)
  timer.unref()
  return {
    reload: async () => await inTurn(reload),
    close () { clearInterval(timer) }
  }
}
