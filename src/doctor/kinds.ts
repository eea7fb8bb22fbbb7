/** What the doctor finds: each kind with its meaning and what to do. `npx sluice doctor` prints a line for each. */
export interface Kind { means: string, remedy: string }

const REPAIR = 'run it again with --repair'

export const kinds = {
  'wrong-layout': {
    means: 'the layout number is missing, or not the one of this version',
    remedy: 'run the doctor of the version that wrote the data (docs/upgrading.md); a missing number is written by the next start'
  },
  'record-without-place': { means: 'a message is stored, and nothing will send it', remedy: `${REPAIR}: it becomes one of unknown outcome` },
  'record-in-two-places': { means: 'a message is in two states at once', remedy: `${REPAIR}: the state that cannot send it twice stays` },
  'place-without-record': {
    means: 'a queue, a schedule or a retry names a message that is not stored', remedy: `${REPAIR}: the entry is removed`
  },
  'record-unreadable': { means: 'the record of a message cannot be read', remedy: 'keep a copy of the key, and report it' },
  'record-without-expiry': { means: 'a message that waits would never expire', remedy: `${REPAIR}: its end is written from its record` },
  'expiry-without-record': { means: 'an expiry entry without a message', remedy: `${REPAIR}: the entry is removed` },
  'queue-without-ready': {
    means: 'messages of a pair wait without a ready time: nothing sends them', remedy: `${REPAIR}: a ready time is written`
  },
  'ready-without-queue': { means: 'a ready time contradicts queue or grant of its pair', remedy: `${REPAIR}: it is corrected` },
  'grant-without-record': {
    means: 'a grant without a message blocks its pair', remedy: `${REPAIR}: the grant is removed`
  },
  'grant-without-lease': { means: 'a grant has no in-flight entry: recovery cannot find it', remedy: `${REPAIR}: it is written` },
  'lease-without-grant': { means: 'an in-flight entry without a grant counts towards the limit', remedy: `${REPAIR}: it is removed` },
  'retry-not-listed': { means: 'a failure is being retried, and the list of PENDING failures lacks it', remedy: `${REPAIR}: it is added` },
  'listed-without-retry': { means: 'the list of retries under way has a message without a retry', remedy: `${REPAIR}: it is removed` },
  'key-not-remembered': { means: 'the idempotency key of an unsettled message is lost, or expires', remedy: `${REPAIR}: it is kept` },
  'result-without-message': {
    means: 'an idempotency record without message, or a result without TTL, would stay for ever',
    remedy: `${REPAIR}: it expires with its window; the message itself is lost, so check it with the caller`
  },
  'failure-without-record': { means: 'a settled failure has no content', remedy: `${REPAIR}: the entry is removed` },
  'orphaned-failure': { means: 'content or reason of a failure that no list names', remedy: `${REPAIR}: it is removed` },
  'callback-without-due': { means: 'callbacks that no dispatcher would send', remedy: `${REPAIR}: they are due now` },
  'callback-due-twice': { means: 'callbacks with two due times: they may be sent twice at once', remedy: `${REPAIR}: one is removed` },
  'due-without-callback': { means: 'a due time without a callback blocks the sender\'s callbacks', remedy: `${REPAIR}: it is removed` },
  'parked-status': { means: 'a parked status without due time, or the reverse', remedy: `${REPAIR}: it is due now, or removed` },
  'sender-without-schedule': { means: 'a sender is missing from the recovery schedule', remedy: `${REPAIR}: it is scheduled` },
  'schedule-without-sender': { means: 'the recovery schedule names a sender that does not exist', remedy: `${REPAIR}: the entry is removed` },
  'sender-not-listed': {
    means: 'messages of a sender that no node has registered',
    remedy: 'start a node with this sender, or erase it (docs/senders.md)'
  },
  'sender-without-rules': { means: 'messages of a sender without rules: scripts reject them', remedy: 'start a node that serves the sender' },
  'unknown-key': { means: 'a key that the layout does not know, or of another type', remedy: 'find out who writes it, delete it, repair' },
  'key-without-ttl': { means: 'a key that has to expire has no TTL', remedy: `${REPAIR}: it gets one` },
  'over-cap': { means: 'a key has grown beyond its cap', remedy: 'see docs/troubleshooting.md#the-doctor-finds-something' },
  'stop-not-listed': {
    means: 'a message that waits for the end of a stop is not found by its recipient: it waits although the recipient writes',
    remedy: `${REPAIR}: the entry is written`
  },
  'hold-unreadable': {
    means: 'what holds a template, a campaign or a rate cannot be read: nothing of it is held, or all of it for ever',
    remedy: `${REPAIR}: that of a template or a rate is removed; pause or plan a campaign again`
  },
  'hold-not-checked': {
    means: 'a template, a campaign or a rate holds messages, and scripts do not look at it', remedy: `${REPAIR}: they do again`
  },
  'hold-without-start': {
    means: 'messages wait for a plan or a rate, and return too late or never', remedy: `${REPAIR}: they return as the plan or the rate allows`
  },
  'number-ahead': {
    means: 'a message has a higher number than the counter of its sender: younger ones would pass it', remedy: `${REPAIR}: the counter is raised`
  },
  'share-not-leased': {
    means: 'a sender has more of the daily limit of its portfolio than is leased to it',
    remedy: `${REPAIR}: its share ends, and the next round of the portfolio leases one`
  },
  'daily-queue-wrong': {
    means: 'a recipient in the queue for the daily limit has no message that waits for it, or one with such a message is missing there',
    remedy: `${REPAIR}: the entry is written, or removed`
  },
  'wrong-count': { means: 'a campaign or a caller counts another number of messages that have not ended', remedy: `${REPAIR}: it is corrected` },
  'excess-drain-jobs': { means: 'more than one drain job of a sender waits', remedy: `${REPAIR}: all but one are removed` }
} satisfies Record<string, Kind>

export type KindName = keyof typeof kinds

/** Under which kind a finer one of a script is reported. */
const reportedKinds: Record<string, KindName> = {
  unreadable: 'record-unreadable',
  settled_and_waiting: 'record-in-two-places',
  unplaced: 'record-without-place',
  two_places: 'record-in-two-places',
  retry_unlisted: 'retry-not-listed',
  listed_without_retry: 'listed-without-retry',
  mark_missing: 'key-not-remembered',
  mark_expires: 'key-not-remembered',
  without_expiry: 'record-without-expiry',
  entry_without_record: 'place-without-record',
  expiry_without_record: 'expiry-without-record',
  mark_without_record: 'result-without-message',
  result_without_ttl: 'result-without-message',
  failure_without_record: 'failure-without-record',
  orphaned_failure: 'orphaned-failure',
  orphaned_reason: 'orphaned-failure',
  lease_without_grant: 'lease-without-grant',
  grant_without_lease: 'grant-without-lease',
  grant_unreadable: 'grant-without-record',
  grant_without_record: 'grant-without-record',
  queue_without_ready: 'queue-without-ready',
  ready_without_queue: 'ready-without-queue',
  wrong_ready: 'ready-without-queue',
  callback_without_due: 'callback-without-due',
  callback_due_twice: 'callback-due-twice',
  due_without_callback: 'due-without-callback',
  status_without_due: 'parked-status',
  due_without_status: 'parked-status',
  stop_unlisted: 'stop-not-listed',
  hold_unreadable: 'hold-unreadable',
  hold_without_word: 'hold-not-checked',
  plan_late: 'hold-without-start',
  start_missing: 'hold-without-start',
  number_ahead: 'number-ahead',
  daily_unlisted: 'daily-queue-wrong',
  daily_without_message: 'daily-queue-wrong'
}

export function reportedAs (kind: string): KindName {
  const reported = reportedKinds[kind] ?? (kind in kinds ? kind as KindName : undefined)
  // A name that only a newer script knows.
  return reported ?? 'record-unreadable'
}
