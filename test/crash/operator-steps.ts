/** Steps of what operators do, and of the end of fair shares: rows of the crash matrix. */
import type { Lead, Step } from './steps.js'

/** One message's, among the arguments of admit. */
export const DIGEST = '^[\\w-]{22}$'

/** Housekeeping runs by the minute too, and a node may start with it; a job begins behind the pause of its work. */
const asked: Lead[] = [{ point: 'pause:after', having: '^paused$', action: 'pass' }]
/** BullMQ's script of a job's progress has three keys of the queue; this is one of them. */
const PROGRESS = 'WHATSAPP-bulk:meta$'
/** The nine messages of the campaign, and one without a campaign. */
const uncampaigned: Lead[] = [{ point: 'admit:after', having: DIGEST, nth: 10, action: 'pass' }]

export const stepsOfOperators: Step[] = [
  { name: 'operator: cancelling', point: 'cancel:before', having: '^cancelled$', work: 'cancelled' },
  { name: 'operator: cancelled, reply lost', point: 'cancel:after', having: '^cancelled$', work: 'cancelled' },
  { name: 'operator: moving', point: 'move:before', work: 'moved' },
  { name: 'operator: moved, reply lost', point: 'move:after', work: 'moved' },
  { name: 'bulk move: its job is taken', point: 'moveToActive:after', having: 'WHATSAPP-bulk', after: asked, work: 'movedByJob' },
  { name: 'bulk move: moving a message', point: 'move:before', nth: 2, work: 'movedByJob' },
  { name: 'bulk move: message moved, reply lost', point: 'move:after', nth: 2, work: 'movedByJob' },
  { name: 'operator: moving to another time', point: 'move:before', work: 'rescheduled' },
  { name: 'operator: moved to another time, reply lost', point: 'move:after', work: 'rescheduled' },
  { name: 'bulk cancel: reading a page', point: 'find-messages:before', work: 'cancelledByJob' },
  { name: 'bulk cancel: page read, reply lost', point: 'find-messages:after', work: 'cancelledByJob' },
  { name: 'bulk cancel: cancelling a message', point: 'cancel:before', having: '^cancelled$', nth: 2, work: 'cancelledByJob' },
  { name: 'bulk cancel: message cancelled, reply lost', point: 'cancel:after', having: '^cancelled$', nth: 2, work: 'cancelledByJob' },
  { name: 'bulk cancel: page done, progress not saved', point: 'updateProgress:before', having: PROGRESS, nth: 2, work: 'cancelledByJob' },
  { name: 'bulk cancel: progress saved, reply lost', point: 'updateProgress:after', having: PROGRESS, nth: 2, work: 'cancelledByJob' },
  { name: 'bulk retry: retrying a message', point: 'retry:before', nth: 2, work: 'retriedByJob' },
  { name: 'bulk retry: message retried, reply lost', point: 'retry:after', nth: 2, work: 'retriedByJob' },
  { name: 'bulk retry: page done, progress not saved', point: 'updateProgress:before', having: PROGRESS, nth: 2, work: 'retriedByJob' },
  { name: 'bulk acknowledge: acknowledging a message', point: 'acknowledge:before', nth: 2, work: 'acknowledgedByJob' },
  { name: 'bulk acknowledge: message acknowledged, reply lost', point: 'acknowledge:after', nth: 2, work: 'acknowledgedByJob' },
  { name: 'bulk acknowledge: page done, progress not saved', point: 'updateProgress:before', having: PROGRESS, nth: 2, work: 'acknowledgedByJob' },
  { name: 'fair shares: ending', point: 'prune:before', after: uncampaigned, work: 'unshared' },
  { name: 'fair shares: ended, reply lost', point: 'prune:after', after: uncampaigned, work: 'unshared' },
  { name: 'operator: pausing', point: 'pause:before', having: '^paused$', work: 'paused' },
  { name: 'operator: paused, reply lost', point: 'pause:after', having: '^paused$', work: 'paused' },
  { name: 'operator: resuming', point: 'pause:before', having: '^active$', work: 'paused' },
  { name: 'operator: resumed, reply lost', point: 'pause:after', having: '^active$', work: 'paused' },
  { name: 'operator: changing the rules', point: 'quota:before', nth: 2, work: 'ruled' },
  { name: 'operator: rules changed, reply lost', point: 'quota:after', nth: 2, work: 'ruled' },
  { name: 'operator: clearing a pair', point: 'clear:before', work: 'cleared' },
  { name: 'operator: pair cleared, reply lost', point: 'clear:after', work: 'cleared' },
  { name: 'operator: acknowledging', point: 'acknowledge:before', work: 'acknowledged' },
  { name: 'operator: acknowledged, reply lost', point: 'acknowledge:after', work: 'acknowledged' },
  { name: 'operator: erasing a message', point: 'erase-message:before', work: 'erased' },
  { name: 'operator: message erased, reply lost', point: 'erase-message:after', work: 'erased' },
  { name: 'operator: erasing entries of the index', point: 'erase-entries:before', work: 'erased' },
  { name: 'operator: entries erased, reply lost', point: 'erase-entries:after', work: 'erased' },
  { name: 'operator: erasing a pair', point: 'erase-pair:before', work: 'erased' },
  { name: 'operator: pair erased, reply lost', point: 'erase-pair:after', work: 'erased' }
]
