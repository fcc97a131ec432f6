// One person in a list.
import { nameOf, type Identifiers } from '../api'
import { to } from '../place'
import { Avatar } from './Avatar'
import { Moment } from './Moment'

interface Shown {
  id: string
  identifiers: Identifiers
  name?: string
  since?: string | null
}

export function PersonRow({ id, identifiers, name, since }: Shown) {
  const called = name ?? nameOf({}, identifiers, id)
  const ids = Object.entries(identifiers).filter(([kind]) => kind !== 'anonymous_id' && kind !== 'device_id')
  const beside = ids.flatMap(([, values]) => values).filter((value) => value !== called)
  return (
    <a className="row" data-row href={to('profile', id)}>
      <Avatar name={called} seed={id} />
      <span className="who">{called}</span>
      <span className="dim cut">{beside.slice(0, 3).join(' · ') || 'anonymous'}</span>
      {since && (
        <span className="dim end">
          <Moment at={since} />
        </span>
      )}
    </a>
  )
}
