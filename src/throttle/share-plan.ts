/** No limit. */
export const UNLIMITED = -1

/** What a sender uses of its portfolio's limit. `people`: how many wait; `leased`: its share in the portfolio, at least what it may use. */
export interface Member { sender: string, used: number, people: number, share: number, leased: number }

/**
 * The share of each sender: what it uses, then what the people need that wait, as evenly as possible, then the rest in equal parts, so that a sender
 * that begins to send finds something. Their sum is the limit. Null if more is used.
 */
export function planShares (limit: number, members: readonly Member[]): Map<string, number> | null {
  if (limit === UNLIMITED) return new Map(members.map(({ sender }) => [sender, UNLIMITED]))
  const plan = new Map(members.map(({ sender, used }) => [sender, used]))
  const left = limit - members.reduce((sum, { used }) => sum + used, 0)
  if (left < 0) return null
  const rest = spread(plan, members.filter(({ people }) => people > 0).map(({ sender, people }) => ({ sender, most: people })), left)
  spread(plan, members.map(({ sender }) => ({ sender, most: Infinity })), rest)
  return plan
}

/** Gives `left` to the senders in need, the same to each, and to none more than `most`. Returns what is left. */
function spread (plan: Map<string, number>, needs: Array<{ sender: string, most: number }>, left: number): number {
  const byNeed = needs.sort((a, b) => a.most - b.most || (a.sender < b.sender ? -1 : 1))
  for (const [i, { sender, most }] of byNeed.entries()) {
    const part = Math.min(most, Math.ceil(left / (byNeed.length - i)))
    plan.set(sender, (plan.get(sender) ?? 0) + part)
    left -= part
  }
  return left
}

/** Whether the shares are worth a change: their sum is not the limit, or one needs what another has and does not need. */
export function isUneven (limit: number, members: readonly Member[]): boolean {
  if (limit === UNLIMITED) return members.some(({ share, leased }) => share !== UNLIMITED || leased !== UNLIMITED)
  if (members.some(({ share, leased }) => share !== leased || share === UNLIMITED)) return true
  const sum = members.reduce((total, { leased }) => total + leased, 0)
  if (sum !== limit) return true
  const spare = members.map(({ share, used, people }) => share - used - people)
  return spare.some(one => one < 0) && spare.some(one => one > 0)
}
