/** A variant of a playlist, as far as its name needs it. */
export interface Quality {
  width?: number;
  height?: number;
  bitrate: number;
}

/**
 * What to call variants: by the smaller side, as people do (`720p`), with what tells those apart that have the same.
 */
export function qualityLabels(qualities: Quality[]): string[] {
  const sizes = qualities.map(({ width, height }) => {
    const side = Math.min(width || 0, height || 0);
    return side ? `${side}p` : 'Sound only';
  });
  return qualities.map((quality, i) => {
    const size = sizes[i]!;
    if (sizes.indexOf(size) === sizes.lastIndexOf(size)) return size;
    return `${size} ${(quality.bitrate / 1e6).toFixed(1)} Mb/s`;
  });
}

/** A rendition of the sound. */
export interface Sound {
  name?: string;
  lang?: string | undefined;
  channels?: string | undefined;
}

/** What to call them: their names, and the language where that says more. */
export function soundLabels(sounds: Sound[], language = languageName): string[] {
  return sounds.map(({ name, lang }, i) => {
    const spoken = lang ? language(lang) : '';
    if (!name) return spoken || `Sound ${i + 1}`;
    return spoken && !name.toLowerCase().includes(spoken.toLowerCase()) ? `${name} (${spoken})` : name;
  });
}

function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag; // it is no tag
  }
}
