/** A look on the camera's picture: smoother skin, more light, a tint. One WebGL pass, only while asked for. */

import type { Look, PicturePass } from '../core/host.js';
import { tintOf } from './tints.js';

const FRAME_RATE = 15;

const VERTEX = `
attribute vec2 corner;
varying vec2 at;
void main() {
  at = vec2(corner.x * 0.5 + 0.5, 0.5 - corner.y * 0.5);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/*
 * Smoothing averages twelve neighbours on two rings, each the less the more it differs, so that edges stay;
 * it works where the colour is near skin. Light is a curve that lifts the middle and keeps black and white.
 */
const FRAGMENT = `
precision mediump float;
varying vec2 at;
uniform sampler2D picture;
uniform vec2 texel;
uniform float smoothing;
uniform float grain;
uniform float light;
uniform mat4 tint;

float skin(vec3 c) {
  float cb = -0.169 * c.r - 0.331 * c.g + 0.5 * c.b;
  float cr = 0.5 * c.r - 0.419 * c.g - 0.081 * c.b;
  return smoothstep(0.28, 0.0, distance(vec2(cb, cr), vec2(-0.07, 0.10)));
}

void main() {
  vec3 here = texture2D(picture, at).rgb;
  vec3 sum = here;
  float weights = 1.0;
  for (int ring = 1; ring <= 2; ring++) {
    for (int i = 0; i < 6; i++) {
      float angle = (float(i) + 0.5 * float(ring)) * 1.0472;
      vec3 c = texture2D(picture, at + vec2(cos(angle), sin(angle)) * texel * (2.5 * float(ring))).rgb;
      float w = exp(-distance(c, here) * 12.0);
      sum += c * w;
      weights += w;
    }
  }
  vec3 smoothed = mix(sum / weights, here, grain);
  vec3 c = mix(here, smoothed, smoothing * skin(here));
  c = log(c * light * 2.0 + 1.0) / log(light * 2.0 + 1.0);
  gl_FragColor = vec4((tint * vec4(c, 1.0)).rgb, 1.0);
}`;

function shader(gl: WebGLRenderingContext, type: number, source: string): WebGLShader {
  const result = gl.createShader(type)!;
  gl.shaderSource(result, source);
  gl.compileShader(result);
  if (!gl.getShaderParameter(result, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(result) ?? 'shader');
  return result;
}

function programOf(gl: WebGLRenderingContext): WebGLProgram {
  const program = gl.createProgram()!;
  gl.attachShader(program, shader(gl, gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(program, shader(gl, gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? 'link');
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, 'corner');
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  for (const [name, value] of [
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR], [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
  ] as const) gl.texParameteri(gl.TEXTURE_2D, name, value);
  return program;
}

class WebGlPass implements PicturePass {
  readonly track: MediaStreamTrack;
  readonly #video = document.createElement('video');
  readonly #canvas: HTMLCanvasElement;
  readonly #gl: WebGLRenderingContext;
  readonly #program: WebGLProgram;
  #look: Look;
  #disposed = false;

  constructor(camera: MediaStreamTrack, look: Look, canvas: HTMLCanvasElement, gl: WebGLRenderingContext) {
    this.#look = look;
    this.#canvas = canvas;
    this.#gl = gl;
    this.#program = programOf(gl);
    const { width = 640, height = 480 } = camera.getSettings();
    Object.assign(canvas, { width, height });
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.srcObject = new MediaStream([camera]);
    void this.#video.play().catch(() => undefined);
    this.track = canvas.captureStream(FRAME_RATE).getVideoTracks()[0]!;
    this.#next();
  }

  setLook(look: Look): void {
    this.#look = look;
  }

  dispose(): void {
    this.#disposed = true;
    this.track.stop();
    this.#video.srcObject = null;
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  /** Frames of the camera drive it; a timer does where the browser does not tell them, and in hidden pages. */
  #next(): void {
    if (this.#disposed) return;
    const draw = (): void => {
      this.#draw();
      this.#next();
    };
    if (document.visibilityState === 'visible' && typeof this.#video.requestVideoFrameCallback === 'function') {
      const timer = setTimeout(() => {
        this.#video.cancelVideoFrameCallback(frame);
        draw();
      }, 1000);
      const frame = this.#video.requestVideoFrameCallback(() => {
        clearTimeout(timer);
        draw();
      });
    } else {
      setTimeout(draw, 1000 / FRAME_RATE);
    }
  }

  #draw(): void {
    const video = this.#video;
    if (this.#disposed || video.videoWidth === 0) return;
    const gl = this.#gl;
    const { videoWidth: width, videoHeight: height } = video;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, video);
    const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(this.#program, name);
    const { beauty, whiteness, style, filter } = this.#look;
    gl.uniform2f(at('texel'), 1 / width, 1 / height);
    gl.uniform1f(at('smoothing'), beauty / 9);
    gl.uniform1f(at('grain'), style === 'nature' ? 0.35 : 0);
    gl.uniform1f(at('light'), 0.001 + whiteness / 9);
    gl.uniformMatrix4fv(at('tint'), false, tintOf(filter));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}

/** Without WebGL the picture stays as it is. */
export function createPicturePass(camera: MediaStreamTrack, look: Look): PicturePass {
  const canvas = document.createElement('canvas');
  const gl = canvas.getContext('webgl', { alpha: false, antialias: false, preserveDrawingBuffer: true });
  if (!gl) {
    const track = camera.clone();
    return { track, setLook: () => {}, dispose: () => track.stop() };
  }
  return new WebGlPass(camera, look, canvas, gl);
}
