import '../style/admin.css';
import { useEffect, useMemo } from 'preact/hooks';
import { OnAir } from '../home/on-air.tsx';
import { Header } from '../ui/header.tsx';
import { AuditPane } from './audit-pane.tsx';
import { Client } from './client.ts';
import { ClientContext } from './client-context.ts';
import { NewStream } from './new-stream.tsx';
import { type Route, useRoute } from './route.ts';
import { StreamList } from './stream-list.tsx';
import { StreamPane } from './stream-pane.tsx';
import { WebhooksPane } from './webhooks-pane.tsx';

const panes: [pane: Route['pane'], name: string][] = [
  ['streams', 'Streams'],
  ['air', 'Public page'],
  ['webhooks', 'Webhooks'],
  ['audit', 'Audit log'],
];

/** The page of who runs the server. */
export function Admin({ token, onSignOut }: { token: string; onSignOut: () => void }) {
  const client = useMemo(() => new Client(token), [token]);
  const route = useRoute();
  const shown = route.pane === 'stream' || route.pane === 'new' ? 'streams' : route.pane;
  const title = panes.find(([pane]) => pane === shown)![1];
  useEffect(() => {
    document.title = `${title} · Millrace`;
  }, [title]);
  return (
    <ClientContext.Provider value={client}>
      <Header>
        <nav class="tabs" aria-label="Sections">
          {panes.map(([pane, name]) => (
            <a key={pane} href={`#${pane}`} {...(pane === shown ? { 'aria-current': 'page' as const } : {})}>
              {name}
            </a>
          ))}
        </nav>
        <button type="button" class="button sign-out" onClick={onSignOut}>
          Sign out
        </button>
      </Header>
      <main class="admin">
        <Pane route={route} />
      </main>
    </ClientContext.Provider>
  );
}

function Pane({ route }: { route: Route }) {
  switch (route.pane) {
    case 'streams':
      return <StreamList />;
    case 'new':
      return <NewStream />;
    case 'stream':
      return <StreamPane key={route.id} id={route.id} />;
    case 'air':
      return <OnAir />;
    case 'webhooks':
      return <WebhooksPane />;
    case 'audit':
      return <AuditPane />;
  }
}
