import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SignIn } from '../admin/sign-in.tsx';
import { keepToken, keptToken } from '../admin/token.ts';
import { isOnAir } from '../api.ts';
import { Header } from '../ui/header.tsx';
import { Streams, useStreams } from './on-air.tsx';
import { Totals } from './totals.tsx';

type Admin = FunctionComponent<{ token: string; onSignOut: () => void }>;

/** `/`: what is on air, for everybody; and all there is to manage, for who signs in. */
export function HomePage() {
  const [token, setToken] = useState(() => keptToken());
  const [admin, setAdmin] = useState<{ page: Admin }>();
  const keep = (token: string | undefined) => {
    keepToken(token);
    setToken(token);
    if (token === undefined) location.hash = '';
  };
  // Most visitors only look: the rest is a file of its own.
  useEffect(() => {
    if (token !== undefined) void import('../admin/admin.tsx').then(({ Admin }) => setAdmin({ page: Admin }));
  }, [token]);

  if (token === undefined) return <Everybody onToken={keep} />;
  if (!admin) return <Header />;
  return <admin.page token={token} onSignOut={() => keep(undefined)} />;
}

function Everybody({ onToken }: { onToken: (token: string) => void }) {
  const polled = useStreams();
  const [asking, setAsking] = useState(false);
  const list = polled.body;
  return (
    <>
      <Header>
        {list?.streams.some(isOnAir) && <Totals list={list} />}
        <button type="button" class="button sign-in-button" aria-expanded={asking} onClick={() => setAsking(!asking)}>
          Sign in
        </button>
      </Header>
      <main>
        {asking && <SignIn onToken={onToken} onCancel={() => setAsking(false)} />}
        <Streams polled={polled} />
      </main>
    </>
  );
}
