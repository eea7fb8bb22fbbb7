import type { JobState, QueueJob, QueueJobJson } from '@bull-board/api/dist/types.js'
import { cancel } from '../drain/cancel.js'
import { SluiceError } from '../errors.js'
import { attemptsOf } from '../failure/failure.js'
import { retryOne } from '../failure/retry.js'
import { audit } from '../http/audit.js'
import { lanes } from '../message.js'
import { maskRecipient } from '../recipient.js'
import { admittedAt, publicId } from '../redis/keys.js'
import { admin } from './asking.js'
import type { DashboardDeps, QueueRow } from './room.js'

/** A message in the shape of a Bull job: who it goes to is masked, what it says and its keys (which may hold a number) are left out. */
export class MessageJob implements QueueJob {
  readonly opts: { delay?: number, attempts: number, priority?: number }
  readonly #room: DashboardDeps
  readonly #shown: QueueRow

  constructor (deps: DashboardDeps, shown: QueueRow) {
    this.#room = deps
    this.#shown = shown
    const { dueAt, lane } = shown
    this.opts = {
      attempts: attemptsAllowed(deps.settlement.backoff),
      ...(dueAt === null ? {} : { delay: Math.max(0, dueAt - admittedAt(shown.id)) }),
      ...(lane === null ? {} : { priority: lanes.indexOf(lane) + 1 })
    }
  }

  toJSON (): QueueJobJson {
    const { sender, id, state, payload, attempts, startedAt, finishedAt } = this.#shown
    const reason = state === 'completed' ? '' : this.#failedReason()
    return {
      id: publicId(sender, id),
      name: payload?.type ?? 'message',
      data: this.#data(),
      opts: this.opts,
      timestamp: admittedAt(id),
      attemptsMade: attempts,
      progress: 0,
      failedReason: reason,
      // Shown newest first, so that the reason stands above the attempts.
      stacktrace: reason === '' ? [] : [...historyOf(this.#room, this.#shown), reason],
      returnvalue: null,
      ...(this.opts.delay === undefined ? {} : { delay: this.opts.delay }),
      ...(this.opts.priority === undefined ? {} : { priority: this.opts.priority }),
      ...(startedAt === null ? {} : { processedOn: startedAt }),
      ...(finishedAt === null ? {} : { finishedOn: finishedAt })
    }
  }

  async getState (): Promise<JobState> {
    return this.#shown.state
  }

  /** Cancels a message that waits. */
  async remove (): Promise<void> {
    const { sender, id, state, payload } = this.#shown
    if (state === 'failed') throw new SluiceError('NOT_CANCELLABLE', { detail: 'a FAILED message is kept until its retention is over; acknowledge it instead' })
    const became = payload === null || state === 'completed' ? 'gone' : await cancel(this.#room, sender, id, 'cancelled', admin(), payload)
    if (became === 'busy') throw new SluiceError('NOT_CANCELLABLE', { detail: 'it is being sent, or nobody knows yet whether it was' })
    if (became !== 'done') throw new SluiceError('NOT_CANCELLABLE', { detail: 'it is settled' })
    await audit(this.#room, { by: admin(), action: 'cancel', sender, subject: publicId(sender, id) })
  }

  /** Reopens a FAILED message, and tries it as soon as its pair's pace allows. */
  async retry (): Promise<void> {
    const { sender, id } = this.#shown
    const became = await retryOne(this.#room, sender, id, { force: true, by: admin() })
    if (became === 'gone') throw new SluiceError('NOT_RETRYABLE', { detail: 'it is no failure, or it is already on its way' })
    await audit(this.#room, { by: admin(), action: 'retry', sender, subject: publicId(sender, id), detail: became })
  }

  /** Retries a failure before its time. Who waits for a turn, a schedule or a verdict can't be hurried. */
  async promote (): Promise<void> {
    if (this.#shown.waitsFor === 'retry') return await this.retry()
    throw new SluiceError('NOT_SUPPORTED', { detail: `it waits for ${this.#shown.waitsFor ?? 'nothing'}; only what waits for a retry can be promoted` })
  }

  async updateData (): Promise<void> {
    throw new SluiceError('NOT_SUPPORTED', { detail: 'a message can not be changed: cancel it and send another' })
  }

  #data (): Record<string, unknown> {
    const { sender, recipient, lane, payload, metadata, waitsFor, position } = this.#shown
    return {
      sender,
      recipient: maskRecipient(recipient),
      lane,
      caller: payload?.caller ?? null,
      metadata: Object.keys(metadata ?? {}),
      waitsFor,
      ...(position === 0 ? {} : { position })
    }
  }

  #failedReason (): string {
    const { history } = this.#shown
    const code = history.filter(line => line.code !== undefined).at(-1)?.code
    const reason = history.at(-1)?.reason
    if (code === undefined) return reason ?? ''
    return `${code}: ${this.#room.explain(code).explanation}${reason === undefined ? '' : ` (${reason})`}`
  }
}

/** The attempts of a message, a line each; what WhatsApp answered word for word may name the recipient, so its code is explained instead. */
export function historyOf (deps: Pick<DashboardDeps, 'explain'>, { history }: Pick<QueueRow, 'history'>): string[] {
  return attemptsOf(history).map(({ at, attempt, outcome, code }) =>
    `${at} attempt ${attempt}: ${outcome}${code === null ? '' : ` ${code}, ${deps.explain(code).title}`}`)
}

function attemptsAllowed (backoff: (attempt: number) => number | null): number {
  let attempt = 1
  while (backoff(attempt) !== null) attempt++
  return attempt
}
