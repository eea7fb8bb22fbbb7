import type { Callers } from './history.js'
import type { Figures } from './judgement.js'

/**
 * Fair shares by their definition: of two callers that both have something to send in a lane all the time, neither gets more grants than the other,
 * each divided by its weight, except for one grant of each. The same holds for two campaigns of one caller, and for its messages without one. The
 * name of a share is its caller, and `#` and the campaign.
 */
export class Shares {
  readonly isSingle: boolean
  readonly #weights: Record<string, number>
  readonly #mixed: boolean
  /** By lane. */
  readonly #callers = new Map<number, Leads>()
  readonly #shares = new Map<number, Leads>()

  constructor ({ weights, campaigns, mixed }: Callers) {
    this.#weights = weights
    this.#mixed = mixed
    this.isSingle = Object.keys(weights).length === 1 && campaigns === 0
  }

  /** Whether the earlier one of two ready times of these shares goes first. Where shares have recipients in common, that is not known. */
  isOfOne (share: string, other: string | undefined): boolean {
    return this.isSingle || (!this.#mixed && share === other)
  }

  /** Sees a grant while these shares have other pairs ready; returns one that got too little, or null. */
  grant (lane: number, share: string, ready: string[]): string | null {
    if (this.isSingle || this.#mixed) return null
    const behind = leadsOf(this.#callers, lane).grant(callerOf(share), new Set(ready.map(callerOf)), caller => 1 / (this.#weights[caller] ?? 1))
    const own = ready.filter(other => callerOf(other) === callerOf(share))
    return behind ?? leadsOf(this.#shares, lane).grant(share, new Set(own), () => 1)
  }

  /** A message of this share left unsent: it may have been without any for a moment. */
  leave (share: string): void {
    for (const leads of this.#callers.values()) leads.forget(callerOf(share))
    for (const leads of this.#shares.values()) leads.forget(share)
  }

  reset (): void {
    this.#callers.clear()
    this.#shares.clear()
  }
}

/**
 * When fair shares are there: from the first message that needs them, until a housekeeping finds none. Unsettled messages of two callers need them,
 * and those of a campaign.
 */
export class Sharing {
  #are = false
  readonly #unsettled = new Map<string, number>()
  readonly #figures: Figures
  readonly #breach: (at: number, text: string) => void

  constructor (figures: Figures, breach: (at: number, text: string) => void) {
    this.#figures = figures
    this.#breach = breach
  }

  /** So many more messages of this share are unsettled. */
  count (share: string, by: 1 | -1, at: number): void {
    const left = (this.#unsettled.get(share) ?? 0) + by
    if (left === 0) this.#unsettled.delete(share)
    else this.#unsettled.set(share, left)
    if (by > 0 && !this.#are && this.#areNeeded()) this.#breach(at, `a message of ${share} began no fair shares`)
  }

  change ({ at, are }: { at: number, are: boolean }): void {
    this.#are = are
    if (are) return
    this.#figures.sharesEnded++
    if (this.#areNeeded()) this.#breach(at, `fair shares ended while there are messages of ${[...this.#unsettled.keys()].join(', ')}`)
  }

  prune (at: number): void {
    if (this.#are && !this.#areNeeded()) this.#breach(at, 'housekeeping left fair shares that no message needs')
  }

  #areNeeded (): boolean {
    const shares = [...this.#unsettled.keys()]
    return new Set(shares.map(callerOf)).size > 1 || shares.some(share => share.includes('#'))
  }
}

const callerOf = (share: string): string => share.split('#')[0] ?? ''

function leadsOf (all: Map<number, Leads>, lane: number): Leads {
  const leads = all.get(lane) ?? new Leads()
  all.set(lane, leads)
  return leads
}

/** By two names: grants of the first less those of the second, by weight, since when both have had something to send. */
class Leads {
  readonly #rows = new Map<string, Map<string, number>>()

  /** Returns one of those that wait, too, if it is too far behind. */
  grant (name: string, waiting: Set<string>, stepOf: (name: string) => number): string | null {
    for (const other of this.#rows.keys()) if (other !== name && !waiting.has(other)) this.forget(other)
    let behind: string | null = null
    for (const other of waiting) {
      if (other === name) continue
      const lead = (this.#rows.get(name)?.get(other) ?? 0) + stepOf(name)
      this.#set(name, other, lead)
      this.#set(other, name, -lead)
      if (lead > stepOf(name) + stepOf(other) + 1e-6) behind = other
    }
    if (!waiting.has(name)) this.forget(name)
    return behind
  }

  forget (name: string): void {
    this.#rows.delete(name)
    for (const row of this.#rows.values()) row.delete(name)
  }

  #set (one: string, other: string, lead: number): void {
    const row = this.#rows.get(one) ?? new Map<string, number>()
    this.#rows.set(one, row)
    row.set(other, lead)
  }
}
