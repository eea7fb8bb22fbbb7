import { InvalidArgumentError } from 'commander'

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `10m`, `1.5h`, `2d` or `250ms` in milliseconds. */
export function parseDuration (text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Math.round(Number(amount) * (units[unit] ?? NaN))
  if (!(ms > 0)) throw new InvalidArgumentError('Use a number with a unit: 250ms, 90s, 10m, 1.5h, 2d.')
  return ms
}

/** An integer from 1. */
export function parseCount (text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Use a whole number from 1.')
  return count
}

/** Milliseconds in a readable unit. */
export function showMs (ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}
