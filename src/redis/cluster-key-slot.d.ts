declare module 'cluster-key-slot' {
  /** The cluster slot of a key, 0 to 16383; where the key has a {tag}, the tag's. */
  export default function calculateSlot (key: string): number
}
