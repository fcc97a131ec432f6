// The people one looked at last, for this tab.
import { nameOf, type Identifiers, type Profile } from './api'

const KEY = 'rapport-recent'
const MOST = 6

export interface Seen {
  id: string
  name: string
  identifiers: Identifiers
}

export function recent(): Seen[] {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Seen[]
}

export function remember({ id, attributes, identifiers }: Profile) {
  const others = recent().filter((seen) => seen.id !== id)
  const seen = [{ id, name: nameOf(attributes, identifiers, id), identifiers }, ...others].slice(0, MOST)
  sessionStorage.setItem(KEY, JSON.stringify(seen))
}
