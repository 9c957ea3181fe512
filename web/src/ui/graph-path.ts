/**
 * The path of a line through the values: the newest at the right edge, room for `length` of them, zero at the bottom and
 * a quarter of the greatest value free at the top. Undefined as long as there is no line to draw.
 */
export function graphPath(
  values: number[],
  length: number,
  width: number,
  height: number,
): { path: string; start: number } | undefined {
  const top = Math.max(...values) * 1.25;
  if (values.length < 2 || !(top > 0)) return undefined;
  const round = (n: number) => Math.round(n * 10) / 10;
  const points = values.map((value, i) => {
    const x = width - ((values.length - 1 - i) * width) / (length - 1);
    return [round(x), round(height - (value / top) * height)] as const;
  });
  return { path: `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`, start: points[0]![0] };
}
