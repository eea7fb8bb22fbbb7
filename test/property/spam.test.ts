/**
 * A stop for spam under random traffic for days: WhatsApp rejects templates as spam, at times also into an open window, other stops take its place,
 * probes find its end, and people write. An observer knows who has written. A message that waits for the stop goes on at once when its recipient
 * writes, in its order, and all others stay. In each step a message that waits for a stop is found by its recipient, and no other one is.
 */
import t from 'tap'
import { playBroken, playRounds, type Breakage, type Round } from './frame.js'
import { Model } from './spam-model.js'

const ROUNDS = Number(process.env['SPAM_ROUNDS'] ?? 3)
const play = {
  name: 'spam',
  steps: 1200,
  create: ({ run, random, redis, keyOf }: Round) => new Model(run, random,
    async () => await redis.hget(keyOf('templates'), '*'), async () => await redis.zrange(keyOf('suspended'), 0, -1))
}

const all: Record<string, number> = {}

await playRounds({
  ...play,
  rounds: ROUNDS,
  gone: ['suspended', 'templates', 'backlog', 'queue:normal', 'ready:normal', 'grants'],
  judge: (t, { counts }) => {
    for (const name of Object.keys(counts) as Array<keyof typeof counts>) all[name] = (all[name] ?? 0) + counts[name]
    t.comment(JSON.stringify(counts))
  }
})
t.ok(['stops', 'opened', 'stayed', 'probes', 'spared'].every(name => (all[name] ?? 0) >= 2 * ROUNDS), JSON.stringify(all))

const faults: Breakage[] = [
  {
    name: 'a message waits although its recipient has written',
    scripts: ['record-windows'],
    right: 'if spares_open and is_open_by_record(member, now_ms) then',
    wrong: 'if false then',
    breaks: /wrote: \d+ wait/
  },
  {
    name: 'a window that is opened ends the wait for any stop',
    scripts: ['record-windows'],
    right: 'local spares_open = stop and is_sparing(stop)',
    wrong: 'local spares_open = stop',
    breaks: /wrote: \d+ wait/
  },
  {
    name: 'a message passes older ones whose stop has become one for spam',
    scripts: ['admit', 'claim', 'retry'],
    right: 'and not is_behind(ALL_TEMPLATES .. recipient, seq)',
    wrong: '',
    breaks: /^order: /
  },
  {
    name: 'what the end of a stop releases is still found by its recipient',
    scripts: ['release-suspended'],
    right: 'if group == ALL_TEMPLATES then',
    wrong: 'if false then',
    breaks: /^entries: /
  },
  {
    name: 'what is cancelled is still found by its recipient',
    scripts: ['cancel'],
    right: "if reason == 'templates-stopped' then",
    wrong: 'if false then',
    breaks: /^entries: /
  }
]
await playBroken({ ...play, rounds: 10 * ROUNDS }, faults)
