import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { Campaign } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { facts, table } from './show.js'

const WATCH_MS = 2000
const BAR = 40

export function addCampaigns (program: Command): void {
  program.command('campaigns').summary('list campaigns with their counts')
    .description('Lists the campaigns, the one that changed last first.')
    .action(async (_: object, self: Command) => {
      const { client, print } = openContext(self)
      const campaigns = await client.listCampaigns()
      print(campaigns, () => table(
        ['campaign', 'state', 'accepted', 'waiting', 'sent', 'failed', 'cancelled', 'expired', 'per second', 'ends at'],
        campaigns.map(({ name, state, accepted, waiting, inFlight, sent, failed, cancelled, expired, ratePerSecond, expectedEndAt }) =>
          [name, state, accepted, waiting + inFlight, sent, failed, cancelled, expired, ratePerSecond, expectedEndAt]), 'no campaigns'))
    })
  addCampaign(program)
}

interface Flags { watch?: true, pause?: true, resume?: true, cancel?: true, retry?: true }

function addCampaign (program: Command): void {
  const others = (own: string): string[] => ['pause', 'resume', 'cancel', 'retry'].filter(name => name !== own)
  const command = program.command('campaign <name>').summary('show, pause, resume or cancel a campaign')
    .description('Shows the counts of a campaign, its rate and when it is expected to end.')
    .option('--watch', 'until it has ended, or until Ctrl-C')
    .addOption(new Option('--pause', 'send none of its messages until it is resumed').conflicts(others('pause')))
    .addOption(new Option('--resume', 'resume it').conflicts(others('resume')))
    .addOption(new Option('--cancel', 'cancel its waiting messages, for good').conflicts(others('cancel')))
    .addOption(new Option('--retry', 'retry its FAILED messages').conflicts(others('retry')))
    .action(async (name: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      let campaign = flags.pause === true
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
    ['sluice campaign spring-sale --pause', 'stop it for now'],
    ['sluice campaign spring-sale --cancel', 'stop it for good']
  ])
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
  const end = expectedEndAt === null ? '' : `, ends at ${expectedEndAt}`
  const bar = '#'.repeat(filled).padEnd(BAR, '.')
  return `[${bar}] ${Math.floor(share * 100)} %, ${ended} of ${accepted}, ${state}, ${ratePerSecond}/s${end}`
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
    'ends at': campaign.expectedEndAt,
    'started at': campaign.startedAt,
    'last change': campaign.lastAt
  })
  const codes = failures.map(({ code, count, explanation }) => [code, count, explanation])
  const work = jobs.map(({ action, state, done, left, by }) => [action, state, done, left, by])
  return [
    own,
    ...(codes.length === 0 ? [] : [table(['code', 'failed', 'meaning'], codes)]),
    ...(work.length === 0 ? [] : [table(['job', 'state', 'done', 'left', 'by'], work)]),
    progressOf(campaign)
  ].join('\n')
}
