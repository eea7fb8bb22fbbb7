import type { Static } from '@sinclair/typebox'
import type { Move } from '../drain/move.js'
import { invalidField } from '../errors.js'
import { formatTime, parseTime } from '../values/time.js'
import type { MoveMessageSchema } from './schemas/move.js'

/** Clocks differ, and requests take time, ms. */
const PAST_TOLERANCE_MS = 60_000
const LONGEST_LIFE_MS = 30 * 86_400_000

/** A checked body as a move. `prefix`: of its fields in errors. */
export function readMove ({ priority, scheduledFor, expiresAt }: Static<typeof MoveMessageSchema>, nowMs: number, prefix = ''): Move {
  const move: Move = {}
  if (priority !== undefined) move.lane = priority
  if (scheduledFor !== undefined) move.scheduledFor = scheduledFor === null ? 0 : read(scheduledFor)
  if (scheduledFor !== undefined && scheduledFor !== null && Number(move.scheduledFor) < nowMs - PAST_TOLERANCE_MS) {
    throw invalidField('SCHEDULED_IN_PAST', {
      field: `${prefix}scheduledFor`, value: scheduledFor, detail: 'is more than a minute in the past', hint: 'null sends at once'
    })
  }
  if (expiresAt === undefined) return move
  move.expiresAt = read(expiresAt)
  const startMs = Math.max(nowMs, move.scheduledFor ?? 0)
  if (move.expiresAt <= startMs || (move.expiresAt > startMs + LONGEST_LIFE_MS)) {
    const detail = `must be after ${formatTime(startMs)}, and at most 30 days`
    throw invalidField('INVALID_REQUEST', { field: `${prefix}expiresAt`, value: expiresAt, detail })
  }
  return move
}

/** A move for people: `priority=urgent scheduledFor=now`. */
export function describeMove ({ lane, scheduledFor, expiresAt }: Move): string {
  return [
    ...(lane === undefined ? [] : [`priority=${lane}`]),
    ...(scheduledFor === undefined ? [] : [`scheduledFor=${scheduledFor === 0 ? 'now' : formatTime(scheduledFor)}`]),
    ...(expiresAt === undefined ? [] : [`expiresAt=${formatTime(expiresAt)}`])
  ].join(' ')
}

function read (time: string | number): number {
  const parsed = parseTime(time, '')
  // The schema has read it before.
  return 'value' in parsed ? parsed.value : NaN
}
