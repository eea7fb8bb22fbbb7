import type { Fault } from './faults.js'

export interface TestFault {
  fault: Fault
  /** How often a message gets the fault before it is accepted; Infinity: always. */
  times: number
}

/**
 * The fault that the digits of a test number select; null for other numbers. docs/sandbox.md has the table. No person has such a
 * number: 555, 556 and 557 are not area codes.
 */
export function testFault (digits: string): TestFault | null {
  return codeFault(digits) ?? otherFault(digits)
}

/** 1 556 N CCCCCC is rejected, 1 557 N CCCCCC is accepted and failed by webhook; up to four free digits may follow. */
function codeFault (digits: string): TestFault | null {
  const [, area, times, code] = /^155([67])(\d)(\d{6})\d{0,4}$/.exec(digits) ?? []
  if (code === undefined) return null
  return { fault: { kind: area === '6' ? 'code' : 'fail-later', code: Number(code) }, times: timesOf(times) }
}

/** 1 555 KKK, three free digits, N. */
function otherFault (digits: string): TestFault | null {
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
