import type { Test } from 'tap'

/** Collects the unhandled rejections of this process. */
export function recordRejections (t: Pick<Test, 'teardown'>): string[] {
  const seen: string[] = []
  const note = (reason: unknown): void => { seen.push(reason instanceof Error ? reason.stack ?? reason.message : String(reason)) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  return seen
}
