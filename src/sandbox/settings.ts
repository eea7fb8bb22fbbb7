import { Type, type Static, type TSchema, type TUnion, type TNull } from '@sinclair/typebox'
import { createParser } from './json.js'

const durationMs = Type.Number({ minimum: 0, maximum: 2_147_483_647 })
// The throughput limit stores as many times per sender as it may send messages in a second.
const count = Type.Integer({ minimum: 1, maximum: 100_000 })

function nullable<T extends TSchema> (schema: T): TUnion<[T, TNull]> {
  return Type.Union([schema, Type.Null()])
}

const SettingsSchema = Type.Object({
  /** Added to every response. */
  latencyMs: durationMs,
  /** The only valid token; null: any but `expired`. */
  accessToken: nullable(Type.String({ minLength: 1 })),
  /** The phone number ids that exist; null: all. */
  phoneNumberIds: nullable(Type.Array(Type.String({ minLength: 1 }), { maxItems: 10_000 })),
  /** The WhatsApp Business account in webhooks. The templates are the same for any account. */
  accountId: Type.String({ pattern: '^\\d{1,30}$' }),
  /** Emission interval of a pair; null: no pair limit. */
  pairIntervalMs: nullable(durationMs),
  /** Messages that an idle pair may get at once. */
  pairBurst: count,
  /** How much too early a message of a pair may arrive: the network may have delayed the previous one. */
  pairToleranceMs: durationMs,
  /** False disables the pair limit and keeps its numbers. */
  enforcePair: Type.Boolean(),
  /** Messages of one sender in any second; null: no limit. */
  throughputPerSecond: nullable(count),
  /** What a number's node says of its limit; null: `STANDARD` up to 80 a second, else `HIGH`. */
  throughputLevel: nullable(Type.Union([Type.Literal('STANDARD'), Type.Literal('HIGH'), Type.Literal('NOT_APPLICABLE')])),
  /** Whether a number's node says that it is also used in the WhatsApp Business app. */
  isOnBizApp: Type.Boolean(),
  /** What a number's node says of the daily limit of its portfolio. */
  messagingLimit: Type.String({ minLength: 1, maxLength: 30 }),
  /** What a number's node says of its health: parts that are not `AVAILABLE`, and why. It enforces nothing. */
  health: Type.Array(Type.Object({
    entity: Type.String({ minLength: 1, maxLength: 40 }),
    canSend: Type.String({ minLength: 1, maxLength: 20 }),
    code: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_999_999 }))
  }, { additionalProperties: false }), { maxItems: 10 }),
  /** By how much that second is shorter, for the same reason. */
  throughputToleranceMs: durationMs,
  /** Rejects with 131047 what needs an open window and has none. */
  enforceWindow: Type.Boolean(),
  /** How long a person's message keeps the window open. */
  windowMs: durationMs,
  /** To how many people the portfolio, that is all senders, may write outside of their windows in a day; null: no limit. */
  dailyLimit: nullable(count),
  /** How long a person counts. */
  dailyWindowMs: durationMs,
  /** The code of a message to one more. */
  dailyCode: Type.Integer({ minimum: 0, maximum: 9_999_999 }),
  /** Where statuses are posted to; null: nowhere. */
  webhookUrl: nullable(Type.String({ pattern: '^https?://[^\\s/]' })),
  /** App secret that signs the statuses. */
  webhookSecret: Type.String({ minLength: 1 }),
  /** Time from acceptance to each status; null omits it. A failure replaces the first status. */
  webhookSentMs: nullable(durationMs),
  webhookDeliveredMs: nullable(durationMs),
  webhookReadMs: nullable(durationMs),
  /** Statuses are collected for this time and posted together. */
  webhookBatchMs: durationMs,
  /** How often each status is posted. */
  webhookCopies: count,
  /** Number of statuses of unknown messages that accompany each status. */
  webhookStrangers: Type.Integer({ minimum: 0, maximum: 100_000 }),
  /** Posts the statuses in reverse order. */
  webhookBackwards: Type.Boolean(),
  /** Whether statuses return `biz_opaque_callback_data`. */
  webhookOpaque: Type.Boolean()
})

/** What the sandbox enforces; may change while it runs. */
export type Settings = Static<typeof SettingsSchema>

/** Reads the body of `PUT /_sandbox/settings`: some of the settings. */
export const parseSettings = createParser('settings', Type.Partial(SettingsSchema, { additionalProperties: false }))

// Meta's limits: one message per 6 s to the same user, with a burst of 45 that delays later messages; 80 a second per number.
export const defaults: Readonly<Settings> = {
  latencyMs: 20,
  accessToken: null,
  phoneNumberIds: null,
  accountId: '102290129340398',
  pairIntervalMs: 6_000,
  pairBurst: 45,
  pairToleranceMs: 50,
  enforcePair: true,
  throughputPerSecond: 80,
  throughputLevel: null,
  isOnBizApp: false,
  messagingLimit: 'TIER_2K',
  health: [],
  throughputToleranceMs: 50,
  enforceWindow: false,
  windowMs: 86_400_000,
  dailyLimit: null,
  dailyWindowMs: 86_400_000,
  // Meta documents none. The sentence of this one is the nearest.
  dailyCode: 131048,
  webhookUrl: null,
  webhookSecret: 'sandbox-app-secret',
  webhookSentMs: 100,
  webhookDeliveredMs: 500,
  webhookReadMs: null,
  webhookBatchMs: 10,
  webhookCopies: 1,
  webhookStrangers: 0,
  webhookBackwards: false,
  webhookOpaque: true
}
