// All segments with their sizes, live.
import { useState } from 'react'

import { useAsked, type List, type Segment } from '../api'
import { Problem } from '../parts/Problem'
import { RuleEditor } from '../parts/RuleEditor'
import { go, to } from '../place'

export function Segments() {
  const { data, failure, again } = useAsked<List<Segment>>('segments?limit=1000', 2_000)
  const [isMaking, setMaking] = useState(false)
  const most = Math.max(1, ...(data?.results.map((segment) => segment.size) ?? []))
  return (
    <div className="wide">
      <div className="title">
        <h1>Segments</h1>
        <button className="main" onClick={() => setMaking(!isMaking)}>
          New segment
        </button>
      </div>
      {isMaking && (
        <RuleEditor
          saved={(key) => {
            again()
            go('segment', key)
          }}
        />
      )}
      <Problem failure={failure} />
      {data?.results.length === 0 && <p className="empty">None yet. A rule reads like this: did "Order Completed" at least 3 times within 30 days</p>}
      {data?.results.map((segment) => (
        <a key={segment.key} className="row segment" data-row href={to('segment', segment.key)}>
          <span className="size">{segment.size.toLocaleString()}</span>
          <span className="share" aria-hidden="true">
            <span style={{ width: `${(100 * segment.size) / most}%` }} />
          </span>
          <span className="who">{segment.name}</span>
          <code className="dim cut">{segment.rule}</code>
          {segment.state === 'building' && <span className="chip">building</span>}
        </a>
      ))}
    </div>
  )
}
