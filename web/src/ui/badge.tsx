import type { Stream } from '../api.ts';

const words: Record<Stream['state'], string> = { live: 'Live', reconnecting: 'Reconnecting', waiting: 'Waiting', idle: 'Idle' };

/** A stream's state in a word. */
export function Badge({ state }: { state: Stream['state'] }) {
  return <span class={`badge ${state}`}>{words[state] ?? state}</span>;
}
