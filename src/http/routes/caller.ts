import type { AdmissionSettings } from '../../admission/admit.js'
import { laneOf, type Caller, type CallerLimits, type CallerRegistry } from '../../callers.js'
import { readCallerCounts } from '../../campaigns/callers.js'
import { sumsOf, type Sums } from '../../campaigns/counts.js'
import type { Explain } from '../../failure/failure.js'
import type { Store } from '../../redis/store.js'
import { formatTimeOrNull } from '../../values/time.js'
import type { Api, ServedSenders } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { callerState, idleCaller } from '../samples.js'
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

const listCallers = {
  operationId: 'listCallers',
  tags: ['Keys'],
  summary: 'Lists the callers with their rules, and what each has waiting, sent and failed',
  description: 'Keys are never shown. Messages are counted where more than one caller may post, or for a caller with a limit of its backlog; the ' +
    'counts of any other are null. A caller that left the file is listed as long as failures are kept, from the end of its last message.',
  response: { 200: json('All callers', ref(CallersSchema), { examples: { one: { callers: [callerState, idleCaller] } } }) }
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

const withoutMessages = { senders: [], ...sumsOf([]), failures: [], readySince: null, firstAt: 0, lastAt: 0 }
/** Where one caller posts, the scripts do not count its messages, or only those of a time with others. */
const notCountedCaller = {
  ...withoutMessages, ...Object.fromEntries(Object.keys(sumsOf([])).map(name => [name, null])) as Record<keyof Sums, null>
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
        const isCounted = caller === undefined || admission.shareOf?.(name) !== ''
        const { failures, readySince, firstAt, lastAt, ...own } = isCounted ? counts.get(name) ?? withoutMessages : notCountedCaller
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
