/**
 * Rates of templates and categories under random traffic: operators set, change and remove them, while messages with and without template and
 * category are posted to the same people, fail, are retried and cancelled. In every window no more messages of a template or a category start than
 * its rate allows, none before its promised wait is over, and those of a pair and a kind in their order. A message of neither is never blocked, and
 * none is left behind. In the end all are sent, and nothing is left.
 */
import t from 'tap'
import { playBroken, playRounds, type Breakage, type Round } from './frame.js'
import { RateModel, STEPS } from './rate-model.js'

const ROUNDS = Number(process.env['RATE_ROUNDS'] ?? 6)
const play = { name: 'rates of templates', rounds: ROUNDS, steps: STEPS, create: ({ run, random }: Round) => new RateModel(run, random) }
const held = { 'template-rate': 0, 'category-rate': 0 }

await playRounds({
  ...play,
  gone: ['suspended', 'templates', 'campaign-starts', 'backlog', 'ready:urgent', 'ready:normal', 'ready:bulk', 'grants'],
  judge: async (t, model, { redis, keyOf }) => {
    t.ok(model.granted > STEPS / 3, `${model.granted} grants`)
    for (const reason of ['template-rate', 'category-rate'] as const) held[reason] += model.held[reason]
    t.equal(await redis.hget(keyOf('sender'), 'limits'), null, 'scripts look at rates no longer')
  }
})

t.ok(held['template-rate'] > ROUNDS && held['category-rate'] > ROUNDS, `held: ${JSON.stringify(held)}`)

const faults: Breakage[] = [
  {
    name: 'a grant takes no slot',
    scripts: ['admit', 'claim'],
    right: 'for _, take in ipairs(takes) do take() end',
    wrong: '',
    breaks: /starts in|before its promise/
  },
  {
    name: 'retries take no part',
    scripts: ['retry'],
    right: 'for _, take in ipairs(takes) do take() end',
    wrong: '',
    breaks: /starts in|before its promise/
  },
  {
    name: 'only the first rate of a message counts',
    scripts: ['admit', 'claim'],
    right: 'groups[#groups + 1] = \'%c\' .. category',
    wrong: 'groups[1] = groups[1] or \'%c\' .. category',
    breaks: /starts in/
  },
  {
    name: 'a younger message passes those that wait',
    scripts: ['claim', 'admit'],
    right: 'if older > 0 or starts_at > now then',
    wrong: 'if starts_at > now then',
    breaks: /after a younger one|before its promise/
  },
  {
    name: 'the promised wait is twice that to the next slot',
    scripts: ['admit'],
    right: 'math.max(0, plan.tat - now)',
    wrong: '2 * math.max(0, plan.tat - now)',
    breaks: /before its promise/
  },
  {
    name: 'what waits is never returned',
    scripts: ['claim'],
    right: 'int(starts_at), rate_group or campaign)',
    wrong: 'int(starts_at + 9e12), rate_group or campaign)',
    breaks: /left behind/
  }
]
// Not each round meets each fault.
await playBroken({ ...play, rounds: 4 * ROUNDS }, faults)
