// The hands stay on the keys: G then a letter goes, / searches, J and K move, Esc leads one level back.
import { go } from './place'

const PLACES: Record<string, string> = { p: 'people', s: 'segments', f: 'flow' }
const CHORD_MS = 900

export const SHEET: [keys: string, what: string][] = [
  ['/', 'Search people'],
  ['G P', 'People'],
  ['G S', 'Segments'],
  ['G F', 'Flow: outcomes and rejected events'],
  ['J  K', 'Next and previous row'],
  ['Enter', 'Open'],
  ['Ctrl Enter', 'Save a rule'],
  ['Esc', 'One level back'],
  ['?', 'This sheet'],
]

export function listen(toggleSheet: () => void, closeSheet: () => void): () => void {
  let goAt = 0
  const onKey = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement
    const isTyping = target.matches('input, textarea, select')
    if (event.key === 'Escape') {
      closeSheet()
      if (isTyping) target.blur()
      else if (location.hash.startsWith('#/profile') || location.hash.startsWith('#/segment/')) history.back()
      return
    }
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    const chord = Date.now() - goAt < CHORD_MS ? PLACES[event.key] : undefined
    goAt = event.key === 'g' ? Date.now() : 0
    if (chord) go(chord)
    else if (event.key === '?') toggleSheet()
    else if (event.key === '/') search(event)
    else if (event.key === 'j') move(1)
    else if (event.key === 'k') move(-1)
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}

function search(event: KeyboardEvent) {
  event.preventDefault()
  if (!document.querySelector('#search')) go('people')
  setTimeout(() => document.querySelector<HTMLInputElement>('#search')?.focus(), 0)
}

function move(by: number) {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus()
}
