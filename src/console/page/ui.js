/** Preact with htm as its template syntax, and a store that components subscribe to. */
import { h, render } from './preact.js'
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from './hooks.js'
import htm from './htm.js'

export { render, useEffect, useLayoutEffect, useMemo, useRef, useState }
export const html = htm.bind(h)

/** A value that changes: `get`, `set`, and `subscribe`, which returns a function that ends the subscription. */
export function createStore (value) {
  const listeners = new Set()
  return {
    get: () => value,
    set (next) {
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe (listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}

/** The value of a store; the component is drawn again when it changes. */
export function useStore (store) {
  const [, draw] = useReducer(count => count + 1, 0)
  useLayoutEffect(() => store.subscribe(draw), [store])
  return store.get()
}

/** Class names without those that are false. */
export const cx = (...names) => names.filter(Boolean).join(' ')
