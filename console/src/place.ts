// Places stand behind the # of the address: #/people, #/profile/prf_1, #/segment/regulars.
import { useSyncExternalStore } from 'react'

const heard = (listener: () => void) => {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export function usePlace(): string[] {
  const hash = useSyncExternalStore(heard, () => location.hash)
  const parts = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent)
  return parts[0] ? parts : ['people']
}

export const to = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join('/')}`
export const go = (...parts: string[]) => {
  location.hash = to(...parts)
}
