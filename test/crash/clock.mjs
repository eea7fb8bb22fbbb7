/** From now on `Date` is wrong by so many ms; `performance.now()` and timers are unchanged. */
export function offsetClock (ms) {
  const Real = Date
  class Offset extends Real {
    constructor (...args) {
      if (args.length === 0) super(Real.now() + ms)
      else super(...args)
    }

    static now () {
      return Real.now() + ms
    }
  }
  globalThis.Date = Offset
}
