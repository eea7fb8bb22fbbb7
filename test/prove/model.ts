/** The sentences of docs/model.md, by their numbers, and the name under which a violation of each is counted. The page says what they mean. */
export const sentences = {
  1: 'two messages for a key',
  2: 'lost',
  3: 'left unsettled',
  4: 'lost',
  5: 'recorded as not sent',
  6: 'failed without cause',
  7: 'closed without cause',
  8: 'sent after its end',
  9: 'state behind its webhooks',
  10: 'wrong content',
  11: 'doubled',
  12: 'blind resend',
  13: 'doubled',
  14: 'blind resend',
  15: 'waiting used an attempt',
  16: 'attempt missing from history',
  17: 'too many attempts',
  18: 'too close',
  19: 'too close',
  20: 'too many in a second',
  21: 'started too late',
  22: 'out of order',
  23: 'overtaken',
  24: 'too early',
  25: 'too early',
  26: 'too late',
  27: 'too late',
  28: 'too late',
  29: 'sent while paused',
  30: 'sent to an opted-out recipient',
  31: 'kept after an erasure',
  32: 'webhook rejected',
  33: 'callback missing',
  34: 'callback out of order',
  35: 'callback changed',
  36: 'callback late',
  37: 'counts differ',
  38: 'lists differ',
  39: 'key without an end',
  40: 'node failed',
  41: 'sent while its template was paused',
  42: 'too late',
  43: 'sent while its campaign was stopped',
  44: 'counts differ',
  45: 'sent outside of the plan of its campaign',
  46: 'campaign too fast',
  47: 'sent before it was moved to',
  48: 'left out of a bulk job',
  49: 'key not as in its file',
  50: 'caller too fast',
  51: 'too many waiting of a caller',
  52: 'search incomplete',
  53: 'template or category too fast',
  54: 'lane sent while it was on hold',
  55: 'too many people in a day'
} as const

export type Sentence = keyof typeof sentences
export type Breach = typeof sentences[Sentence]

/** Each of these is a broken promise; the order of the report. */
export const breaches: Breach[] = [...new Set(Object.values(sentences))]

/** Only these can be broken by what Redis lost, and only for the messages in the lost writes. Spacing, rates and order never are. */
export const excusable = new Set<Sentence>([1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 30, 33, 34, 47, 48, 52])

/** Durations that count by Redis's clock: where that clock was set they prove nothing by the observers' clock. */
export const byRedisClock = new Set<Sentence>([7, 24, 25, 26, 27, 28, 36, 48, 50])

/** Records a violation of a sentence. The text begins with what it is about: a key, an attempt, a pair or a sender. */
export type Report = (sentence: Sentence, what: string) => void

/** Provider codes by what they mean for an attempt. Meta's own documentation is the source, as for the gateway's tables. */
export const codes = {
  /** Uses up no attempt: rate limits, and a sender or a template that may not be sent. */
  usesNoAttempt: new Set([4, 80007, 130429, 131048, 131056, 190, 131031, 131042, 132015]),
  /** Another attempt may succeed. */
  temporary: new Set([1, 2, 131000, 131016])
}

/** Differences between clocks of several processes, ms. */
export const CLOCKS_MS = 5
/** Network time between a write and its arrival, ms. Arrivals are reported, not judged. */
export const NETWORK_MS = 50
/** A second may hold this share more than the rate. */
export const RATE_TOLERANCE = 0.02
/** How long a node with a working connection to Redis needs at most to write what it knows. */
export const WRITE_WITHIN_MS = 2500
/** How long something due may wait while nothing prevents it. */
export const LATE_MS = 15_000
/** The same for retries: BullMQ takes the run of a dead worker over after half a minute. */
export const LATE_RETRY_MS = 45_000
/** The same for callbacks that the receiver itself never rejects. */
export const LATE_CALLBACK_MS = 30_000
/** CALLBACK_TIMEOUT_MS of the nodes. */
export const CALLBACK_TIMEOUT_MS = 4000
/** For how long a node leases callbacks: two attempts, and 2 s. */
export const CALLBACK_LEASE_MS = 2 * CALLBACK_TIMEOUT_MS + 2000
/** From the approval of a template until its waiting messages go on: a read may fail once. */
export const LATE_TEMPLATE_MS = 135_000
/** Housekeeping expires messages once a minute. */
export const EXPIRY_EVERY_MS = 60_000
