import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { BulkJob, StartJob } from '../client/index.js'
import type { CliContext } from './context.js'
import { addExamples, openContext, parseTimeText } from './context.js'
import { UsageError } from './exit.js'
import { addMoveOptions, readMove, type MoveFlags } from './messages.js'
import { facts, table } from './show.js'

const WATCH_MS = 1000
const BAR = 40

type Filter = StartJob['filter']
type Flags = Omit<Filter, 'acknowledged'> & MoveFlags & { acknowledged?: 'yes' | 'no', dryRun?: boolean, detach?: boolean, note?: string }

const meanings: Record<BulkJob['action'], string> = {
  cancel: 'cancel all waiting messages that match',
  retry: 'retry all failures that match',
  move: 'move all waiting messages that match to another lane or time',
  acknowledge: 'acknowledge all failures that match'
}

/** The states that an action finds messages in, and the options that only some actions have. */
const states: Record<BulkJob['action'], Array<NonNullable<Filter['state']>>> = {
  cancel: ['scheduled', 'queued', 'retrying'],
  retry: ['failed', 'retrying'],
  move: ['scheduled', 'queued', 'retrying'],
  acknowledge: ['failed', 'retrying']
}
const reasons = ['rejected', 'exhausted', 'expired', 'unknown', 'cancelled']
const ofFailures = (action: BulkJob['action']): boolean => states[action].includes('failed')

export function addJobs (program: Command): void {
  const bulk = program.command('bulk').summary('cancel, retry, move or acknowledge all messages that match')
    .description('Acts on all messages that match all given options. A worker node does it; Ctrl-C ends only the display.')
  for (const [action, about] of Object.entries(meanings) as Array<[BulkJob['action'], string]>) addAction(bulk, action, about)
  addExamples(bulk, [
    ['sluice bulk retry --error-code 131049 --dry-run', 'count first'],
    ['sluice bulk retry --error-code 131049', 'then retry them'],
    ['sluice bulk cancel --template order_ready', 'cancel what waits of one template'],
    ['sluice bulk move --campaign spring-sale --priority bulk', 'let other messages go first'],
    ['sluice bulk acknowledge --failed-from 2026-01-31T09:00:00Z --note "outage"', 'acknowledge what failed since then']
  ])
  addShow(program)
}

function addAction (bulk: Command, action: BulkJob['action'], about: string): void {
  const command = bulk.command(action).summary(about).description(`${about[0]?.toUpperCase()}${about.slice(1)}.`)
    .option('--campaign <name>', 'of this campaign')
    .option('--tag <key:value>', 'with this entry of their metadata')
    .option('--recipient <recipient>', 'of this recipient')
    .option('--sender <id>', 'of this sender, by phone number id')
    .option('--caller <name>', 'that this API key posted')
    .option('--template <name>', 'of this template')
    .option('--error-code <code>', 'whose last error has this code; none: no code')
    .addOption(new Option('--state <state>', 'in this state').choices(states[action]))
    .option('--accepted-from <time>', 'accepted then or later', parseTimeText)
    .option('--accepted-until <time>', 'accepted before', parseTimeText)
    .option('--failed-from <time>', 'whose last attempt failed then or later', parseTimeText)
    .option('--failed-until <time>', 'whose last attempt failed before', parseTimeText)
  if (ofFailures(action)) {
    command.addOption(new Option('--reason <reason>', 'that failed for this reason').choices(reasons))
  }
  if (action === 'retry') command.addOption(new Option('--acknowledged <yes|no>', 'that are, or are not, acknowledged').choices(['yes', 'no']))
  if (action === 'acknowledge') command.option('--note <text>', 'is stored in the history of each message')
  if (action === 'move') addMoveOptions(command)
  command
    .option('--dry-run', 'only count them')
    .option('--detach', 'start the job and return')
    .action(async ({ dryRun = false, detach = false, note, priority, at, now, expiresAt, acknowledged, ...rest }: Flags, self: Command) => {
      const filter: Filter = { ...rest, ...(acknowledged === undefined ? {} : { acknowledged: acknowledged === 'yes' }) }
      if (Object.keys(filter).length === 0) throw new UsageError('give at least one option that says which messages: sluice help bulk')
      const move = readMove({ priority, at, now, expiresAt })
      if (action === 'move' && Object.keys(move).length === 0) throw new UsageError('give --priority, --at, --now or --expires-at')
      const context = openContext(self)
      const job = await context.client.startJob({
        action,
        filter,
        ...(Object.keys(move).length === 0 ? {} : { move }),
        ...(dryRun ? { dryRun: true } : {}),
        ...(note === undefined ? {} : { note })
      })
      await follow(context, job, detach)
    })
}

function addShow (program: Command): void {
  program.command('jobs').summary('list bulk jobs with their progress').description('Lists the latest bulk jobs, newest first.')
    .action(async (_: object, self: Command) => {
      const { client, print } = openContext(self)
      const jobs = await client.listJobs()
      print(jobs, () => table(['job', 'state', 'filter', 'matched', 'done', 'left', 'by', 'started'],
        jobs.map(({ id, state, filter, matched, done, left, by, startedAt }) => [id, state, filter, matched, done, left, by, startedAt]), 'no jobs'))
    })
  const command = program.command('job <id>').summary('show, watch or stop a bulk job').description('Shows a bulk job.')
    .option('--watch', 'until it has ended, or until Ctrl-C')
    .option('--stop', 'stop it; what it has done stays')
    .action(async (id: string, { watch = false, stop = false }: { watch?: boolean, stop?: boolean }, self: Command) => {
      const context = openContext(self)
      await follow(context, stop ? await context.client.stopJob(id) : await context.client.getJob(id), !watch)
    })
  addExamples(command, [
    ['sluice job cancel-3f1c2a9be07d4c58 --watch', 'progress, every second'],
    ['sluice job cancel-3f1c2a9be07d4c58 --stop', 'stop it']
  ])
}

/** Prints a job, and unless `once` its progress until it has ended. */
async function follow ({ client, print }: CliContext, first: BulkJob, once: boolean): Promise<void> {
  let job = first
  if (once) return print(job, () => show(job))
  while (job.finishedAt === null) {
    print(job, () => progressOf(job))
    await sleep(WATCH_MS)
    job = await client.getJob(job.id)
  }
  print(job, () => show(job))
}

function progressOf ({ scanned, total, matched, done, state, waitingFor }: BulkJob): string {
  const share = total === 0 ? 0 : scanned / total
  const bar = '#'.repeat(Math.floor(share * BAR)).padEnd(BAR, '.')
  return `[${bar}] ${Math.floor(share * 100)} %, ${matched} match, ${done} done, ${stateOf(state, waitingFor)}`
}

function stateOf (state: BulkJob['state'], waitingFor: BulkJob['waitingFor']): string {
  return waitingFor === null ? state : `${state} for a worker node: none runs`
}

function show (job: BulkJob): string {
  const { id, action, state, waitingFor, dryRun, filter, move, states, scanned, matched, done, left, by, note, startedAt, finishedAt } = job
  return facts({
    job: id,
    action: dryRun ? `${action}, dry run` : action,
    state: stateOf(state, waitingFor),
    filter,
    to: move,
    'in state': states.join(', '),
    compared: scanned,
    match: matched,
    done: dryRun ? null : done,
    left: left === 0 ? null : left,
    by,
    note,
    'started at': startedAt,
    'ended at': finishedAt
  })
}
