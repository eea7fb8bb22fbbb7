import type { Callers } from './history.js'

/**
 * Fair shares by their definition: of two callers that both have something to send in a lane all the time, neither gets more grants than the other,
 * each divided by its weight, except for one grant of each.
 */
export class Shares {
  readonly isSingle: boolean
  readonly #weights: Record<string, number>
  readonly #mixed: boolean
  /** By lane, then by two callers: grants of the first less those of the second, by weight, since when both have had something to send. */
  readonly #leads = new Map<number, Map<string, Map<string, number>>>()

  constructor ({ weights, mixed }: Callers) {
    this.#weights = weights
    this.#mixed = mixed
    this.isSingle = Object.keys(weights).length === 1
  }

  /** Whether the earlier one of two ready times of these callers goes first. Where callers share recipients, that is not known. */
  isOfOne (caller: string, other: string | undefined): boolean {
    return this.isSingle || (!this.#mixed && caller === other)
  }

  /** Sees a grant while these callers have other pairs ready; returns one that got too little, or null. */
  grant (lane: number, caller: string, ready: string[]): string | null {
    if (this.isSingle || this.#mixed) return null
    const leads = this.#leads.get(lane) ?? new Map<string, Map<string, number>>()
    this.#leads.set(lane, leads)
    const waiting = new Set(ready)
    for (const name of leads.keys()) if (name !== caller && !waiting.has(name)) forget(leads, name)
    let behind: string | null = null
    for (const name of waiting) {
      if (name === caller) continue
      const lead = (leads.get(caller)?.get(name) ?? 0) + this.#step(caller)
      set(leads, caller, name, lead)
      set(leads, name, caller, -lead)
      if (lead > this.#step(caller) + this.#step(name) + 1e-6) behind = name
    }
    if (!waiting.has(caller)) forget(leads, caller)
    return behind
  }

  /** A message of this caller left unsent: it may have been without any for a moment. */
  leave (caller: string): void {
    for (const leads of this.#leads.values()) forget(leads, caller)
  }

  reset (): void {
    this.#leads.clear()
  }

  #step (caller: string): number {
    return 1 / (this.#weights[caller] ?? 1)
  }
}

function set (leads: Map<string, Map<string, number>>, one: string, other: string, lead: number): void {
  const row = leads.get(one) ?? new Map<string, number>()
  leads.set(one, row)
  row.set(other, lead)
}

function forget (leads: Map<string, Map<string, number>>, name: string): void {
  leads.delete(name)
  for (const row of leads.values()) row.delete(name)
}
