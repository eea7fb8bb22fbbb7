import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Campaign, CallOptions, SluiceClient } from '../client/index.js'
import { formatTime } from '../values/time.js'
import { addExamples, openContext, parseTimeOption } from './context.js'
import { facts, table } from './show.js'

const WATCH_MS = 2000
/** Campaigns of one request. */
const MOST_LISTED = 1000
const BAR = 40

export function addCampaigns (program: Command): void {
  const command = program.command('campaigns [names...]').summary('list campaigns with their counts')
    .description('Lists the campaigns, the one that changed last first; with names those whose names begin so. At most 1,000.')
    .action(async (names: string[], _: object, self: Command) => {
      const { client, print } = openContext(self)
      const found = await Promise.all((names.length === 0 ? [undefined] : names).map(async name => await client.listCampaigns(
        { limit: MOST_LISTED, ...(name === undefined ? {} : { name }) })))
      // Two of the names may be the beginning of one.
      const campaigns = [...new Map(found.flat().map(campaign => [campaign.name, campaign])).values()]
        .sort((a, b) => a.lastAt < b.lastAt ? 1 : -1)
      print(campaigns, () => table(
        ['campaign', 'state', 'accepted', 'waiting', 'sent', 'failed', 'cancelled', 'expired', 'per second', 'ends at'],
        campaigns.map(({ name, state, accepted, waiting, inFlight, sent, failed, cancelled, expired, ratePerSecond, expectedEndAt }) =>
          [name, state, accepted, waiting + inFlight, sent, failed, cancelled, expired, ratePerSecond, expectedEndAt]), 'no campaigns'))
    })
  addExamples(command, [['sluice campaigns spring', 'those whose names begin with spring'], ['sluice campaign spring-sale', 'one of them in full']])
  addCampaign(program)
}

const lanes = ['urgent', 'normal', 'bulk'] as const
type Lane = typeof lanes[number]

/** Instead of a value: the plan loses the field. Commander takes a parsed null for a missing value. */
const NONE = 'none'
type None = typeof NONE

interface PlanFlags { sender?: string, lane?: Lane | None, perSecond?: number | None, startAt?: string, endAt?: string }
interface Flags extends PlanFlags { watch?: true, pause?: true, resume?: true, cancel?: true, retry?: true }

const actions = ['pause', 'resume', 'cancel', 'retry']

function addCampaign (program: Command): void {
  const others = (own: string): string[] => actions.filter(name => name !== own)
  const command = program.command('campaign <name>').summary('show, plan, pause, resume or cancel a campaign')
    .description('Shows the counts of a campaign, its rate and when it is expected to end. With a plan it creates the campaign, or changes its plan.')
    .option('--watch', 'until it has ended, or until Ctrl-C')
    .addOption(new Option('--pause', 'send none of its messages until it is resumed').conflicts(others('pause')))
    .addOption(new Option('--resume', 'resume it').conflicts(others('resume')))
    .addOption(new Option('--cancel', 'cancel its waiting messages, for good').conflicts(others('cancel')))
    .addOption(new Option('--retry', 'retry its FAILED messages').conflicts(others('retry')))
    .addOption(new Option('--lane <lane>', `lane of its messages that name none; ${NONE}: theirs`).argParser(parseLane).conflicts(actions))
    .addOption(new Option('--per-second <rate>', `messages of it that start in a second; ${NONE}: any`).argParser(parseRate).conflicts(actions))
    .addOption(timeOption('--start-at', `none of its messages starts before; ${NONE}: at once`))
    .addOption(timeOption('--end-at', `what has not started by then expires; ${NONE}: nothing`))
    .addOption(new Option('--sender <id>', 'plan it at this sender only').conflicts(actions))
    .action(async (name: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      let campaign = hasPlan(flags)
        ? await plan(client, name, flags)
        : flags.pause === true
          ? await client.pauseCampaign(name)
          : flags.resume === true
            ? await client.resumeCampaign(name)
            : flags.cancel === true
              ? await client.cancelCampaign(name)
              : flags.retry === true ? await client.retryCampaign(name) : await client.getCampaign(name)
      print(campaign, () => showCampaign(campaign))
      while (flags.watch === true && !hasEnded(campaign)) {
        await sleep(WATCH_MS)
        campaign = await client.getCampaign(name)
        print(campaign, () => progressOf(campaign))
      }
    })
  addExamples(command, [
    ['sluice campaign spring-sale --watch', 'progress, rate and end, every 2 s'],
    ['sluice campaign spring-sale --per-second 20 --end-at 2030-01-31T18:00:00Z', 'at most 20 a second, and none after six'],
    ['sluice campaign spring-sale --per-second none', 'as fast as its senders'],
    ['sluice campaign spring-sale --pause', 'stop it for now'],
    ['sluice campaign spring-sale --cancel', 'stop it for good']
  ])
}

function hasPlan ({ sender, lane, perSecond, startAt, endAt }: PlanFlags): boolean {
  return [sender, lane, perSecond, startAt, endAt].some(value => value !== undefined)
}

async function plan (client: SluiceClient, name: string, { sender, lane, perSecond, startAt, endAt }: PlanFlags): Promise<Campaign> {
  const given = Object.entries({ sender, lane, perSecond, startAt, endAt }).filter(([, value]) => value !== undefined)
  const fields = given.map(([field, value]) => [field, field !== 'sender' && value === NONE ? null : value])
  return await client.putCampaign(name, Object.fromEntries(fields) as CallOptions)
}

function parseLane (text: string): Lane | None {
  const lane = lanes.find(one => one === text)
  if (lane === undefined && text !== NONE) throw new InvalidArgumentError(`Use ${lanes.join(', ')} or ${NONE}.`)
  return lane ?? NONE
}

export function parseRate (text: string): number | None {
  if (text === NONE) return NONE
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError(`Use a number such as 20 or 0.5, or ${NONE}.`)
  return Number(text)
}

function timeOption (flag: string, description: string): Option {
  return new Option(`${flag} <time>`, description).conflicts(actions)
    .argParser(text => text === NONE ? NONE : formatTime(parseTimeOption(text, ` Or use ${NONE}.`)))
}

/** Whether its counts change only by statuses from now on. */
function hasEnded ({ accepted, waiting, inFlight, jobs = [] }: Campaign): boolean {
  return accepted > 0 && waiting + inFlight === 0 && jobs.every(({ state }) => state === 'completed' || state === 'failed')
}

/** One line with a bar of what has ended. */
function progressOf (campaign: Campaign): string {
  const { accepted, waiting, inFlight, state, ratePerSecond, expectedEndAt } = campaign
  const ended = accepted - waiting - inFlight
  const share = accepted === 0 ? 0 : ended / accepted
  const filled = Math.floor(share * BAR)
  const end = expectedEndAt !== null ? `, ends at ${expectedEndAt}` : endOf(campaign) === null ? '' : ', end unknown'
  const bar = '#'.repeat(filled).padEnd(BAR, '.')
  return `[${bar}] ${Math.floor(share * 100)} %, ${ended} of ${accepted}, ${state}, ${ratePerSecond}/s${end}`
}

/** When it ends, or why that is not known; null where nothing of it waits. */
function endOf ({ name, state, waiting, inFlight, expectedEndAt }: Campaign): string | null {
  if (expectedEndAt !== null || waiting + inFlight === 0 || state === 'cancelled') return expectedEndAt
  if (state === 'paused') return 'unknown while it is paused'
  return `unknown: none of its messages ended in the last 10 s. What they wait for: sluice find --campaign ${name}`
}

function showCampaign (campaign: Campaign): string {
  const { name, state, senders, accepted, waiting, inFlight, sent, delivered, read, failed, cancelled, expired, failures, jobs = [] } = campaign
  const own = facts({
    campaign: name,
    state,
    senders: senders.join(' '),
    accepted,
    waiting,
    'in flight': inFlight,
    sent,
    delivered,
    read,
    failed,
    cancelled,
    expired,
    'per second': campaign.ratePerSecond,
    'ends at': endOf(campaign),
    'default lane': campaign.lane,
    'at most per second': campaign.perSecond,
    'not before': campaign.startAt,
    'not after': campaign.endAt,
    'started at': campaign.startedAt,
    'last change': campaign.lastAt
  })
  const codes = failures.map(({ code, count, explanation }) => [code, count, explanation])
  const plans = (campaign.plans ?? []).map(({ sender, lane, perSecond, startAt, endAt }) => [sender, lane, perSecond, startAt, endAt])
  const work = jobs.map(({ action, state, done, left, by }) => [action, state, done, left, by])
  return [
    own,
    ...(plans.length === 0 ? [] : [table(['sender', 'default lane', 'at most per second', 'not before', 'not after'], plans)]),
    ...(codes.length === 0 ? [] : [table(['code', 'failed', 'meaning'], codes)]),
    ...(work.length === 0 ? [] : [table(['job', 'state', 'done', 'left', 'by'], work)]),
    progressOf(campaign)
  ].join('\n')
}
