// A point in time: how long ago, and exactly when one looks closer.

const STEPS: [limitS: number, perS: number, word: string][] = [
  [60, 1, 's'],
  [3_600, 60, 'min'],
  [86_400, 3_600, 'h'],
  [86_400 * 60, 86_400, 'd'],
  [Infinity, 86_400 * 30, 'months'],
]

export function ago(iso: string): string {
  const seconds = (Date.now() - Date.parse(iso)) / 1_000
  const span = Math.abs(seconds)
  if (span < 5) return 'now'
  const [, per, word] = STEPS.find(([limit]) => span < limit) ?? [0, 1, 's']
  const text = `${Math.floor(span / per)} ${word}`
  return seconds < 0 ? `in ${text}` : `${text} ago`
}

export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(at)}
    </time>
  )
}

export const dayOf = (iso: string) =>
  new Date(iso).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
export const clockOf = (iso: string) => new Date(iso).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
