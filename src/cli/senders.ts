import { Option, type Command } from 'commander'
import type { Rates, Sender, SluiceClient, Templates } from '../client/index.js'
import { parseRate } from './campaigns.js'
import { addExamples, openContext, parseDuration } from './context.js'
import { UsageError } from './exit.js'
import { facts, table } from './show.js'

export function addSender (program: Command): void {
  const command = program.command('sender <sender>').summary('show a sender: state, daily limit, and what WhatsApp says of it')
    .description('Shows the state of a sender, what stops it and until when, its rate and daily limit, and the health that WhatsApp states.')
    .action(async (sender: string, _: object, self: Command) => {
      const { client, print } = openContext(self)
      const senders = await client.listSenders()
      const found = senders.find(({ id }) => id === sender)
      if (found === undefined) throw new UsageError(`no sender ${sender}; there is ${senders.map(({ id }) => id).join(', ') || 'none'}`)
      print(found, () => [showSender(found), ...healthOf(found)].join('\n'))
    })
  addExamples(command, [['sluice sender 100000000000001', 'why WhatsApp has stopped it']])
}

export function addPause (program: Command): void {
  const command = program.command('pause <sender>').summary('pause a sender')
    .description('Pauses a sender: new messages are queued, requests in flight complete, and queued messages keep their places.')
    .option('--for <duration>', 'how long; by default until it is resumed', parseDuration)
    .action(async (sender: string, flags: { for?: number }, self: Command) => {
      const { client, print } = openContext(self)
      const paused = await client.pauseSender(sender, flags.for === undefined ? {} : { forMs: flags.for })
      print(paused, () => showSender(paused))
    })
  addExamples(command, [['sluice pause 100000000000001 --for 30m', 'resumes automatically']])
}

export function addResume (program: Command): void {
  const command = program.command('resume <sender>').summary('resume a sender')
    .description('Resumes a sender that an operator paused or that WhatsApp\'s errors stopped, closes its circuit, and restores its rate\n' +
      'and its lane bulk.')
    .action(async (sender: string, _: object, self: Command) => {
      const { client, print } = openContext(self)
      const resumed = await client.resumeSender(sender)
      print(resumed, () => showSender(resumed))
    })
  addExamples(command, [['sluice resume 100000000000001', 'after sluice pause, or after a token was renewed']])
}

export function addTemplates (program: Command): void {
  const command = program.command('templates <sender>').summary('list templates that WhatsApp does not send now')
    .description('Lists the templates of a sender that are paused or rejected at WhatsApp, and how many messages wait for each.')
    .option('--resume <name>', 'send the waiting messages of this template, for when its status cannot be read')
    .option('--language <code>', 'language of the template to resume', 'en_US')
    .action(async (sender: string, { resume, language }: { resume?: string, language: string }, self: Command) => {
      const { client, print } = openContext(self)
      const found = resume === undefined ? await client.listTemplates(sender) : await client.resumeTemplate(sender, { name: resume, language })
      print(found, () => showTemplates(found))
    })
  addExamples(command, [
    ['sluice templates 100000000000001', 'what waits, and why'],
    ['sluice templates 100000000000001 --resume order_ready --language en_US', 'send its messages now']
  ])
}

const NONE = 'none'
interface RateFlags { template?: string, language?: string, category?: Category, perSecond?: number | typeof NONE }
type Category = NonNullable<Parameters<SluiceClient['putRate']>[1]['category']>

export function addRates (program: Command): void {
  const command = program.command('rates <sender>').summary('list, set or remove rates of templates and categories')
    .description('Lists the rates of a sender: messages of one template, or of one category, start no faster. With --per-second it sets one.')
    .addOption(new Option('--template <name>', 'template whose rate is set').conflicts('category'))
    .addOption(new Option('--language <code>', 'its language; en_US by default').conflicts('category'))
    .addOption(new Option('--category <category>', 'category whose rate is set').choices(['marketing', 'utility', 'authentication', 'service']))
    .addOption(new Option('--per-second <rate>', `messages of it that start in a second; ${NONE}: any`).argParser(parseRate))
    .action(async (sender: string, { template, language = 'en_US', category, perSecond }: RateFlags, self: Command) => {
      const { client, print } = openContext(self)
      const isNamed = template !== undefined || category !== undefined
      if (isNamed !== (perSecond !== undefined)) throw new UsageError('--per-second needs --template or --category, and these need it')
      const rate = perSecond === NONE ? null : perSecond ?? null
      const what = category === undefined ? { ...(template === undefined ? {} : { template }), language } : { category }
      const found = isNamed ? await client.putRate(sender, { ...what, perSecond: rate }) : await client.listRates(sender)
      print(found, () => showRates(found))
    })
  addExamples(command, [
    ['sluice rates 100000000000001', 'the rates, and what waits for them'],
    ['sluice rates 100000000000001 --template spring_offer --language en_US --per-second 20', 'at most 20 of them a second'],
    ['sluice rates 100000000000001 --category marketing --per-second none', 'no rate of marketing any more']
  ])
}

function showRates ({ rates }: Rates): string {
  const rows = rates.map(({ template, language, category, perSecond, since, waiting }) =>
    [template ?? '', language ?? '', category ?? '', perSecond, since, waiting])
  return table(['template', 'language', 'category', 'per second', 'since', 'waiting'], rows, 'no rates')
}

function showTemplates ({ account, readAt, failedWith, templates }: Templates): string {
  if (account === null) return 'no WhatsApp Business account is configured: the statuses of templates are not read'
  const rows = templates.map(({ name, language, state, code, since, waiting }) => [name, language, state, code, since, waiting])
  return facts({ account, 'last read': readAt ?? 'never', 'last error': failedWith }) + '\n' +
    table(['template', 'language', 'state', 'code', 'since', 'waiting'], rows, 'all templates are sent')
}

function showSender (sender: Sender): string {
  const { id, state, reason, resumesAt, circuit, templates, bulk, daily, health, queued, inFlight } = sender
  const outage = circuit.state === 'closed' ? {} : { circuit: circuit.state, 'open since': circuit.since, 'next probe': circuit.nextProbeAt }
  const stop = templates.state !== 'stopped'
    ? {}
    : { 'templates stopped': templates.reason, 'until or next probe': templates.until, 'messages of templates': templates.waiting }
  const hold = bulk.state !== 'held'
    ? {}
    : { 'bulk held since': bulk.since, 'until at most': bulk.until, 'messages without a status': `${bulk.missingPercent ?? 0}%` }
  const limit = daily === null
    ? {}
    : {
        'daily limit': daily.limit === null ? 'none' : `${daily.used} of ${daily.limit} people used: ${daily.reason}`,
        'people who wait': daily.people,
        'next free at': daily.freeAt
      }
  const first = { sender: id, state, reason, 'resumes at': resumesAt, ...outage, ...stop, ...hold, rate: rateOf(sender), ...limit }
  return facts({ ...first, queued, 'in flight': inFlight, health: health.state, 'health read at': health.readAt })
}

/** What WhatsApp says of the parts that are not available, in its own words. */
function healthOf ({ health }: Sender): string[] {
  const rows = health.problems.flatMap(({ entity, state, errors, info }) => {
    const found = errors.map(({ code, description, solution }) => [entity, state, code, description, solution])
    return [...found.length === 0 ? [[entity, state, null, null, null]] : found, ...info.map(sentence => [entity, state, null, sentence, null])]
  })
  return rows.length === 0 ? [] : [table(['part', 'health', 'code', 'what is wrong', 'what to do'], rows)]
}

/** The rate in force; where it is not the rule, why. */
export function rateOf ({ rate, rules }: Pick<Sender, 'rate' | 'rules'>): string {
  if (rate.reason === 'rule') return `${rate.perSecond}/s`
  if (rate.reason === 'ceiling') return `${rate.perSecond}/s of ${rules.perSecond}/s: ${rate.ceiling?.level ?? ''} is WhatsApp's limit of the number`
  const since = rate.rejectedAt?.slice(11, 19) ?? ''
  return `${Math.round(rate.perSecond * 10) / 10}/s of ${rules.perSecond}/s: WhatsApp rejected faster sending at ${since}Z`
}

/**
 * The state with its reason; of an active sender, what its circuit breaker says, what stops its templates, why its lane `bulk` is held, or why it is
 * slower than its rule.
 */
function stateOf (sender: Sender): string {
  const { state, reason, circuit, templates, bulk, rate } = sender
  if (reason !== null) return `${state}: ${reason}`
  if (state !== 'active') return state
  if (circuit.state !== 'closed') return `circuit ${circuit.state}: ${circuit.code ?? ''}`
  if (templates.state === 'stopped') return `templates stopped: ${templates.reason ?? ''}`
  if (bulk.state === 'held') return `bulk held: ${bulk.missingPercent ?? 0}% of messages have no status`
  return rate.reason !== 'rule' ? rateOf(sender) : state
}

/** A table with one row per sender. */
export function showSenders (senders: Sender[]): string {
  const head = ['sender', 'state', 'queued', 'due', 'in flight', 'scheduled', 'suspended', 'awaiting', 'unknown', 'pending', 'failed', 'sent in 24 h']
  return table(head, senders.map(sender => {
    const { id, queued, due, inFlight, scheduled, suspended, awaiting, unknown, failures, sentLast24h } = sender
    return [id, stateOf(sender), queued, due, inFlight, scheduled, suspended, awaiting, unknown, failures.pending, failures.failed, sentLast24h]
  }))
}
