import { useEffect, useState } from 'preact/hooks';

/** What is on show, as it stands behind the `#` of the address. */
export type Route =
  | { pane: 'streams' | 'new' | 'air' | 'webhooks' | 'audit' }
  | { pane: 'stream'; id: string };

const panes = ['new', 'air', 'webhooks', 'audit'] as const;

export function routeOf(hash: string): Route {
  const path = hash.replace(/^#\/?/, '');
  const pane = panes.find((name) => name === path);
  if (pane) return { pane };
  const id = /^streams\/(st_[a-z2-7]+)$/.exec(path)?.[1];
  return id ? { pane: 'stream', id } : { pane: 'streams' };
}

/** Follows the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const follow = () => {
      setRoute(routeOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}
