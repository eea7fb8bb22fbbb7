import type { Test } from 'tap'

/** Notes each promise of this process that was rejected and that nobody listened to. */
export function watchRejections (t: Pick<Test, 'teardown'>): string[] {
  const seen: string[] = []
  const note = (reason: unknown): void => { seen.push(reason instanceof Error ? reason.stack ?? reason.message : String(reason)) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  return seen
}
