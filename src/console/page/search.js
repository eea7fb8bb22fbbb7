/** What a text may mean, and the messages that match it. Without the page, so that tests can import it. */
import { post } from './api.js'

const ID = /^[\w-]{1,64}\.[\w-]{22}\.[0-9a-f]{8,14}$/
const NUMBER = /^\+?[\d\s().-]+$/
const USER_OR_GROUP = /^([A-Z]{2}\.[A-Za-z0-9.]+|group:.+)$/
const orderNames = ['orderId', 'order', 'orderNumber', 'order_id']
const PAGE = 50
/** Messages that one search shows at most. */
export const MOST = 500

/** The searches that a text may mean: `{as, body}`, or `{as, id}` for a message id. */
export function meaningsOf (text) {
  if (ID.test(text)) return [{ as: 'id', id: text }]
  if (text.startsWith('wamid.')) return [{ as: 'providerMessageId', body: { providerMessageId: text } }]
  const orders = (text.includes(':') ? [text] : orderNames.map(name => `${name}:${text}`)).map(tag => ({ as: 'order', body: { tag } }))
  const digits = text.replace(/\D/g, '').length
  const isNumber = (NUMBER.test(text) && digits >= 7 && digits <= 15) || USER_OR_GROUP.test(text)
  const recipient = { as: 'recipient', body: { recipient: text } }
  if (isNumber && text.startsWith('+')) return [recipient]
  return [
    ...(isNumber ? [recipient] : []), ...(text.length <= 512 ? orders : []),
    ...(/^[\x20-\x7e]{1,256}$/.test(text) ? [{ as: 'idempotencyKey', body: { idempotencyKey: text } }] : [])
  ]
}

/** Newest first. */
const inOrder = messages => messages.sort((one, other) => one.createdAt < other.createdAt ? 1 : one.createdAt > other.createdAt ? -1 : 0)

/** A list with some of its messages read again, and new ones. */
export function renewed (before, messages) {
  return inOrder([...new Map([...before, ...messages].map(message => [message.id, message])).values()]).slice(0, MOST)
}

/**
 * Searches for all that a text may mean; without a text, for all that match `criteria`, which narrow each search. `onFound(messages, kinds, isAll)`
 * gets what is found so far, newest first, and the kinds that found something; `isAll` is false while more pages are read. Throws where no meaning is
 * a valid search. Stops at `most` messages, and once `isCurrent()` is false.
 */
export async function search (text, criteria, onFound, isCurrent, most = MOST) {
  const byId = new Map()
  const kinds = new Set()
  const rejected = []
  const meanings = text === '' ? [{ as: null, body: {} }] : meaningsOf(text)
  let isAll = true
  const show = () => onFound(inOrder([...byId.values()]).slice(0, MOST), [...kinds], isAll)
  await Promise.all(meanings.map(async ({ as, body }) => {
    let cursor = ''
    try {
      do {
        const page = await post('/messages/find', { ...body, ...criteria, ...(cursor === '' ? {} : { cursor }), limit: PAGE })
        if (!isCurrent()) return
        for (const message of page.messages) byId.set(message.id, message)
        if (as !== null && page.messages.length > 0) kinds.add(as)
        cursor = page.nextCursor
        if (cursor !== null && page.messages.length > 0) {
          isAll = false
          show()
        }
      } while (cursor !== null && byId.size < most)
      isAll = cursor === null
    } catch (error) {
      // With several meanings some may be invalid.
      if (error.status !== 400) throw error
      rejected.push(error)
    }
  }))
  // A gateway without an index says so. An invalid number is an error only where the text means nothing else.
  const failure = rejected.find(({ code }) => code === 'INVALID_REQUEST') ?? (rejected.length === meanings.length ? rejected[0] : undefined)
  if (byId.size === 0 && failure !== undefined) throw failure
  show()
}
