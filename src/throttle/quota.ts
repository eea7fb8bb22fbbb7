/**
 * The GCRA bucket for a sender rate. A sliding second can hold the burst and what the interval lets pass in a second; the interval is chosen so
 * that both together stay within the rate.
 */
export function senderQuota (perSecond: number): { intervalUs: number, burst: number } {
  const burst = Math.max(1, Math.floor(perSecond / 40))
  return { burst, intervalUs: Math.ceil(1_000_000 / (perSecond - burst + 1)) }
}
