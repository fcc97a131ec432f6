// One segment: its rule, and who is in it now.
import { useState } from 'react'

import { ask, nameOf, useAsked, type List, type Member, type Segment } from '../api'
import { PersonRow } from '../parts/PersonRow'
import { Problem } from '../parts/Problem'
import { RuleEditor } from '../parts/RuleEditor'

const PAGE = 50

export function SegmentPage({ segmentKey }: { segmentKey: string }) {
  const path = `segments/${encodeURIComponent(segmentKey)}`
  const { data, failure, again } = useAsked<Segment>(path, 2_000)
  const members = useAsked<List<Member>>(`${path}/members?limit=${PAGE}`, 2_000)
  const [isEditing, setEditing] = useState(false)
  const [older, setOlder] = useState<List<Member>>()
  if (!data) return <Problem failure={failure} />
  const after = (older ?? members.data)?.paging.next?.after
  const more = async () => {
    const next = await ask<List<Member>>(`${path}/members?limit=${PAGE}&after=${encodeURIComponent(after ?? '')}`)
    setOlder({ results: [...(older?.results ?? []), ...next.results], paging: next.paging })
  }
  const all = [...(members.data?.results ?? []), ...(older?.results ?? [])]
  return (
    <div className="wide">
      <div className="title">
        <h1>{data.name}</h1>
        <span className="count">{data.size.toLocaleString()}</span>
        <span className={`chip ${data.state}`}>{data.state}</span>
        <span className="fill" />
        <button onClick={() => setEditing(!isEditing)}>{isEditing ? 'Close' : 'Edit the rule'}</button>
      </div>
      {isEditing ? (
        <RuleEditor
          segment={data}
          saved={() => {
            setEditing(false)
            again()
          }}
        />
      ) : (
        <pre className="rule">{data.rule}</pre>
      )}
      <h2>Members</h2>
      {members.data && all.length === 0 && <p className="empty">Nobody right now.</p>}
      {all.map((member) => (
        <PersonRow
          key={member.profile_id}
          id={member.profile_id}
          name={nameOf({}, member.identifiers, member.profile_id)}
          identifiers={member.identifiers}
          since={member.entered_at}
        />
      ))}
      {after && (
        <button className="more" onClick={() => void more()}>
          More
        </button>
      )}
    </div>
  )
}
