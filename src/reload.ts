import { readFile } from 'node:fs/promises'
import type { MutableCallerRegistry } from './callers.js'
import { readCallers } from './callers.js'
import type { Config, Proxies } from './config.js'
import type { Bus } from './events.js'
import { readPolicyFile } from './provider/policy-file.js'
import type { Policy } from './provider/policy.js'
import type { Providers, ProviderTarget } from './provider/providers.js'
import { isUnavailable } from './redis/unavailable.js'
import type { SenderSync } from './sender-sync.js'
import type { SenderSettings } from './senders.js'
import { isToken, readSenders } from './senders.js'

/** Interval at which the files of tokens and API keys are read, and a reload that Redis did not accept is repeated. */
const CHECK_MS = 2000

export interface ReloadParts {
  policy: Policy
  providers: Providers
  callers: MutableCallerRegistry
  apply: SenderSync['apply']
  events: Bus
  /** Address of the sandbox; null if WhatsApp is used. */
  sandboxUrl: string | null
}

export interface Reload {
  /**
   * Reads senders, policy and API keys again and applies each file as a whole or not at all. An invalid file becomes an event; while Redis is
   * unavailable the senders stay as they are, and reading and applying them is repeated. Never rejects.
   */
  reload: () => Promise<void>
  close: () => void
}

/** The providers' view of the senders. The sandbox accepts any token, and is near: it needs no proxy. */
export function targetsOf (senders: readonly SenderSettings[], sandboxUrl: string | null, proxies?: Proxies): ProviderTarget[] {
  return senders.map(({ id, apiUrl, accessToken, rules }) => ({
    id,
    url: sandboxUrl ?? apiUrl,
    accessToken: sandboxUrl === null ? accessToken : 'sandbox',
    connections: rules.maxInFlight,
    ...(sandboxUrl === null ? { proxies } : {})
  }))
}

/**
 * Adds, changes and removes senders and callers while the node runs. Tokens and API keys are also renewed without a reload, as soon as their file
 * has changed.
 */
export function watchSettings (config: Config, { policy, providers, callers, apply, events, sandboxUrl }: ReloadParts): Reload {
  const { POLICY_FILE: policyFile, proxies } = config
  let current: readonly SenderSettings[] = config.senders
  /** Removed senders that still hold messages. These are sent, so the tokens have to stay current. */
  let draining: readonly SenderSettings[] = []
  /** Redis was unavailable, and may have some of the new rules: the reload is repeated until it has all of them. */
  let isPending = false
  /** Ends with the last change; changes run one after the other. */
  let last = Promise.resolve()
  const unreadable = new Set<string>()
  const keys = watchCallers(config, callers, events)
  events.on('sender.removed', ({ sender }) => {
    draining = draining.filter(({ id }) => id !== sender)
    unreadable.delete(sender)
    providers.drop(sender)
  })

  const served = (): readonly SenderSettings[] => [...current, ...draining]

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

  async function reloadSenders (isRepeat: boolean): Promise<void> {
    try {
      const next = readSenders(config)
      const targets = targetsOf(next, sandboxUrl, proxies)
      providers.check(targets)
      const renewed = next.filter(sender => served().some(({ id, accessToken }) => id === sender.id && accessToken !== sender.accessToken))
      // The providers change with the list. Earlier, they would send with the tokens and URLs of a list that Redis may not accept; later, a
      // message of an added sender may have been granted.
      const { added, removed } = await apply(next, () => providers.apply(targets))
      draining = served().filter(({ id }) => !next.some(sender => sender.id === id))
      current = next
      isPending = false
      events.emit('senders.reloaded', { total: next.length, added, removed, renewed: renewed.map(({ id }) => id) })
    } catch (error) {
      isPending = isUnavailable(error)
      const message = error instanceof Error ? error.message : String(error)
      if (!isPending) events.emit('senders.rejected', { error: message })
      else if (!isRepeat) events.emit('senders.rejected', { error: `${message}; repeated until Redis is available` })
    }
  }

  /** The token in a sender's file; null if it is unchanged or not readable. */
  async function newTokenOf ({ id, accessToken, accessTokenFile }: SenderSettings): Promise<string | null> {
    if (accessTokenFile === null) return null
    const token = await readFile(accessTokenFile, 'utf8').then(text => text.trim(), () => '')
    if (isToken(token)) {
      unreadable.delete(id)
      return token === accessToken ? null : token
    }
    // Reported once, not every two seconds; the old token stays in use.
    if (!unreadable.has(id)) events.emit('senders.rejected', { error: `the file ${accessTokenFile} holds no token for ${id}` })
    unreadable.add(id)
    return null
  }

  async function renewTokens (): Promise<void> {
    const tokens = new Map<string, string>()
    await Promise.all(served().map(async sender => {
      const token = await newTokenOf(sender)
      if (token !== null) tokens.set(sender.id, token)
    }))
    const renew = (sender: SenderSettings): SenderSettings => ({ ...sender, accessToken: tokens.get(sender.id) ?? sender.accessToken })
    // Filtered again: a sender may have been dropped while its file was read, and must not get a new provider.
    const renewed = served().filter(({ id }) => tokens.has(id)).map(renew)
    if (renewed.length === 0) return
    providers.apply(targetsOf(renewed, sandboxUrl, proxies))
    current = current.map(renew)
    draining = draining.map(renew)
    events.emit('senders.reloaded', { total: current.length, added: [], removed: [], renewed: renewed.map(({ id }) => id) })
  }

  async function serialize (work: () => Promise<void>): Promise<void> {
    last = last.then(work).catch(error => { events.emit('unexpected-error', { location: 'reload', error }) })
    await last
  }
  const timer = setInterval(() => {
    serialize(async () => {
      if (isPending) await reloadSenders(true)
      await renewTokens()
      await keys.renew()
    }).catch(() => undefined)
  }, CHECK_MS)
  timer.unref()
  return {
    reload: async () => await serialize(async () => {
      reloadPolicy()
      keys.reload()
      await reloadSenders(false)
    }),
    close () { clearInterval(timer) }
  }
}

/** Reads the file of API keys again: with a signal, or when it has changed. An invalid file changes nothing, and is reported once. */
function watchCallers (
  { apiKeysFile: path, API_KEYS: first }: Config, callers: MutableCallerRegistry, events: Bus
): { reload: () => void, renew: () => Promise<void> } {
  let text: string | null = null
  let current = JSON.stringify(first)
  function reload (isAsked = true): void {
    if (path === null) return
    try {
      const next = readCallers({ API_KEYS: '', apiKeysFile: path })
      const written = JSON.stringify(next)
      if (!isAsked && written === current) return
      current = written
      events.emit('callers.reloaded', { total: next.length, ...callers.replace(next) })
    } catch (error) {
      events.emit('callers.rejected', { error: error instanceof Error ? error.message : String(error) })
    }
  }
  return {
    reload,
    async renew () {
      if (path === null) return
      const found = await readFile(path, 'utf8').catch(() => '')
      if (found === text) return
      text = found
      reload(false)
    }
  }
}
