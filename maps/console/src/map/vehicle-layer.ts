import type {
  CustomLayerInterface,
  CustomRenderMethodInput,
  Map as MapLibreMap,
} from "maplibre-gl";
import type { Position, Tracked } from "../fleet/fleet.svelte";
import { shownAt } from "../fleet/glide";
import type { Palette } from "../look/palette";
import { mercatorX, mercatorY } from "./mercator";
import { SHAPES, STATUS_COLOURS, symbolOf, type VehicleSymbol } from "./symbols";
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./vehicle-shaders";
import { linkProgram, rgb } from "./webgl";

/** From x, y to x, y, the glide's beginning and length, direction, as floats; four bytes of look. */
const STRIDE_BYTES = 32;
const LOOK_OFFSET = 28;
const STRIDE_FLOATS = STRIDE_BYTES / 4;
const NO_DIRECTION = -1;
/** Symbol sizes by zoom, css px: small where ten thousand share a screen. */
const SIZES: readonly [zoom: number, sizePx: number][] = [
  [9, 9],
  [11, 14],
  [14, 20],
];

/**
 * Draws every vehicle in one call from one interleaved buffer. Coordinates in the buffer are
 * mercator minus an origin near the view, so that 32-bit floats keep better than a centimetre.
 */
export class VehicleLayer implements CustomLayerInterface {
  readonly id = "vehicles";
  readonly type = "custom";
  readonly renderingMode = "2d";
  #map: MapLibreMap | null = null;
  #program: WebGLProgram | null = null;
  #uniforms: Uniforms | null = null;
  #buffer: WebGLBuffer | null = null;
  #attributes: WebGLVertexArrayObject | null = null;
  #data = new ArrayBuffer(0);
  #stale = false;
  #drawn: Tracked[] = [];
  #originX = 0;
  #originY = 0;
  /** Of the page's clock: the buffer's seconds count from here, so that 32 bits hold them. */
  #baseMs = 0;
  #restsAtMs = 0;

  /** `still`: nothing glides, each symbol stands at its newest fix; `opacity` of all of them. */
  constructor(
    private palette: Palette,
    private readonly still: () => boolean,
    private readonly opacity = 1,
  ) {}

  /** When the last symbol arrives, on the page's clock. */
  get restsAtMs(): number {
    return this.still() ? 0 : this.#restsAtMs;
  }

  /** Where a vehicle's symbol stands now. */
  placeOf(position: Position): { lon: number; lat: number } {
    return this.still() ? position : shownAt(position, performance.now());
  }

  /** Vehicles on the map, whether in view or not. */
  get drawn(): number {
    return this.#drawn.length;
  }

  /** Those of them with the ring of an alert. */
  get ringed(): string[] {
    const those = this.#drawn.filter((record) => symbolOf(record).ring !== "none");
    return those.map(({ vehicle }) => vehicle.vehicle);
  }

  usePalette(palette: Palette): void {
    this.palette = palette;
    this.#map?.triggerRepaint();
  }

  /** `pulse` flips the rings of critical alerts between small and large. */
  show(records: readonly Tracked[], pulse: boolean): void {
    this.#drawn = inDrawingOrder(records);
    this.#fill(pulse);
    this.#stale = true;
    this.#map?.triggerRepaint();
  }

  /** The vehicle nearest to a place, within `reach` of it; both in mercator units. */
  pick(x: number, y: number, reach: number): Tracked | null {
    let nearest: Tracked | null = null;
    let least = reach * reach;
    for (const record of this.#drawn) {
      const { lon, lat } = this.placeOf(record.position!);
      const square = (mercatorX(lon) - x) ** 2 + (mercatorY(lat) - y) ** 2;
      if (square > least) continue;
      least = square;
      nearest = record;
    }
    return nearest;
  }

  onAdd(map: MapLibreMap, gl: WebGL2RenderingContext): void {
    this.#map = map;
    this.#program = linkProgram(gl, VERTEX_SHADER, FRAGMENT_SHADER);
    this.#uniforms = locateUniforms(gl, this.#program);
    this.#buffer = gl.createBuffer();
    this.#attributes = describeAttributes(gl, this.#program, this.#buffer);
    this.#stale = true;
  }

  onRemove(_map: MapLibreMap, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.#program);
    gl.deleteBuffer(this.#buffer);
    gl.deleteVertexArray(this.#attributes);
    this.#map = null;
  }

  render(gl: WebGL2RenderingContext, { defaultProjectionData }: CustomRenderMethodInput): void {
    if (this.#drawn.length === 0) return;
    this.#upload(gl);
    gl.useProgram(this.#program);
    this.#setUniforms(gl, defaultProjectionData.mainMatrix);
    gl.bindVertexArray(this.#attributes);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArrays(gl.POINTS, 0, this.#drawn.length);
    gl.bindVertexArray(null);
  }

  #upload(gl: WebGL2RenderingContext): void {
    if (!this.#stale) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.#data, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
    this.#stale = false;
  }

  #setUniforms(gl: WebGL2RenderingContext, matrix: ArrayLike<number>): void {
    const at = this.#uniforms!;
    const colours = STATUS_COLOURS.flatMap((token) => rgb(this.palette[token]));
    const sizePx = sizeAt(this.#map!.getZoom()) * devicePixelRatio;
    gl.uniformMatrix4fv(at.matrix, false, shifted(matrix, this.#originX, this.#originY));
    gl.uniform3fv(at.colours, colours);
    gl.uniform3fv(at.casing, rgb(this.palette.casing));
    gl.uniform3fv(at.ring, rgb(this.palette.alert));
    gl.uniform1f(at.sizePx, sizePx);
    gl.uniform1f(at.opacity, this.opacity);
    gl.uniform1f(at.nowS, (performance.now() - this.#baseMs) / 1000);
  }

  #fill(pulse: boolean): void {
    const centre = this.#map?.getCenter();
    this.#originX = centre ? mercatorX(centre.lng) : 0.5;
    this.#originY = centre ? mercatorY(centre.lat) : 0.5;
    this.#data = new ArrayBuffer(this.#drawn.length * STRIDE_BYTES);
    const floats = new Float32Array(this.#data);
    const bytes = new Uint8Array(this.#data);
    this.#baseMs = performance.now();
    this.#restsAtMs = 0;
    this.#drawn.forEach((record, i) => {
      const { lon, lat, directionDeg } = record.position!;
      const glide = this.still() ? null : record.position!.glide;
      const at = i * STRIDE_FLOATS;
      floats[at] = mercatorX(glide?.fromLon ?? lon) - this.#originX;
      floats[at + 1] = mercatorY(glide?.fromLat ?? lat) - this.#originY;
      floats[at + 2] = mercatorX(lon) - this.#originX;
      floats[at + 3] = mercatorY(lat) - this.#originY;
      floats[at + 4] = glide ? (glide.beganMs - this.#baseMs) / 1000 : 0;
      floats[at + 5] = glide ? glide.lastsMs / 1000 : 0;
      floats[at + 6] = directionDeg === null ? NO_DIRECTION : (directionDeg * Math.PI) / 180;
      if (glide) this.#restsAtMs = Math.max(this.#restsAtMs, glide.beganMs + glide.lastsMs);
      writeLook(bytes, i * STRIDE_BYTES + LOOK_OFFSET, symbolOf(record), pulse);
    });
  }
}

/** What matters most is drawn last, on top. */
function inDrawingOrder(records: readonly Tracked[]): Tracked[] {
  const layers: [Tracked[], Tracked[], Tracked[]] = [[], [], []];
  for (const record of records) {
    if (!record.position) continue;
    if (record.severity === "critical" || record.severity === "warning") layers[2].push(record);
    else layers[record.freshness === "silent" ? 0 : 1].push(record);
  }
  return layers.flat();
}

function writeLook(
  bytes: Uint8Array,
  at: number,
  { shape, colour, outlined, ring }: VehicleSymbol,
  pulse: boolean,
): void {
  bytes[at] = SHAPES[shape];
  bytes[at + 1] = STATUS_COLOURS.indexOf(colour);
  bytes[at + 2] = outlined ? 1 : 0;
  bytes[at + 3] = ring === "none" ? 0 : ring === "pulsing" && pulse ? 2 : 1;
}

type Uniforms = ReturnType<typeof locateUniforms>;

function locateUniforms(gl: WebGL2RenderingContext, program: WebGLProgram) {
  return {
    matrix: gl.getUniformLocation(program, "u_matrix"),
    colours: gl.getUniformLocation(program, "u_colours"),
    casing: gl.getUniformLocation(program, "u_casing"),
    ring: gl.getUniformLocation(program, "u_ring"),
    sizePx: gl.getUniformLocation(program, "u_size_px"),
    opacity: gl.getUniformLocation(program, "u_opacity"),
    nowS: gl.getUniformLocation(program, "u_now_s"),
  };
}

function describeAttributes(
  gl: WebGL2RenderingContext,
  program: WebGLProgram,
  buffer: WebGLBuffer | null,
): WebGLVertexArrayObject {
  const array = gl.createVertexArray();
  const at = (name: string) => {
    const location = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(location);
    return location;
  };
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.vertexAttribPointer(at("a_from"), 2, gl.FLOAT, false, STRIDE_BYTES, 0);
  gl.vertexAttribPointer(at("a_mercator"), 2, gl.FLOAT, false, STRIDE_BYTES, 8);
  gl.vertexAttribPointer(at("a_glide_s"), 2, gl.FLOAT, false, STRIDE_BYTES, 16);
  gl.vertexAttribPointer(at("a_direction_rad"), 1, gl.FLOAT, false, STRIDE_BYTES, 24);
  gl.vertexAttribIPointer(at("a_look"), 4, gl.UNSIGNED_BYTE, STRIDE_BYTES, LOOK_OFFSET);
  gl.bindVertexArray(null);
  gl.bindBuffer(gl.ARRAY_BUFFER, null);
  return array;
}

/** The matrix times a translation to the origin, multiplied while numbers still have 64 bits. */
function shifted(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = Float64Array.from(matrix);
  for (let row = 0; row < 4; row++) {
    out[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  }
  return Float32Array.from(out);
}

function sizeAt(zoom: number): number {
  const last = SIZES.at(-1)!;
  const next = SIZES.findIndex(([z]) => zoom < z);
  if (next === -1) return last[1];
  if (next === 0) return SIZES[0]![1];
  const [lowZoom, low] = SIZES[next - 1]!;
  const [highZoom, high] = SIZES[next]!;
  return low + ((high - low) * (zoom - lowZoom)) / (highZoom - lowZoom);
}
