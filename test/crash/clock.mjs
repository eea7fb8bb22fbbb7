/** From now on `Date` is wrong by so many ms; `performance.now()` and timers go on as they were. */
export function offsetClock (ms) {
  const Real = Date
  class Shifted extends Real {
    constructor (...args) {
      if (args.length === 0) super(Real.now() + ms)
      else super(...args)
    }

    static now () {
      return Real.now() + ms
    }
  }
  globalThis.Date = Shifted
}
