/**
 * Loaded before a gateway (`node --import`): records the requests of the process to the provider, offsets its clock, and has
 * it killed, frozen or robbed of a reply at a named step. The product has no hooks for any of this.
 *
 *   WATCH_FILE      a line of JSON for each look at the clock before a request and for each written request
 *   CLOCK_OFFSET_MS added to the process's wall clock
 *   ACTS            JSON, see step.mjs; REACHED_FILE gets a line for each
 */
import { offsetClock } from './clock.mjs'
import { arm } from './step.mjs'
import { watch } from './watch.mjs'

const { WATCH_FILE, CLOCK_OFFSET_MS, ACTS, REACHED_FILE } = process.env
if (WATCH_FILE !== undefined) watch(WATCH_FILE)
if (CLOCK_OFFSET_MS !== undefined) offsetClock(Number(CLOCK_OFFSET_MS))
if (ACTS !== undefined && REACHED_FILE !== undefined) arm(JSON.parse(ACTS), REACHED_FILE)
