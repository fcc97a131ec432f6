// One person: who they are on the left, what they did in the middle, what follows from it on the right.
import { useEffect, useState } from 'react'

import { nameOf, useAsked, type Json, type Link, type List, type Profile, type Segment } from '../api'
import { Avatar } from '../parts/Avatar'
import { Explain } from '../parts/Explain'
import { Merges } from '../parts/Merges'
import { Moment } from '../parts/Moment'
import { Problem } from '../parts/Problem'
import { Timeline } from '../parts/Timeline'
import { to } from '../place'
import { remember } from '../recent'

const NAMES = ['name', 'firstName', 'lastName']
const KINDS: Record<string, string> = { anonymous_id: 'visitor', device_id: 'device', user_id: 'user' }

export function ProfilePage({ reference }: { reference: string }) {
  const { data, failure, again } = useAsked<Profile>(`profiles/${encodeURIComponent(reference)}`, 3_000)
  useEffect(() => {
    if (data) remember(data)
  }, [data])
  if (!data) return <Problem failure={failure} />
  const name = nameOf(data.attributes, data.identifiers, data.id)
  return (
    <div className="person">
      <aside>
        <div className="head">
          <Avatar name={name} seed={data.id} />
          <div>
            <h1>{name}</h1>
            <p className="dim">
              {data.id} · seen <Moment at={data.last_seen} />
            </p>
          </div>
        </div>
        <Attributes attributes={data.attributes} />
        <Links reference={reference} />
      </aside>
      <Timeline reference={reference} />
      <aside>
        <Segments keys={data.segments} profile={data.id} />
        {data.companies.length > 0 && <h2>Companies</h2>}
        {data.companies.map((company) => (
          <p key={company}>{company}</p>
        ))}
        <Merges reference={reference} undone={again} />
      </aside>
    </div>
  )
}

function Attributes({ attributes }: { attributes: Record<string, Json> }) {
  const shown = Object.entries(attributes).filter(([name]) => !NAMES.includes(name))
  return (
    <dl className="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{spelled(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function spelled(value: Json): string {
  if (value === null || typeof value !== 'object') return String(value)
  return Object.values(value).map((inner) => spelled(inner ?? null)).join(', ')
}

function Links({ reference }: { reference: string }) {
  const { data } = useAsked<List<Link>>(`profiles/${encodeURIComponent(reference)}/identifiers?limit=200`, 5_000)
  return (
    <>
      <h2>Identifiers</h2>
      <ul className="links">
        {data?.results.map((link) => (
          <li key={`${link.kind}:${link.value}`}>
            <span className="kind">{KINDS[link.kind] ?? link.kind.replaceAll('_', ' ')}</span>
            <button className="value cut" title={`${link.value} (copy)`} onClick={() => void navigator.clipboard.writeText(link.value)}>
              {link.value}
            </button>
            <span className={`trust ${link.trust}`} title={`by entry ${link.cause}${link.source === null ? '' : ` of source ${link.source}`}`}>
              {link.trust} · <Moment at={link.since} />
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}

function Segments({ keys, profile }: { keys: string[]; profile: string }) {
  const [open, setOpen] = useState('')
  const { data } = useAsked<List<Segment>>('segments?limit=1000')
  const others = data?.results.filter((segment) => !keys.includes(segment.key)) ?? []
  return (
    <>
      <h2>Segments</h2>
      {keys.length === 0 && <p className="dim">In none.</p>}
      {keys.map((key) => (
        <div key={key} className="in">
          <button className="chip" aria-expanded={open === key} onClick={() => setOpen(open === key ? '' : key)}>
            {key.replaceAll('_', ' ')}
          </button>
          {open === key && (
            <>
              <Explain segment={key} profile={profile} />
              <a href={to('segment', key)}>Open the segment</a>
            </>
          )}
        </div>
      ))}
      {others.length > 0 && (
        <select aria-label="Why not in another segment?" value={keys.includes(open) ? '' : open} onChange={(event) => setOpen(event.target.value)}>
          <option value="">Why not in …</option>
          {others.map((segment) => (
            <option key={segment.key} value={segment.key}>
              {segment.name}
            </option>
          ))}
        </select>
      )}
      {open && !keys.includes(open) && <Explain segment={open} profile={profile} />}
    </>
  )
}
