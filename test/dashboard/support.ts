/** A caller of the dashboard: bull-board's own requests, as its pages make them. */
import { keys, type Node } from '../support/gateway.js'
import { request, type Reply } from '../support/request.js'

export interface Job extends Record<string, any> {
  id: string
  name: string
  data: Record<string, any>
  timestamp: number
  delay?: number
  attempts: number
  failedReason: string
  stacktrace: string[]
}

export interface Queue {
  name: string
  counts: Record<string, number>
  jobs: Job[]
  pagination: { pageCount: number, range: { start: number, end: number } }
  isPaused: boolean
  readOnlyMode: boolean
  statuses: string[]
}

export interface Board {
  /** Below `/admin/queues`. */
  get: (path: string, headers?: Record<string, string>) => Promise<Reply>
  put: (path: string, headers?: Record<string, string>) => Promise<Reply>
  send: (method: string, path: string) => Promise<Reply>
  /** A queue with a page of its jobs. */
  queue: (status?: string, page?: number, jobsPerPage?: number, name?: string) => Promise<Queue>
  /** The ids of such a page. */
  ids: (status: string, page?: number, jobsPerPage?: number) => Promise<string[]>
  job: (id: string) => Promise<{ status: string, job: Job } | null>
}

export const basic = (name: string, key: string): string => `Basic ${Buffer.from(`${name}:${key}`).toString('base64')}`

export function openBoard (node: Pick<Node, 'origin'>, authorization = basic('operator', keys.operator)): Board {
  const call = (method: string) => async (path: string, headers: Record<string, string> = {}) =>
    await request(`${node.origin}/admin/queues${path}`, { method, headers: { authorization, ...headers } })
  const get = call('GET')
  const put = call('PUT')
  const queue: Board['queue'] = async (status = 'latest', page = 1, jobsPerPage = 10, name = 'WHATSAPP') => {
    const reply = await get(`/api/queues?activeQueue=${name}&status=${status}&page=${page}&jobsPerPage=${jobsPerPage}`)
    const found = (reply.body.queues as Queue[] | undefined)?.find(queue => queue.name === name)
    if (found === undefined) throw new Error(`no queue ${name}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return found
  }
  return {
    get,
    put,
    send: async (method, path) => await call(method)(path),
    queue,
    ids: async (status, page, jobsPerPage) => (await queue(status, page, jobsPerPage)).jobs.map(job => job.id),
    async job (id) {
      const reply = await get(`/api/queues/WHATSAPP/${id}`)
      return reply.status === 200 ? reply.body as { status: string, job: Job } : null
    }
  }
}

/** A node without workers, so queued messages stay queued; the next message to a pair is an hour away. */
export const still = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '3600000', MESSAGE_LIFE_MS: '864000000' }
/** Queues a message even where it could be sent at once. */
export const queued = { prefer: 'respond-async' }
