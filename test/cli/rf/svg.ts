/** Reads of an SVG what the tests of the pictures count: elements by class, areas of paths, balance of tags. */

/** Number of elements with exactly this class attribute. */
export function count(svg: string, className: string): number {
  return svg.split(`class="${className}"`).length - 1;
}

/** Elements covered by the cells of the paths with these classes: `M x y h w v h h −w z` each. */
export function area(svg: string, className: RegExp): number {
  return cells(svg, className).reduce((sum, { width, height }) => sum + width * height, 0);
}

export interface Cells {
  readonly className: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function cells(svg: string, className: RegExp): Cells[] {
  return [...svg.matchAll(/<path class="(\w+)"[^>]* d="([^"]*)"/g)]
    .filter(([, name]) => className.test(name!))
    .flatMap(([, name, path]) =>
      [...path!.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-\d+z/g)].map(([, x, y, width, height]) => ({
        className: name!,
        x: Number(x),
        y: Number(y),
        width: Number(width),
        height: Number(height),
      })),
    );
}

/** The attributes of the first element of this class, as numbers. */
export function rectangle(svg: string, className: string): { x: number; y: number; width: number; height: number } {
  const [element] = new RegExp(`<rect class="${className}"[^>]*>`).exec(svg)!;
  const value = (name: string): number => Number(new RegExp(` ${name}="([^"]*)"`).exec(element)![1]);
  return { x: value('x'), y: value('y'), width: value('width'), height: value('height') };
}

/** The panels of a picture of the plane, each from its caption to the next. */
export function panels(svg: string): string[] {
  return svg.split('<text class="caption"').slice(1);
}

/** Tags that are closed in another order than they were opened, or never; empty for well-formed XML. */
export function unbalancedTags(svg: string): string[] {
  const open: string[] = [];
  for (const [tag, closing, name, rest] of svg.matchAll(/<(\/?)([a-z]+)([^<>]*)>/g)) {
    if (rest!.endsWith('/')) continue;
    if (closing === '') open.push(name!);
    else if (open.pop() !== name) return [tag];
  }
  return open;
}
