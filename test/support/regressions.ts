/**
 * Seeds that have found a fault. Each test plays its own ones again, besides the seed of the run. A change of what a test draws makes a seed
 * play something else: keep the fault in a test of its own as well.
 */
export interface Regression { seed: number, found: string }

export const regressions = {
  /** test/property, by the number of lanes. */
  property: [] as Array<Regression & { lanes: boolean }>,
  /** test/prove. */
  soak: [] as Regression[],
  /** test/crash: `seed` chooses the cells. */
  crash: [] as Regression[],
  /** test/fuzz. */
  fuzz: [
    { seed: 13, steps: 185, found: 'receipt.lua failed after its first writes where a failure had no content' }
  ] as Array<Regression & { steps: number }>
}
