// The frame: who is signed in, where one is, and the keys that lead elsewhere.
import { useEffect, useState } from 'react'

import { token, signOut } from './api'
import { listen } from './keys'
import { Flow } from './pages/Flow'
import { People } from './pages/People'
import { ProfilePage } from './pages/Profile'
import { SegmentPage } from './pages/Segment'
import { Segments } from './pages/Segments'
import { SignIn } from './pages/SignIn'
import { Sheet } from './parts/Sheet'
import { to, usePlace } from './place'

const DOORS: [place: string, name: string, keys: string, also: string][] = [
  ['people', 'People', 'G P', 'profile'],
  ['segments', 'Segments', 'G S', 'segment'],
  ['flow', 'Flow', 'G F', ''],
]

export function App() {
  const [isIn, setIn] = useState(token() !== null)
  const [hasSheet, setSheet] = useState(false)
  const place = usePlace()
  useEffect(() => listen(() => setSheet((shown) => !shown), () => setSheet(false)), [])
  if (!isIn) return <SignIn done={() => setIn(true)} />
  return (
    <>
      <header className="top">
        <a className="brand" href={to('people')}>
          <span className="mark" aria-hidden="true" />
          Rapport
        </a>
        <nav>
          {DOORS.map(([door, name, keys, also]) => (
            <a key={door} href={to(door)} aria-current={place[0] === door || place[0] === also ? 'page' : undefined} title={keys}>
              {name}
            </a>
          ))}
        </nav>
        <span className="fill" />
        <button className="quiet" onClick={() => setSheet(true)} title="?">
          Keys
        </button>
        <button className="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main>
        <Page place={place} />
      </main>
      {hasSheet && <Sheet close={() => setSheet(false)} />}
    </>
  )
}

function Page({ place: [door, name] }: { place: string[] }) {
  if (door === 'profile' && name) return <ProfilePage key={name} reference={name} />
  if (door === 'segment' && name) return <SegmentPage key={name} segmentKey={name} />
  if (door === 'segments') return <Segments />
  if (door === 'flow') return <Flow />
  return <People />
}
