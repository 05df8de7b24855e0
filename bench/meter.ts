// Counts what a page asks of WebGPU and WebGL, whoever asks: by wrapping their interfaces. To be
// started before the first device is opened.

export interface Counts {
  /** WebGL: draw calls. */
  dispatches: number;
  submits: number;
  bindGroups: number;
  /** WebGL: textures. */
  buffers: number;
  pipelines: number;
  /** Milliseconds from the creation of command encoders to the return of the submits that end them. */
  encodeMs: number;
}

const countNames = [
  'dispatches',
  'submits',
  'bindGroups',
  'buffers',
  'pipelines',
  'encodeMs',
] as const;

/** What was done in between. */
export function countsBetween(before: Counts, after: Counts): Counts {
  const entries = countNames.map((name): [keyof Counts, number] => [
    name,
    after[name] - before[name],
  ]);
  return Object.fromEntries(entries) as Record<keyof Counts, number>;
}

export class Meter {
  readonly #counts: Counts = {
    dispatches: 0,
    submits: 0,
    bindGroups: 0,
    buffers: 0,
    pipelines: 0,
    encodeMs: 0,
  };
  #liveBytes = 0;
  #peakBytes = 0;
  /** When the oldest encoder was made that has not been submitted. */
  #encodingSince: number | undefined;

  constructor() {
    this.#watchWebGpu();
    if ('WebGL2RenderingContext' in globalThis) this.#watchWebGl();
  }

  counts(): Counts {
    return { ...this.#counts };
  }

  /** The most bytes there were at a time since `resetPeak`. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  resetPeak(): void {
    this.#peakBytes = this.#liveBytes;
  }

  /** Does work of the benchmark's own, whose memory is not to be counted. */
  async unseen<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#peakBytes;
    try {
      return await work();
    } finally {
      this.#peakBytes = Math.max(before, this.#liveBytes);
    }
  }

  #grow(bytes: number): void {
    this.#liveBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
  }

  #watchWebGpu(): void {
    const counts = this.#counts;
    const device = GPUDevice.prototype;
    const alive = new WeakSet<GPUBuffer>();
    after(device, 'createBuffer', (buffer) => {
      counts.buffers++;
      alive.add(buffer);
      this.#grow(buffer.size);
    });
    const destroy = GPUBuffer.prototype.destroy;
    const grow = (bytes: number) => this.#grow(bytes);
    GPUBuffer.prototype.destroy = function (this: GPUBuffer) {
      if (alive.delete(this)) grow(-this.size);
      return destroy.call(this);
    };
    const count = (key: 'bindGroups' | 'pipelines' | 'dispatches') => () => {
      counts[key]++;
    };
    after(device, 'createBindGroup', count('bindGroups'));
    after(device, 'createComputePipeline', count('pipelines'));
    after(device, 'createComputePipelineAsync', count('pipelines'));
    after(device, 'createCommandEncoder', () => {
      this.#encodingSince ??= performance.now();
    });
    after(GPUQueue.prototype, 'submit', () => {
      counts.submits++;
      if (this.#encodingSince !== undefined)
        counts.encodeMs += performance.now() - this.#encodingSince;
      this.#encodingSince = undefined;
    });
    after(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', count('dispatches'));
    after(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', count('dispatches'));
  }

  #watchWebGl(): void {
    const counts = this.#counts;
    const gl = WebGL2RenderingContext.prototype;
    const bytesOf = new Map<WebGLTexture, number>();
    let bound: WebGLTexture | null = null;
    const bind = gl.bindTexture;
    gl.bindTexture = function (this: WebGL2RenderingContext, target, texture) {
      bound = texture;
      bind.call(this, target, texture);
    };
    const sized = (format: number, width: number, height: number) => {
      if (!bound) return;
      const bytes = width * height * bytesOfTexel(format);
      this.#grow(bytes - (bytesOf.get(bound) ?? 0));
      bytesOf.set(bound, bytes);
    };
    after(gl, 'texStorage2D', (_, [, , format, width, height]) => sized(format, width, height));
    after(gl, 'texImage2D', (_, args: readonly unknown[]) => {
      // Of its forms only the one with a size is used for numbers.
      if (args.length >= 9) sized(args[2] as number, args[3] as number, args[4] as number);
    });
    after(gl, 'createTexture', () => {
      counts.buffers++;
    });
    after(gl, 'deleteTexture', (_, [texture]) => {
      if (!texture) return;
      this.#grow(-(bytesOf.get(texture) ?? 0));
      bytesOf.delete(texture);
    });
    const draw = () => {
      counts.dispatches++;
    };
    after(gl, 'drawElements', draw);
    after(gl, 'drawArrays', draw);
    after(gl, 'createProgram', () => {
      counts.pipelines++;
    });
  }
}

type Methods<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K];
};

/** Calls `then` after each call of a method, with its result and arguments. */
function after<T extends object, K extends keyof Methods<T>>(
  target: T,
  name: K,
  then: T[K] extends (...args: infer A) => infer R ? (result: R, args: A) => void : never,
): void {
  const original = target[name] as (...args: unknown[]) => unknown;
  const observe = then as (result: unknown, args: unknown[]) => void;
  const replacement = function (this: T, ...args: unknown[]) {
    const result = original.apply(this, args);
    observe(result, args);
    return result;
  };
  target[name] = replacement as T[K];
}

function bytesOfTexel(format: number): number {
  const known: Readonly<Record<number, number>> = {
    [WebGL2RenderingContext.RGBA32F]: 16,
    [WebGL2RenderingContext.R32F]: 4,
    [WebGL2RenderingContext.RGBA16F]: 8,
    [WebGL2RenderingContext.R16F]: 2,
    [WebGL2RenderingContext.RGBA8]: 4,
    [WebGL2RenderingContext.RGBA]: 4,
  };
  const bytes = known[format];
  if (!bytes) throw new Error(`A texture of the format ${format}, whose size is not known`);
  return bytes;
}
