/** Kinds of breaches. */
export type Kind =
  | 'spacing' | 'two in flight' | 'order' | 'attempts' | 'first come' | 'shares' | 'end of shares' | 'share' | 'promise'
  | 'alarm' | 'rate' | 'in flight' | 'closed' | 'late' | 'idle' | 'gate' | 'caps' | 'key' | 'lost' | 'left over' | 'moves'

export interface Figures {
  sends: number
  admitted: number
  promises: number
  cancelled: number
  expired: number
  moved: number
  retries: number
  lostReplies: number
  expiredLeases: number
  /** Rejections for the limit of messages per second that left a reduced rate. */
  reduced: number
  /** Circuits that opened. */
  opened: number
  /** How often fair shares ended. */
  sharesEnded: number
  /** Promises beaten by a lower lane's share of the slots, within one sender interval for each pair that moved up a lane. */
  beatenByShare: number
}

export interface Judgement { figures: Figures, breaches: Map<Kind, string[]> }

export function emptyFigures (): Figures {
  const ends = { moved: 0, cancelled: 0, expired: 0, retries: 0, lostReplies: 0, expiredLeases: 0 }
  return { sends: 0, admitted: 0, promises: 0, ...ends, reduced: 0, opened: 0, sharesEnded: 0, beatenByShare: 0 }
}

/** Adds one round's judgement to the sum of all. */
export function addJudgement (sum: Judgement, one: Judgement): void {
  const names = Object.keys(sum.figures) as Array<keyof Figures>
  for (const name of names) sum.figures[name] += one.figures[name]
  for (const [kind, texts] of one.breaches) sum.breaches.set(kind, [...sum.breaches.get(kind) ?? [], ...texts])
}
