/** Ms since the epoch by the monotonic clock, the same in all processes of a machine. */
export function moment (): number
