interface Entry { at: number, order: number, run: () => void | Promise<void>, essential: boolean }

/** Events by the virtual clock; of two events at one time, the one added first comes first. */
export class Calendar {
  /** Entries that a round has to wait for before it may end. */
  essential = 0
  readonly #heap: Entry[] = []
  #order = 0

  add (at: number, run: Entry['run'], essential: boolean): void {
    const entry = { at, order: ++this.#order, run, essential }
    if (essential) this.essential++
    this.#heap.push(entry)
    let child = this.#heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#before(child, parent)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  /** The next entry, or undefined if none is left. */
  take (): Entry | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (first.essential) this.essential--
    if (first === last) return first
    this.#heap[0] = last
    for (let parent = 0; ;) {
      const left = 2 * parent + 1
      let least = parent
      if (this.#before(left, least)) least = left
      if (this.#before(left + 1, least)) least = left + 1
      if (least === parent) return first
      this.#swap(least, parent)
      parent = least
    }
  }

  #before (a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }

  #swap (a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return
    this.#heap[a] = other
    this.#heap[b] = one
  }
}
