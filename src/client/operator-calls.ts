import { segment, type ApiRequest } from './transport.js'
import type { BulkJob, CallerState, CallOptions, Campaign, QueryOptions, Rates, Schemas, StartJob, Templates, UndefinedCallOptions } from './types.js'

type Call = <Body>(
  method: ApiRequest['method'], path: string, options: UndefinedCallOptions, more?: Partial<Pick<ApiRequest, 'query' | 'body'>>
) => Promise<Body>

/** Calls about campaigns, callers, bulk jobs and templates: a part of SluiceClient. */
export class OperatorCalls {
  readonly #call: Call

  constructor (call: Call) {
    this.#call = call
  }

  /** The templates of a sender that WhatsApp does not send now. */
  async listTemplates (id: string, options: CallOptions = {}): Promise<Templates> {
    return await this.#call('GET', `/senders/${segment(id)}/templates`, options)
  }

  /** Sends the waiting messages of a template, whatever is known of it. */
  async resumeTemplate (id: string, { name, language, ...options }: Schemas['ResumeTemplate'] & CallOptions): Promise<Templates> {
    return await this.#call('POST', `/senders/${segment(id)}/templates/resume`, options, { body: { name, language } })
  }

  /** The rates of templates and categories of a sender. */
  async listRates (id: string, options: CallOptions = {}): Promise<Rates> {
    return await this.#call('GET', `/senders/${segment(id)}/rates`, options)
  }

  /** Sets the rate of a template in one language, or of a category; null removes it. */
  async putRate (
    id: string, { template, language, category, perSecond, ...options }: Schemas['PutRate'] & CallOptions
  ): Promise<Rates> {
    return await this.#call('PUT', `/senders/${segment(id)}/rates`, options, { body: { template, language, category, perSecond } })
  }

  /** Campaigns with their counts, the one that changed last first: 200 by default. `name`: only those whose names begin with it. */
  async listCampaigns ({ name, limit, ...options }: QueryOptions<'listCampaigns'> = {}): Promise<Campaign[]> {
    return (await this.#call<Schemas['Campaigns']>('GET', '/campaigns', options, { query: { name, limit } })).campaigns
  }

  /** All callers with their rules, and what each has waiting, sent and failed. */
  async listCallers (options: CallOptions = {}): Promise<CallerState[]> {
    return (await this.#call<Schemas['Callers']>('GET', '/callers', options)).callers
  }

  /** The counts of a campaign, its rate, its expected end and its jobs. */
  async getCampaign (name: string, options: CallOptions = {}): Promise<Campaign> {
    return await this.#call('GET', pathOf(name), options)
  }

  /** Creates a campaign before its first message, or changes its plan; null removes a field. */
  async putCampaign (
    name: string, { sender, lane, perSecond, startAt, endAt, ...options }: Schemas['PutCampaign'] & CallOptions = {}
  ): Promise<Campaign> {
    return await this.#call('PUT', pathOf(name), options, { body: { sender, lane, perSecond, startAt, endAt } })
  }

  /** Pauses a campaign: none of its messages is sent until it is resumed. */
  async pauseCampaign (name: string, options: CallOptions = {}): Promise<Campaign> {
    return await this.#call('POST', `${pathOf(name)}/pause`, options)
  }

  /** Resumes a paused campaign. */
  async resumeCampaign (name: string, options: CallOptions = {}): Promise<Campaign> {
    return await this.#call('POST', `${pathOf(name)}/resume`, options)
  }

  /** Cancels a campaign for good: its waiting messages are cancelled in the background. */
  async cancelCampaign (name: string, options: CallOptions = {}): Promise<Campaign> {
    return await this.#call('POST', `${pathOf(name)}/cancel`, options)
  }

  /** Retries the FAILED messages of a campaign in the background. */
  async retryCampaign (name: string, options: CallOptions = {}): Promise<Campaign> {
    return await this.#call('POST', `${pathOf(name)}/retry`, options)
  }

  /**
   * Cancels, retries, moves or acknowledges all messages that match `filter`, in the background; with `dryRun` it only counts them. Returns the job,
   * also where one like it is under way.
   *
   * @example
   * let job = await client.startJob({ action: 'retry', filter: { errorCode: '131049' } })
   * while (job.finishedAt === null) job = await client.getJob(job.id)
   */
  async startJob ({ action, filter, move, dryRun, note, ...options }: StartJob & CallOptions): Promise<BulkJob> {
    return await this.#call('POST', '/jobs', options, { body: { action, filter, move, dryRun, note } })
  }

  /** The latest bulk jobs with their progress, newest first. */
  async listJobs ({ limit, ...options }: QueryOptions<'listJobs'> = {}): Promise<BulkJob[]> {
    return (await this.#call<Schemas['BulkJobs']>('GET', '/jobs', options, { query: { limit } })).jobs
  }

  /** Progress and result of a bulk job. */
  async getJob (id: string, options: CallOptions = {}): Promise<BulkJob> {
    return await this.#call('GET', `/jobs/${segment(id)}`, options)
  }

  /** Stops a bulk job; what it has done stays. */
  async stopJob (id: string, options: CallOptions = {}): Promise<BulkJob> {
    return await this.#call('POST', `/jobs/${segment(id)}/stop`, options)
  }
}

function pathOf (name: string): string {
  return `/campaigns/${segment(name)}`
}
