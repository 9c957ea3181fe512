/** How loud this viewer likes it. Storage may be forbidden (in a frame, in a private window): then it is forgotten. */
export interface Preferences {
  volume: number;
  muted: boolean;
}

const key = 'millrace.sound';

export function loadPreferences(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Preferences>;
    const volume = typeof stored.volume === 'number' && stored.volume > 0 && stored.volume <= 1 ? stored.volume : 1;
    return { volume, muted: stored.muted === true };
  } catch {
    return { volume: 1, muted: false };
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(key, JSON.stringify(preferences));
  } catch {
    // See above.
  }
}
