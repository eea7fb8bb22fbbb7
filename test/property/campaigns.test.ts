/**
 * Campaigns with plans under random traffic: operators give them a start, an end and a rate, change and remove them, pause and resume them, while
 * messages of two campaigns and of none are posted to the same people. In every window no more messages of a campaign start than its rate allows,
 * none before its start or after its end, and those of a pair in their order. A message without a campaign is never blocked. In the end all are sent
 * or have ended with their campaign, and nothing is left.
 */
import t from 'tap'
import { CampaignModel, STEPS } from './campaign-model.js'
import { playBroken, playRounds, type Breakage, type Round } from './frame.js'

const ROUNDS = Number(process.env['CAMPAIGN_ROUNDS'] ?? 6)
const play = { name: 'campaign plans', rounds: ROUNDS, steps: STEPS, create: ({ run, random }: Round) => new CampaignModel(run, random) }
const held = { 'campaign-start': 0, 'campaign-rate': 0 }
const ended = { expired: 0, rejected: 0 }
let granted = 0

await playRounds({
  ...play,
  gone: ['suspended', 'templates', 'campaign-starts', 'backlog', 'ready:urgent', 'ready:normal', 'ready:bulk', 'grants'],
  judge: async (t, model, { redis, keyOf }) => {
    // In some rounds campaigns have ended for most of the time.
    t.ok(model.granted > STEPS / 6, `${model.granted} grants`)
    granted += model.granted
    ended.expired += model.expired
    ended.rejected += model.rejected
    for (const reason of ['campaign-start', 'campaign-rate'] as const) held[reason] += model.held[reason]
    t.equal(await redis.hget(keyOf('sender'), 'limits'), 'shares', 'scripts look at plans no longer')
  }
})

t.ok(granted > ROUNDS * STEPS / 3, `${granted} grants`)
t.ok(held['campaign-start'] > ROUNDS && held['campaign-rate'] > ROUNDS, `held: ${JSON.stringify(held)}`)
t.ok(ended.expired > ROUNDS && ended.rejected > ROUNDS, `ended: ${JSON.stringify(ended)}`)

const faults: Breakage[] = [
  {
    name: 'a grant does not take a slot of the rate',
    scripts: ['admit', 'claim'],
    right: 'plan.interval > 0 and function() take_slot(group, entry, plan, now) end or nil',
    wrong: 'nil',
    breaks: /starts in/
  },
  {
    name: 'the start is ignored',
    scripts: ['admit', 'claim'],
    right: 'local starts_at = math.max(plan.start_us, plan.tat)',
    wrong: 'local starts_at = plan.tat',
    breaks: /before the start/
  },
  {
    name: 'the end is ignored',
    scripts: ['claim'],
    right: 'plan.end_us <= now then return \'ended\' end',
    wrong: 'false then return end',
    breaks: /after the end/
  },
  {
    name: 'a pause is ignored',
    scripts: ['claim'],
    right: 'is_holding(entry, seq) and \'campaign-paused\' or nil',
    wrong: 'nil',
    breaks: /paused campaign/
  }
]
// Not each round meets each fault.
await playBroken({ ...play, rounds: 4 * ROUNDS }, faults)
