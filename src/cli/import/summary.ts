import type { Schemas } from '../../client/index.js'
import { parseTime } from '../../values/time.js'
import { showMs } from '../show.js'
import type { Tally } from './results.js'
import { recipientOf, type ImportEnd, type Valid } from './send-list.js'

export interface Summary {
  file: string
  tally: Tally
  end: ImportEnd
  resultsFile: string
  dryRun: boolean
  /** Of rows that name none; empty for none. */
  campaign: string
  /** Rows without any text. */
  empty: number
  /** Rows that `--limit` left out. */
  leftOut: number
  estimate: Estimate | null
  /** A valid row, to look at. */
  sample: Valid | undefined
}

/** When the last of the valid rows would be sent. `endsAt` is null while a sender does not send. */
export interface Estimate { endsAt: string | null, lastsMs: number | null, senders: Array<Schemas['CheckedSender']>, excess: Excess[] }

/** Valid rows that would be rejected, if all were posted at once: `limit` of the sender's, or of each recipient's, can wait. */
export interface Excess { code: 'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL', sender: string, rows: number, limit: number, recipients: number }

/** From the rates and queues of the senders. A lower bound: WhatsApp may slow down, and other callers send as well. */
export function estimateEnd (senders: Array<Schemas['CheckedSender']>, rows: Valid[], now = Date.now()): Estimate | null {
  if (senders.length === 0 || rows.length === 0) return null
  const named = new Set(rows.map(({ message }) => message.sender))
  const defaultSender = (senders.find(({ id }) => !named.has(id)) ?? senders[0])?.id
  let lastsMs = 0
  const excess: Excess[] = []
  for (const { id, queued, free, perRecipient, perSecond, pairIntervalMs } of senders) {
    const own = rows.filter(({ message }) => (message.sender ?? defaultSender) === id)
    const counts = new Map<string, number>()
    for (const { message } of own) counts.set(recipientOf(message), (counts.get(recipientOf(message)) ?? 0) + 1)
    const most = [...counts.values()].reduce((a, b) => Math.max(a, b), 0)
    lastsMs = Math.max(lastsMs, (queued + own.length) / perSecond * 1000, (most - 1) * pairIntervalMs)
    const tooMany = [...counts.values()].filter(count => count > perRecipient)
    const rest = tooMany.reduce((sum, count) => sum + count - perRecipient, 0)
    if (own.length > free) excess.push({ code: 'BACKLOG_FULL', sender: id, rows: own.length - free, limit: free, recipients: counts.size })
    if (rest > 0) excess.push({ code: 'RECIPIENT_QUEUE_FULL', sender: id, rows: rest, limit: perRecipient, recipients: tooMany.length })
  }
  for (const { message: { scheduledFor } } of rows) {
    const time = scheduledFor === undefined ? undefined : parseTime(scheduledFor, 'scheduledFor')
    if (time !== undefined && 'value' in time) lastsMs = Math.max(lastsMs, time.value - now)
  }
  const isSending = senders.every(({ state }) => state === 'active')
  return isSending
    ? { endsAt: new Date(now + lastsMs).toISOString(), lastsMs: Math.round(lastsMs), senders, excess }
    : { endsAt: null, lastsMs: null, senders, excess }
}

const number = (count: number): string => count.toLocaleString('en')
const rowsOf = (count: number): string => `${number(count)} row${count === 1 ? '' : 's'}`

/** The end of an import, for people. */
export function showSummary (summary: Summary): string {
  const { file, tally, end, resultsFile, dryRun, empty, leftOut, estimate, sample } = summary
  const state = end.status === 'done' ? dryRun ? 'checked, nothing was sent' : 'done' : end.status
  return [
    `${file}: ${rowsOf(tally.rows)}, ${state}`,
    '',
    ...showCounts(tally, dryRun),
    ...tally.reasons.length === 0 ? [] : ['', 'Rejected:', ...showReasons(tally)],
    ...showNotes(tally, empty, leftOut),
    ...estimate === null ? [] : ['', showEstimate(estimate), ...estimate.excess.map(showExcess)],
    ...dryRun && sample !== undefined ? ['', showSample(sample)] : [],
    '',
    `Each row and its result: ${resultsFile}${tally.rejected === 0 ? '' : ' (filter its column status by "rejected")'}`,
    ...nextStep(summary)
  ].join('\n').replaceAll(CONTROLS, ' ')
}

/** Of the file's texts, which may move the terminal's cursor or change its colours. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g

function showCounts ({ rows, accepted, valid, known, rejected, notSent, repeated }: Tally, dryRun: boolean): string[] {
  const equal = repeated === 0 ? '' : ` (${number(repeated)} equal to another row, ${number(known - repeated)} accepted earlier)`
  const lines: Array<[number, string]> = [
    dryRun ? [valid, 'valid: they would be sent'] : [accepted, 'accepted: the gateway sends them in turn'],
    [known, `known, and not sent again${equal}`],
    [rejected, 'rejected'],
    ...notSent === 0 ? [] : [[notSent, 'not sent: the import ended before them'] as [number, string]]
  ]
  const width = number(rows).length
  const show = ([count, what]: [number, string]): string => `  ${number(count).padStart(width)}  ${what}`
  return [...lines.map(show), `  ${'-'.repeat(width)}`, show([rows, 'in all'])]
}

function showReasons ({ reasons }: Tally): string[] {
  const width = number(reasons[0]?.count ?? 0).length
  return reasons.map(({ code, reason, count, firstRow }) =>
    `  ${number(count).padStart(width)}  ${reason} (${count === 1 ? '' : 'first in '}row ${firstRow}; ${code})`)
}

function showNotes ({ optedOut }: Tally, empty: number, leftOut: number): string[] {
  const notes = [
    ...optedOut === 0 ? [] : [`${rowsOf(optedOut)} to recipients who opted out of marketing: add --category marketing to leave them out`],
    ...empty === 0 ? [] : [`${rowsOf(empty)} without any text: not counted`],
    ...leftOut === 0 ? [] : [`${rowsOf(leftOut)} left out by --limit`]
  ]
  return notes.length === 0 ? [] : ['', ...notes]
}

function showEstimate ({ endsAt, lastsMs, senders }: Estimate): string {
  const waiting = senders.reduce((sum, { queued }) => sum + queued, 0)
  const idle = senders.filter(({ state }) => state !== 'active').map(({ id, state }) => `${id} is ${state}`)
  if (endsAt === null || lastsMs === null) return `Not sent until it is resumed: sender ${idle.join(', ')}`
  const speed = senders.map(({ id, perSecond }) => `${perSecond} a second${senders.length === 1 ? '' : ` from ${id}`}`).join(', ')
  const behind = waiting === 0 ? '' : `, behind ${number(waiting)} that wait already`
  return `All sent in about ${showMs(Math.max(1000, lastsMs))}, at ${showTime(new Date(endsAt))}, if started now (at most ${speed}${behind})`
}

/** What to do about rows that do not fit. A row that is rejected for now may be sent again by the same command: it is no duplicate. */
function showExcess ({ code, sender, rows, limit, recipients }: Excess): string {
  const again = 'The same command sends them later, when others have been sent'
  if (code === 'BACKLOG_FULL') {
    return `${rowsOf(rows)} too many: sender ${sender} has room for ${number(limit)} more messages, and the others may be rejected (${code}).\n  ` +
      `${again}; or split the list. The gateway's setting is MAX_BACKLOG_PER_SENDER`
  }
  const people = recipients === 1 ? '1 recipient gets' : `${number(recipients)} recipients get`
  return `${rowsOf(rows)} too many: ${people} more than ${number(limit)} messages, and the others may be rejected (${code}).\n  ` +
    `Look for a number that many rows share. ${again}. The gateway's setting is MAX_QUEUE_PER_RECIPIENT`
}

/** In the zone of this computer; with the date if it is not today. */
function showTime (time: Date): string {
  const isToday = time.toDateString() === new Date().toDateString()
  return time.toLocaleString('en-GB', { timeStyle: 'short', ...(isToday ? {} : { dateStyle: 'medium' }) })
}

function showSample ({ row, message: { to, recipient, group, message } }: Valid): string {
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  const shown = text.length > 600 ? `${text.slice(0, 600)}…` : text
  return `Row ${row}, to ${to ?? recipient ?? group}, would get:\n${shown.split('\n').map(line => `  ${line}`).join('\n')}`
}

function nextStep ({ tally, end, dryRun, campaign }: Summary): string[] {
  const isWatched = campaign !== '' && !dryRun && tally.accepted + tally.known > 0
  const watch = isWatched ? [`Progress, rate and end, with a read or admin key: sluice campaign ${campaign} --watch`] : []
  if (end.status !== 'done') return [...watch, `${dryRun ? 'The check' : 'The import'} is not complete: run the same command again to continue`]
  return dryRun && tally.valid > 0 ? ['To send: the same command without --dry-run'] : watch
}
