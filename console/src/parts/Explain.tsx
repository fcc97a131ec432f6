// Why somebody is in a segment or not, condition by condition.
import { useAsked, type Explanation, type Node } from '../api'
import { ago } from './Moment'
import { Problem } from './Problem'

export function Explain({ segment, profile }: { segment: string; profile: string }) {
  const path = `segments/${encodeURIComponent(segment)}/explain?profile=${encodeURIComponent(profile)}`
  const { data, failure } = useAsked<Explanation>(path, 5_000)
  if (failure) return <Problem failure={failure} />
  if (!data) return <p className="dim">…</p>
  return (
    <div className="explain">
      <Leaf node={data.rule} />
      {data.flips_at && (
        <p className="dim">
          {data.member ? 'Leaves' : 'Enters'} by itself {ago(data.flips_at)} if nothing happens.
        </p>
      )}
    </div>
  )
}

function Leaf({ node }: { node: Node }) {
  const parts = node.parts ?? (node.part ? [node.part] : [])
  if (parts.length > 0) {
    return (
      <ul>
        {parts.map((part) => (
          <li key={part.text}>
            <Leaf node={part} />
          </li>
        ))}
      </ul>
    )
  }
  return (
    <span className={node.holds ? 'leaf yes' : 'leaf no'}>
      <span className="tick" aria-label={node.holds ? 'holds' : 'does not hold'}>
        {node.holds ? '✓' : '✗'}
      </span>
      <code>{node.text}</code>
      {node.counted !== undefined && <span className="dim"> {node.counted} counted</span>}
    </span>
  )
}
