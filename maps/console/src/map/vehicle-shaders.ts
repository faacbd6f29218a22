/**
 * One point sprite a vehicle; its shape is a signed distance computed in the fragment shader, in
 * units of the symbol's half size, y downwards. Needs no textures and stays sharp at any density.
 */
import { STATUS_COLOURS } from "./symbols";

export const VERTEX_SHADER = `#version 300 es
uniform mat4 u_matrix;
uniform vec3 u_colours[${STATUS_COLOURS.length}];
uniform float u_size_px;
uniform float u_now_s;

in vec2 a_from; // mercator: where it glides from,
in vec2 a_mercator; // to here, its newest fix
in vec2 a_glide_s; // when that began, how long it lasts (0: it is there)
in float a_direction_rad; // negative: not known
in uvec4 a_look; // shape, colour, outlined, ring (0 none, 1 small, 2 large)

out vec3 v_colour;
out vec2 v_heading;
flat out float v_extent;
flat out uint v_shape;
flat out uint v_outlined;
flat out uint v_ring;

void main() {
  float way = a_glide_s.y > 0.0 ? clamp((u_now_s - a_glide_s.x) / a_glide_s.y, 0.0, 1.0) : 1.0;
  gl_Position = u_matrix * vec4(mix(a_from, a_mercator, way), 0.0, 1.0);
  // Half the sprite's side in symbol units: a ring needs more room, and room costs time to fill.
  v_extent = a_look.w > 0u ? 2.7 : 1.4;
  gl_PointSize = u_size_px * v_extent;
  v_colour = u_colours[a_look.y];
  bool known = a_direction_rad >= 0.0;
  v_heading = known ? vec2(sin(a_direction_rad), cos(a_direction_rad)) : vec2(0.0);
  v_shape = a_look.x;
  v_outlined = a_look.z;
  v_ring = a_look.w;
}`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;

const float CASING = 0.2;
const float STROKE = 0.26;

uniform vec3 u_casing;
uniform vec3 u_ring;
uniform float u_size_px;
uniform float u_opacity;

in vec3 v_colour;
in vec2 v_heading;
flat in float v_extent;
flat in uint v_shape;
flat in uint v_outlined;
flat in uint v_ring;
out vec4 o_colour;

float cross2(vec2 a, vec2 b) { return a.x * b.y - a.y * b.x; }

// Distance outside the line through a and b, for shapes listed clockwise on the screen.
float side(vec2 p, vec2 a, vec2 b) { return -cross2(normalize(b - a), p - a); }

float arrow(vec2 p) {
  vec2 q = vec2(abs(p.x), p.y);
  float flank = side(q, vec2(0.0, -1.12), vec2(0.78, 0.9));
  float notch = side(q, vec2(0.78, 0.9), vec2(0.0, 0.5));
  return max(flank, notch);
}

float triangle(vec2 p) {
  vec2 q = vec2(abs(p.x), p.y);
  return max(side(q, vec2(0.0, -1.0), vec2(1.0, 0.75)), q.y - 0.75);
}

// The point as it lies when the symbol's top is turned to the heading.
vec2 turned(vec2 p) {
  return vec2(p.x * v_heading.y + p.y * v_heading.x, p.y * v_heading.y - p.x * v_heading.x);
}

// A triangle has no room for a heading, so its ring carries a pointer.
float pointer(vec2 p, float radius) {
  vec2 q = turned(p);
  q.x = abs(q.x);
  return max(side(q, vec2(0.0, -radius - 0.72), vec2(0.72, -radius)), q.y + radius);
}

float symbol(vec2 p) {
  if (v_shape == 0u) return arrow(turned(p));
  if (v_shape == 1u) return (abs(p.x) + abs(p.y) - 1.0) * 0.7071;
  if (v_shape == 2u) return max(abs(p.x), abs(p.y)) - 0.74;
  if (v_shape == 3u) return triangle(p);
  return length(p) - 0.72;
}

// Coverage of the inside of a distance, smoothed over one pixel.
float inside(float distance) { return clamp(0.5 - distance * u_size_px * 0.5, 0.0, 1.0); }

void main() {
  vec2 p = (gl_PointCoord * 2.0 - 1.0) * v_extent;
  float d = symbol(p);
  bool open = v_outlined == 1u || v_shape == 5u;
  float shape = inside(d);
  float core = open ? inside(d + STROKE) : 0.0;
  vec4 drawn = vec4(mix(v_colour, u_casing, core), 1.0) * shape;
  drawn += vec4(u_casing, 1.0) * inside(d - CASING) * (1.0 - drawn.a);
  if (v_ring > 0u) {
    float radius = v_ring == 1u ? 1.62 : 1.92;
    float ring = inside(abs(length(p) - radius) - 0.13);
    bool points = v_shape == 3u && v_heading != vec2(0.0);
    if (points) ring = max(ring, inside(pointer(p, radius)));
    drawn += vec4(u_ring, 1.0) * ring * (1.0 - drawn.a);
  }
  if (drawn.a < 0.01) discard;
  o_colour = drawn * u_opacity;
}`;
