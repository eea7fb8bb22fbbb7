import type { AdmissionSettings } from '../../admission/admit.js'
import { laneOf, type Caller, type CallerLimits, type CallerRegistry } from '../../callers.js'
import { readCallerCounts, type CallerCounts } from '../../campaigns/callers.js'
import type { Explain } from '../../failure/failure.js'
import type { Store } from '../../redis/store.js'
import { formatTimeOrNull } from '../../values/time.js'
import type { Api, ServedSenders } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { sampleTime, SENDER } from '../samples.js'
import { CallerSchema, callerSchemas, CallersSchema } from '../schemas/caller.js'
import { notCounted, ref } from '../schemas/common.js'

const getCaller = {
  operationId: 'getCaller',
  tags: ['Keys'],
  summary: 'Returns name and role of the caller\'s API key',
  description: 'Without API keys every caller is `anonymous`, an admin.',
  response: { 200: json('The caller', ref(CallerSchema), { examples: { operator: { name: 'operator', role: 'admin' } } }) },
  'x-requests': { own: { summary: 'My own key' } }
}

const shop = {
  name: 'shop',
  role: 'send',
  rules: {
    senders: null,
    lanes: ['urgent', 'normal'],
    categories: ['utility', 'authentication'],
    defaultLane: 'normal',
    defaultCampaign: null,
    rate: { perSecond: 50, burst: 100 },
    backlog: 5000,
    weight: 3
  },
  senders: [SENDER],
  accepted: 8123,
  waiting: 12,
  inFlight: 2,
  sent: 8090,
  delivered: 7904,
  read: 5120,
  failed: 17,
  cancelled: 2,
  expired: 0,
  ratePerSecond: 4.2,
  failures: [{ code: '131026', count: 17, explanation: 'WhatsApp cannot deliver to this number.' }],
  readySince: sampleTime('09:29:59.400'),
  firstAcceptedAt: sampleTime('08:00:00.000'),
  lastAcceptedAt: sampleTime('09:29:59.900')
}

const listCallers = {
  operationId: 'listCallers',
  tags: ['Keys'],
  summary: 'Lists the callers with their rules, and what each has waiting, sent and failed',
  description: 'Keys are never shown. Messages are counted where more than one caller may post. A caller that left the file is listed as long as ' +
    'failures are kept, from the end of its last message.',
  response: { 200: json('All callers', ref(CallersSchema), { examples: { one: { callers: [shop] } } }) }
}

export interface CallerRouteDeps {
  sandbox: boolean
  store: Store
  senders: ServedSenders
  callers: CallerRegistry
  explain: Explain
  admission: AdmissionSettings
}

const unlimited: Pick<CallerLimits, 'senders' | 'lanes' | 'categories' | 'rate' | 'weight'> = {
  senders: null, lanes: null, categories: null, rate: null, weight: 1
}

function rulesOf (caller: Caller, backlog: number | null) {
  const { senders, lanes, categories, rate, weight } = caller.limits ?? unlimited
  return { senders, lanes, categories, defaultLane: laneOf(caller), defaultCampaign: caller.limits?.defaultCampaign ?? null, rate, weight, backlog }
}

const none: Omit<CallerCounts, 'name'> = {
  senders: [],
  accepted: 0,
  waiting: 0,
  inFlight: 0,
  sent: 0,
  delivered: 0,
  read: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
  ratePerSecond: 0,
  failures: [],
  readySince: null,
  firstAt: 0,
  lastAt: 0
}

/** The caller's own key, which lets a user interface offer only what it permits; and all callers. */
export function callerRoutes (api: Api, { sandbox, store, senders, callers, explain, admission }: CallerRouteDeps): void {
  addSchemas(api, ...callerSchemas)

  api.get('/caller', { schema: getCaller, config: { roles: ['send', 'read', 'admin'] } }, async ({ caller }) =>
    ({ name: caller.name, role: caller.role, ...(sandbox ? { sandbox: true } : {}) }))

  api.get('/callers', { schema: listCallers, config: { roles: ['admin'] } }, async () => {
    const { callers: counted, unavailable } = await readCallerCounts(store, senders.ids())
    const known = new Map(callers.list().map(caller => [caller.name, caller]))
    const counts = new Map(counted.map(one => [one.name, one]))
    // Those of the file in its order, then those that left it.
    const names = [...new Set([...known.keys(), ...[...counts.keys()].sort()])]
    return {
      callers: names.map(name => {
        const caller = known.get(name)
        const { failures, readySince, firstAt, lastAt, ...own } = counts.get(name) ?? none
        return {
          ...own,
          name,
          role: caller?.role ?? null,
          rules: caller === undefined ? null : rulesOf(caller, admission.callerBacklogOf?.(name) ?? null),
          failures: failures.map(({ code, count }) => ({ code, count, explanation: explain(code).explanation })),
          readySince: formatTimeOrNull(readySince),
          firstAcceptedAt: formatTimeOrNull(firstAt === 0 ? null : firstAt),
          lastAcceptedAt: formatTimeOrNull(lastAt === 0 ? null : lastAt)
        }
      }),
      ...notCounted(unavailable)
    }
  })
}
