/** Which messages a probe of a stop of all templates may pass, as the observer of templates.test.ts knows it. */

export type Effect = 'sent' | 'waits' | 'rejected'
export interface Message {
  id: string
  recipient: string
  template: string
  isOfCampaign: boolean
  seq: number
  state: 'open' | 'sent' | 'failed' | 'closed'
  attempts: number
  /** May wait for its template or its campaign, outside of its queue and of those that wait for the stop. */
  waitsApart: boolean
}

/** Order is promised within these. */
export function keyOf ({ recipient, template, isOfCampaign }: Message): string {
  return `${recipient} ${template}${isOfCampaign ? ' of the campaign' : ''}`
}

export class ProbeBook {
  readonly #messages: ReadonlyMap<string, Message>
  #passed = new Set<Message>()

  constructor (messages: ReadonlyMap<string, Message>) {
    this.#messages = messages
  }

  /** These messages may wait apart from now on, or no longer. */
  mark (isMeant: (message: Message) => boolean, waitsApart: boolean): void {
    for (const message of this.#open()) if (isMeant(message)) message.waitsApart = waitsApart
  }

  apart (): Message[] {
    return this.#open().filter(({ waitsApart }) => waitsApart)
  }

  /** A probe was chosen while these waited apart. */
  choose (apart: Message[]): void {
    this.#passed = new Set(apart)
  }

  /** A probe is the oldest that waits for the stop. It passes what waited for its template or its campaign when it was chosen, and nothing else. */
  judge (probe: Message): string[] {
    if (probe.attempts > 0) return []
    return this.#open()
      .filter(older => older.seq < probe.seq && older.attempts === 0 && keyOf(older) === keyOf(probe) && !this.#passed.has(older))
      .map(older => `${keyOf(probe)}: probe ${probe.seq} passes ${older.seq}, which waits for the stop, too`)
  }

  #open (): Message[] {
    return [...this.#messages.values()].filter(({ state }) => state === 'open')
  }
}
