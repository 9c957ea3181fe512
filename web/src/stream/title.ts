import { useEffect } from 'preact/hooks';

/** Names the stream on the browser's tab, with a dot while it is on air. */
export function useTitle(name: string, live: boolean): void {
  useEffect(() => {
    document.title = `${live ? '● ' : ''}${name} · Millrace`;
  }, [name, live]);
}
