// Initials on a colour of one's own; nothing is fetched from anywhere.

export function Avatar({ name, seed }: { name: string; seed: string }) {
  const initials = name.split(/[\s.@]+/).slice(0, 2).map((part) => part[0] ?? '').join('').toUpperCase()
  let hue = 0
  for (const sign of seed) hue = (hue * 31 + sign.charCodeAt(0)) % 360
  return (
    <span className="avatar" style={{ background: `oklch(0.62 0.11 ${hue})` }} aria-hidden="true">
      {initials}
    </span>
  )
}
