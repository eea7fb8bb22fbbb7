/** Test numbers: what happens to a message can be read from the digits of its recipient. Table in docs/sandbox.md. */

import type { Fault } from './faults.js'

export interface MagicFault {
  fault: Fault
  /** How often one message meets the fault before it is accepted; Infinity: always. */
  times: number
}

/**
 * The fault in a phone number's digits, null if there is none. None of 555, 556 and 557 is an area code, so no person has
 * such a number.
 */
export function magicFault (digits: string): MagicFault | null {
  return anyCode(digits) ?? anyFault(digits)
}

/** 1 556 N CCCCCC, refused, or 1 557 N CCCCCC, accepted and failed by webhook; then up to four free digits. */
function anyCode (digits: string): MagicFault | null {
  const [, area, times, code] = /^155([67])(\d)(\d{6})\d{0,4}$/.exec(digits) ?? []
  return code === undefined ? null : { fault: { kind: area === '6' ? 'code' : 'fail-later', code: Number(code) }, times: timesOf(times) }
}

/** 1 555 KKK, three free digits, N. */
function anyFault (digits: string): MagicFault | null {
  const [, family, detail, times] = /^1555(\d)(\d\d)\d{3}(\d)$/.exec(digits) ?? []
  const fault = faultOf(family, Number(detail))
  return fault === null ? null : { fault, times: timesOf(times) }
}

function faultOf (family: string | undefined, detail: number): Fault | null {
  switch (family) {
    case '5': return { kind: 'status', httpStatus: 500 + detail }
    case '6': return { kind: 'html', httpStatus: 500 + detail }
    case '7': return { kind: 'slow', delayMs: detail * 1_000 }
    case '8': return connectionFault(detail)
    default: return null
  }
}

function connectionFault (detail: number): Fault | null {
  switch (detail) {
    case 10: return { kind: 'reset-before' }
    case 20: return { kind: 'reset-after' }
    case 30: return { kind: 'accept-reset' }
    case 40: return { kind: 'accept-hang' }
    case 50: return { kind: 'hang' }
    default: return null
  }
}

function timesOf (digit: string | undefined): number {
  return Number(digit) || Infinity
}
