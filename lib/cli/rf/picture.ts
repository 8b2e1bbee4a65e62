/**
 * A picture: how a field grows and by how many paths each element is reached, over the plane or, of a stack of one axis, as a tree.
 *
 * An SVG that stands alone (no script, no font), follows the reader's light or dark scheme, and is drawn 640 wide with text of 15, which
 * can be read at 400 pixels (9.4) as well as at 1200.
 */
import { type Drawing, pictureMargin, pictureWidth } from './drawing.js';
import { escape } from './markup.js';
import type { Report } from './report.js';
import { headline } from './summary.js';

const headHeight = 74;
const longestTitle = 54;

const light = ['#e0ecf9', '#c6dcf2', '#a6cae8', '#80b4dd', '#5a9ad1', '#397fc2', '#2065ae', '#104a90', '#08306b'];
const dark = ['#12304f', '#163f67', '#1a5182', '#20679f', '#2d7fbd', '#4b99d5', '#72b3e8', '#a2cff6', '#daedff'];

const style = `
svg { font: 15px system-ui, sans-serif; } text { fill: #1f2328; } .back { fill: #fff; }
.title { font-size: 19px; font-weight: 600; } .caption { font-weight: 600; } .quiet { fill: #57606a; }
.seen { fill: #a9cff2; } .field { fill: none; stroke: #0969da; } .grid { fill: none; stroke: #afb8c1; opacity: .55; }
.tap, .node.on { fill: #c4232f; } .view { fill: none; stroke: #c4232f; }
.node { fill: #fff; stroke: #afb8c1; } .edge { fill: none; stroke: #c4232f; } .span { fill: #c4232f; fill-opacity: .18; }
.count { fill: #1f2328; text-anchor: middle; } .high { fill: #fff; }
${light.map((colour, level) => `.h${level + 1} { fill: ${colour}; }`).join(' ')}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .back { fill: #0d1117; } .quiet { fill: #9198a1; }
.seen { fill: #1d4d80; } .field { stroke: #58a6ff; } .grid { stroke: #6e7681; }
.tap, .node.on { fill: #ff8078; } .view, .edge { stroke: #ff8078; }
.node { fill: #0d1117; stroke: #6e7681; } .span { fill: #ff8078; } .count { fill: #e6edf3; } .high { fill: #0d1117; }
${dark.map((colour, level) => `.h${level + 1} { fill: ${colour}; }`).join(' ')}
}
`;

const nothingSeen = 'The strides pick out nothing but the zeros between the inputs of a transposed layer.';
const nothing: Drawing = { height: 30, elements: [`<text x="${pictureMargin}" y="16">${nothingSeen}</text>`], description: nothingSeen };

export function renderPicture(report: Report, draw: () => Drawing): string {
  const { height, elements, description } = report.layers[report.output]!.field?.includes(0) ? nothing : draw();
  const line = `${report.of === 'stack' && report.layers.length > 1 ? `${report.layers.length} layers, ` : ''}${headline(report)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pictureWidth} ${headHeight + height}" role="img" aria-labelledby="title description">
<title id="title">Receptive field of ${escape(report.title)}</title>
<desc id="description">${escape(`The ${report.of} ${headline(report)}. ${description}`)}</desc>
<style>${style}</style>
<rect class="back" width="${pictureWidth}" height="${headHeight + height}"/>
<text class="title" x="${pictureMargin}" y="31">${escape(shortTitle(report.title))}</text>
<text class="quiet" x="${pictureMargin}" y="54">${escape(line)}</text>
<g transform="translate(0 ${headHeight})">
${elements.join('\n')}
</g>
</svg>
`;
}

/** Cut behind a whole layer or number. */
function shortTitle(title: string): string {
  if (title.length <= longestTitle) return title;
  const cut = title.slice(0, longestTitle - 2);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' →'), cut.lastIndexOf(', ')))} …`;
}
