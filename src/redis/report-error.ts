import type { Bus } from '../events.js'
import { isUnavailable } from './unavailable.js'

/** Reports an error that ended an operation: as an outage where Redis was unavailable, otherwise as one that no code expects. */
export function reportError (events: Bus, location: string, error: unknown): void {
  if (isUnavailable(error)) events.emit('redis.lost', { error: messageOf(error) })
  else events.emit('unexpected-error', { location, error })
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
