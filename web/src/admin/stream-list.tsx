import { useEffect, useState } from 'preact/hooks';
import { isOnAir } from '../api.ts';
import { bitrate } from '../format.ts';
import { Badge } from '../ui/badge.tsx';
import { Fault } from './fault.tsx';
import type { ManagedStream, StreamPage } from './objects.ts';
import { useResource } from './resource.ts';
import { streamQuery } from './stream-query.ts';

const states: [value: string, text: string][] = [
  ['', 'All'],
  ['on-air', 'On air'],
  ['idle', 'Idle'],
];

/** How often the list is asked for, in ms. */
const interval = 3000;

/** All streams, those that were set up and those that are on air. */
export function StreamList() {
  const [search, setSearch] = useState('');
  const [state, setState] = useState('');
  // The cursors that led here: the last is that of the page on show.
  const [cursors, setCursors] = useState<string[]>([]);
  useEffect(() => setCursors([]), [search, state]);
  const { body, fault } = useResource<StreamPage>(`/streams?${streamQuery(search, state, cursors.at(-1))}`, interval);

  return (
    <>
      <div class="bar">
        <h1>Streams</h1>
        <a class="button main" href="#new">
          New stream
        </a>
      </div>
      <div class="filters">
        <label>
          <span class="offscreen">Search by name or title</span>
          <input
            type="search"
            placeholder="Search by name or title"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label>
          <span class="offscreen">State</span>
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            {states.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Fault text={fault} />
      {body && (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">Stream</th>
              <th scope="col">State</th>
              <th scope="col">Who may watch</th>
              <th scope="col" class="number">
                Watching
              </th>
              <th scope="col" class="number">
                Bit rate
              </th>
            </tr>
          </thead>
          <tbody>
            {body.streams.map((stream) => (
              <Row key={stream.id ?? stream.name} stream={stream} />
            ))}
          </tbody>
        </table>
      )}
      {body && body.streams.length === 0 && (
        <p class="quiet center">{search || state ? 'No stream is like that.' : 'There is no stream yet.'}</p>
      )}
      {(cursors.length > 0 || body?.next) && (
        <nav class="row pages" aria-label="Pages of the list">
          <button type="button" class="button" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
            Back
          </button>
          <button type="button" class="button" disabled={!body?.next} onClick={() => setCursors([...cursors, body!.next!])}>
            More
          </button>
        </nav>
      )}
    </>
  );
}

function Row({ stream }: { stream: ManagedStream }) {
  const path = stream.name.split('/').map(encodeURIComponent).join('/');
  return (
    <tr>
      <th scope="row">
        {/* What nobody set up has no more than its page. */}
        <a href={stream.id ? `#streams/${stream.id}` : `/${path}`}>{stream.name}</a>
        {stream.title && <small>{stream.title}</small>}
      </th>
      <td>
        <Badge state={stream.state} />
        {stream.disabled && <small>disabled</small>}
      </td>
      <td data-name="Who may watch">{stream.visibility ?? 'public'}</td>
      <td class="number" data-name="Watching">
        {isOnAir(stream) ? (stream.viewers_total ?? 0) : '–'}
      </td>
      <td class="number" data-name="Bit rate">
        {bitrate(stream.bitrate) || '–'}
      </td>
    </tr>
  );
}
