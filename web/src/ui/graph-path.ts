/**
 * The path of a line through the values, over the whole width: zero at the bottom, and a quarter of the greatest value
 * free at the top. Undefined as long as there is no line to draw.
 */
export function graphPath(values: number[], width: number, height: number): string | undefined {
  const top = Math.max(...values) * 1.25;
  if (values.length < 2 || !(top > 0)) return undefined;
  const round = (n: number) => Math.round(n * 10) / 10;
  const points = values.map((value, i) => {
    const x = (i * width) / (values.length - 1);
    return `${round(x)} ${round(height - (value / top) * height)}`;
  });
  return `M${points.join('L')}`;
}
