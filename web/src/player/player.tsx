import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Stream } from '../api.ts';
import { MutedIcon, PlayIcon } from '../ui/icons.tsx';
import { Wheel } from '../ui/wheel.tsx';
import { Controls } from './controls.tsx';
import { useFullScreen } from './full-screen.ts';
import { useIdle } from './idle.ts';
import { LivePlayer, type Snapshot } from './live-player.ts';
import { notice } from './notice.ts';

export interface PlayerProps {
  /** The playlist's address. */
  url: string;
  name: string;
  /** What the API says of the stream, when it says something. */
  state: Stream['state'] | undefined;
  /** The server's clock, in ms; undefined while unknown. */
  serverNow: () => number | undefined;
  /** Told when the delay since arrival at the server was measured anew, in ms. */
  onDelay?: (delay: number | undefined) => void;
}

/** The player with everything on it: picture, notices, controls, keys. It fills the box that it is put into. */
export function Player({ url, name, state, serverNow, onDelay }: PlayerProps) {
  const box = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<LivePlayer>(undefined);
  const [snapshot, setSnapshot] = useState<Snapshot>();
  const fullScreen = useFullScreen(box, video);
  const idle = useIdle(box);

  useEffect(() => {
    player.current = new LivePlayer(video.current!, url, setSnapshot);
    return () => player.current?.destroy();
  }, [url]);

  // A new state means that asking again is worth it now: the broadcast began, or the sender came back.
  useEffect(() => player.current?.hurry(), [state]);

  useKeys(
    useCallback(
      (key) => {
        const live = player.current;
        if (!live) return false;
        if (key === ' ' || key === 'k') live.togglePlay();
        else if (key === 'm') live.setMuted(!video.current!.muted);
        else if (key === 'f') fullScreen.toggle();
        else return false;
        return true;
      },
      [fullScreen.toggle],
    ),
  );

  const now = serverNow();
  const delay = snapshot?.arrival && now ? Math.max(0, now - snapshot.arrival) : undefined;
  useEffect(() => onDelay?.(delay), [delay]);

  const told = snapshot && !snapshot.paused && !snapshot.needsClick ? notice({ ...snapshot, state }) : undefined;
  const stands = !snapshot || snapshot.paused || snapshot.needsClick || !!told?.covers;
  const soundOnly = !!snapshot && snapshot.phase === 'playing' && !snapshot.hasPicture;

  return (
    <div
      ref={box}
      class={`player${idle && !stands ? ' idle' : ''}${snapshot?.hasPlayed ? ' played' : ''}`}
      role="region"
      aria-label={`Player, ${name}`}
    >
      <video
        ref={video}
        playsInline
        aria-label={name}
        onClick={(event) => {
          if (snapshot?.soundBlocked) player.current?.setMuted(false);
          // A finger asks for the controls first; a mouse has them already.
          else if (!isTouch(event)) player.current?.togglePlay();
        }}
        onDblClick={fullScreen.toggle}
      />
      {soundOnly && <SoundOnly name={name} moving={!stands && !told} />}
      {told && (
        <div class={`notice ${told.covers ? 'covers' : 'aside'} ${told.kind}`}>
          <Wheel turning />
          <div>
            <strong>{told.title}</strong>
            {told.detail && <span>{told.detail}</span>}
          </div>
        </div>
      )}
      {stands && !told && snapshot && (
        <button type="button" class="big-play" aria-label="Play" onClick={() => player.current?.play()}>
          <PlayIcon />
        </button>
      )}
      {snapshot?.soundBlocked && !stands && (
        <button type="button" class="sound-on" onClick={() => player.current?.setMuted(false)}>
          <MutedIcon />
          Sound on
        </button>
      )}
      <p class="offscreen" role="status">
        {told?.title ?? ''}
      </p>
      {snapshot && (
        <Controls
          snapshot={snapshot}
          delay={delay}
          playing={!stands}
          fullScreen={fullScreen}
          onTogglePlay={() => player.current?.togglePlay()}
          onMuted={(muted) => player.current?.setMuted(muted)}
          onVolume={(volume) => player.current?.setVolume(volume)}
          onLive={() => player.current?.seekLive()}
          onQuality={(choice) => player.current?.chooseQuality(choice)}
          onSound={(choice) => player.current?.chooseSound(choice)}
        />
      )}
    </div>
  );
}

/** What there is to look at when a stream has no picture. */
function SoundOnly({ name, moving }: { name: string; moving: boolean }) {
  return (
    <div class="sound-only">
      <div class={moving ? 'rings moving' : 'rings'}>
        <i />
        <i />
        <i />
        <Wheel turning={moving} />
      </div>
      <strong>{name}</strong>
      <span>Sound only</span>
    </div>
  );
}

/** Keys work wherever the focus is, except where they mean something already. */
function useKeys(handle: (key: string) => boolean): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target as Element;
      if (target.closest('input, textarea, select, [contenteditable]') && event.key !== 'm' && event.key !== 'f') return;
      if (event.key === ' ' && target.closest('button, a, summary')) return;
      if (handle(event.key.toLowerCase())) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [handle]);
}

/** Browsers that do not tell the pointer of a click are taken to have a mouse. */
function isTouch(event: Event): boolean {
  return 'pointerType' in event && event.pointerType === 'touch';
}
