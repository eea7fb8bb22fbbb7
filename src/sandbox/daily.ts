import type { Message } from './envelope.js'
import type { Settings } from './settings.js'
import type { Windows } from './windows.js'

/** To how many people the portfolio, that is all senders, may write outside of their windows in a day. */
export interface Daily {
  /** Whether a message may be sent. One that may counts its recipient, also if a fault rejects it later. */
  allows: (sender: string, message: Message, nowMs: number) => boolean
  clear: () => void
}

export function createDaily (settings: Readonly<Settings>, windows: Pick<Windows, 'isOpen'>): Daily {
  /** Person -> last message, Unix ms; in the order of these. */
  const counted = new Map<string, number>()
  return {
    allows (sender, message, nowMs) {
      const { dailyLimit, dailyWindowMs } = settings
      const { type, recipient } = message
      // Anything else is accepted only inside of a window, or goes to no person.
      if (dailyLimit === null || type !== 'template' || recipient.addressing === 'group' || windows.isOpen(sender, message)) return true
      for (const [person, ms] of counted) {
        if (ms > nowMs - dailyWindowMs) break
        counted.delete(person)
      }
      if (!counted.has(recipient.id) && counted.size >= dailyLimit) return false
      counted.delete(recipient.id)
      counted.set(recipient.id, nowMs)
      return true
    },
    clear () { counted.clear() }
  }
}
