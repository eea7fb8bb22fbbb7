import type { SenderSettings } from './senders.js'

/** Read-only view of the senders that this node serves. A reload changes what it returns. */
export interface SenderRegistry {
  /** Ids of all served senders: the default one first, draining ones last. */
  readonly ids: () => readonly string[]
  /** Whether this node serves the sender; true while it drains. */
  readonly has: (sender: string) => boolean
  /** Removed by a reload: accepts no new messages, and is served until it holds none. */
  readonly isDraining: (sender: string) => boolean
  /** Undefined for a sender that this node does not serve. */
  readonly settingsOf: (sender: string) => SenderSettings | undefined
  /** App secrets of the senders that this node no longer serves: late statuses of their messages are signed with these. */
  readonly formerSecrets: () => readonly string[]
  /** The largest limit of requests in flight of any served sender. */
  readonly maxInFlight: () => number
}

export interface MutableSenderRegistry extends SenderRegistry {
  /** Serves these from now on. Senders that are no longer listed begin to drain. */
  readonly replace: (next: readonly SenderSettings[]) => { added: string[], removed: string[] }
  /** Draining senders, each with the `performance.now()` of its removal. */
  readonly draining: () => Array<[sender: string, sinceMs: number]>
  /** Ends the service of a drained sender. False where it does not drain, since a reload has brought it back. */
  readonly drop: (sender: string) => boolean
}

export function createSenderRegistry (first: readonly SenderSettings[] = []): MutableSenderRegistry {
  const settings = new Map<string, SenderSettings>()
  const draining = new Map<string, number>()
  const former = new Map<string, readonly string[]>()
  let listed: string[] = []
  let ids: readonly string[] = []
  const update = (): void => { ids = [...listed, ...draining.keys()] }

  const registry: MutableSenderRegistry = {
    ids: () => ids,
    has: sender => settings.has(sender),
    isDraining: sender => draining.has(sender),
    settingsOf: sender => settings.get(sender),
    formerSecrets: () => [...former.values()].flat(),
    maxInFlight: () => Math.max(0, ...[...settings.values()].map(({ rules }) => rules.maxInFlight)),
    draining: () => [...draining],
    replace (next) {
      const nextIds = new Set(next.map(({ id }) => id))
      const added = [...nextIds].filter(id => !settings.has(id))
      const removed = listed.filter(id => !nextIds.has(id))
      for (const sender of next) settings.set(sender.id, sender)
      for (const id of nextIds) {
        draining.delete(id)
        former.delete(id)
      }
      for (const id of removed) draining.set(id, performance.now())
      listed = [...nextIds]
      update()
      return { added, removed }
    },
    drop (sender) {
      if (!draining.delete(sender)) return false
      former.set(sender, settings.get(sender)?.appSecrets ?? [])
      settings.delete(sender)
      update()
      return true
    }
  }
  registry.replace(first)
  return registry
}
