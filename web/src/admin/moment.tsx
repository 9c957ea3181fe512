/** A time, as people who are here write it; nothing where there is none. */
export function Moment({ at }: { at: string | undefined }) {
  if (!at) return null;
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toLocaleString()}>
      {date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
    </time>
  );
}
