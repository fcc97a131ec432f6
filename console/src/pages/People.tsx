// People: found by any identifier, and those one looked at last.
import { useState, type FormEvent } from 'react'

import { Failure, ask, nameOf, useAsked, type List, type Member, type Profile, type Segment } from '../api'
import { PersonRow } from '../parts/PersonRow'
import { Problem } from '../parts/Problem'
import { go, to } from '../place'
import { recent } from '../recent'

/** What an identifier could be, most likely first. */
function readings(text: string): string[] {
  if (/^prf_\d+$/.test(text) || /^[a-z_]+:/.test(text)) return [text]
  if (text.includes('@')) return [`email:${text}`, `user_id:${text}`]
  if (/^\+[\d\s()-]+$/.test(text)) return [`phone:${text}`]
  return ['user_id', 'anonymous_id', 'device_id', 'phone'].map((kind) => `${kind}:${text}`)
}

async function find(text: string): Promise<Profile> {
  let missed = new Failure('not_found', `Nobody is called ${text}.`, 'Try an e-mail address, a user id, a phone number, an anonymous id or prf_1.')
  for (const reference of readings(text)) {
    try {
      return await ask<Profile>(`profiles/${encodeURIComponent(reference)}`)
    } catch (error) {
      if (error instanceof Failure && error.code !== 'not_found' && error.code !== 'invalid_reference') missed = error
    }
  }
  throw missed
}

export function People() {
  const [text, setText] = useState('')
  const [failure, setFailure] = useState<Failure>()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!text.trim()) return
    try {
      go('profile', (await find(text.trim())).id)
    } catch (error) {
      setFailure(error as Failure)
    }
  }
  const seen = recent()
  return (
    <div className="narrow">
      <form onSubmit={(event) => void submit(event)}>
        <input
          id="search"
          className="search"
          autoFocus
          placeholder="E-mail, user id, phone, anonymous id …"
          aria-label="Search people by identifier"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
      <Problem failure={failure} />
      {seen.length > 0 && <h2>Looked at lately</h2>}
      {seen.map(({ id, name, identifiers }) => (
        <PersonRow key={id} id={id} name={name} identifiers={identifiers} />
      ))}
      <Suggestions />
    </div>
  )
}

/** Some people to begin with: who entered the segments. */
function Suggestions() {
  const { data } = useAsked<List<Segment>>('segments?limit=8')
  const segments = data?.results.filter((segment) => segment.size > 0) ?? []
  if (data && segments.length === 0) {
    return <p className="empty">No segments yet. Send events with any Segment SDK, or run rapport demo.</p>
  }
  return (
    <>
      {segments.slice(0, 4).map((segment) => (
        <section key={segment.key}>
          <h2>
            <a href={to('segment', segment.key)}>{segment.name}</a> <span className="count">{segment.size}</span>
          </h2>
          <Few segmentKey={segment.key} />
        </section>
      ))}
    </>
  )
}

function Few({ segmentKey }: { segmentKey: string }) {
  const { data } = useAsked<List<Member>>(`segments/${encodeURIComponent(segmentKey)}/members?limit=3`)
  return data?.results.map((member) => (
    <PersonRow key={member.profile_id} id={member.profile_id} name={nameOf({}, member.identifiers, member.profile_id)} identifiers={member.identifiers} />
  ))
}
