/** Sentence 52: a search finds each message that was accepted before it, and no other. */
import { factsOf, senderOf, type Fact, type Found, type Message } from './history.js'
import type { Report } from './model.js'

export function judgeFound (messages: Map<string, Message>, facts: Fact[], report: Report): void {
  const searches = factsOf(facts, 'found')
  if (searches.length === 0) return
  const owners = new Map([...messages.values()].flatMap(message => message.responses.flatMap(({ id }) => id === undefined ? [] : [[id, message]])))
  for (const search of searches) {
    const about = describe(search)
    const found = new Set(search.ids)
    for (const id of found) {
      const message = owners.get(id)
      if (message !== undefined && !isMeant(search, message)) report(52, `${message.posted.key}: found ${about}, and is not`)
    }
    if (!search.isAll) continue
    for (const message of messages.values()) {
      if (!isMeant(search, message) || message.erasedFrom < Infinity) continue
      const accepted = message.responses.find(({ status, at }) => status >= 200 && status < 300 && at < search.askedAt)
      if (accepted?.id !== undefined && !found.has(accepted.id)) report(52, `${message.posted.key}: not found ${about}`)
    }
  }
}

function isMeant ({ sender, by: { to, campaign, tag } }: Found, { posted }: Message): boolean {
  return senderOf(posted.pair) === sender && (to === undefined || posted.pair === `${sender}/${to}`) &&
    (campaign === undefined || posted.campaign === campaign) && (tag === undefined || posted.tag === tag)
}

function describe ({ by }: Found): string {
  return `by ${Object.entries(by).map(([name, value]) => `${name} ${value}`).join(', ')}`
}
