import { LimitError } from '../gpu/errors.ts';
import { GRID_GAP } from '../gpu/grid-drawing.ts';
import type { Attachment } from '../training/lasting-session.ts';
import { gridColumns, gridCount } from './classes.ts';
import { traceDraw } from './draw.ts';
import type { Pictures } from './pictures.ts';
import { requirements } from './requirements.ts';
import {
  type CanvasLayout,
  type CanvasView,
  checkCount,
  type LatentChoice,
  latentCount,
  type SampleOptions,
  Sampler,
  type SamplerHost,
} from './sampler.ts';
import type { Players } from './step.ts';

/** Samplers that are kept for the next time that so many pictures are wanted. */
const MAX_IDLE = 4;

/** A sampler for whoever wants so many pictures. */
interface Shared {
  readonly sampler: Promise<Sampler>;
  /** Who draws with it right now, canvases among them. */
  users: number;
}

/** All ways to draw pictures of a generator: of one in training, or of one from a file. */
export class Samplers {
  /** By number of pictures, the one that was used last at the end. */
  private readonly shared = new Map<number, Shared>();
  private readonly made = new Set<Sampler>();

  constructor(
    private readonly players: Players,
    private readonly host: SamplerHost,
  ) {}

  async sample({ count, ...choice }: SampleOptions): Promise<Pictures> {
    this.host.assertUsable();
    const shared = this.take(this.countOf(count, choice));
    try {
      return await (await shared.sampler).read(choice);
    } finally {
      this.release(shared);
    }
  }

  private countOf(count: number | undefined, { latents, classes }: LatentChoice): number {
    if (!latents) return count ?? classes?.length ?? this.defaultCount;
    return latentCount(latents, this.players.options.latentDim, count);
  }

  private get defaultCount(): number {
    return gridCount(this.players.options.classes);
  }

  /** One that the caller owns. */
  async make(count = this.defaultCount): Promise<Sampler> {
    this.host.assertUsable();
    checkCount(count);
    try {
      const draw = await this.host.compile(traceDraw(this.players, count));
      const sampler: Sampler = new Sampler(draw, this.players.options, count, this.host, () =>
        this.made.delete(sampler),
      );
      this.made.add(sampler);
      return sampler;
    } catch (error) {
      if (error instanceof LimitError) {
        const { limits } = this.host.device.gpu;
        requirements(this.players.options, { count: 1 }, { samples: count }).check(limits);
      }
      throw error;
    }
  }

  private take(count: number): Shared {
    let shared = this.shared.get(count);
    if (!shared) {
      const sampler = this.make(count);
      shared = { sampler, users: 0 };
      sampler.catch(() => this.shared.delete(count));
    }
    this.shared.delete(count);
    this.shared.set(count, shared);
    shared.users++;
    return shared;
  }

  /** Keeps a few that nobody uses now, so that any numbers can be asked for without end. */
  private release(shared: Shared): void {
    shared.users--;
    const idle = [...this.shared].filter(([, { users }]) => users === 0);
    for (const [count, { sampler }] of idle.slice(0, -MAX_IDLE)) {
      this.shared.delete(count);
      sampler.then(
        (made) => made.dispose(),
        () => {},
      );
    }
  }

  async attachCanvas(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    { count = this.defaultCount, columns, gap = GRID_GAP }: CanvasLayout,
  ): Promise<CanvasView> {
    const { host } = this;
    const { classes } = this.players.options;
    const inRow = columns ?? (classes > 0 ? gridColumns(count, classes) : 8);
    const layout = { columns: inRow, gap };
    host.assertUsable();
    const shared = this.take(count);
    const attaching = async () => {
      const sampler = await shared.sampler;
      await host.usableDevice();
      return { sampler, painter: sampler.painter(canvas, layout) };
    };
    const attached = await attaching().catch((error: unknown) => {
      this.release(shared);
      throw error;
    });
    const { sampler } = attached;
    let { painter } = attached;
    const attachment: Attachment = {
      reattach: () => {
        painter = sampler.painter(canvas, layout);
      },
      detach: () => {
        painter.dispose();
        this.release(shared);
      },
    };
    host.attachments.add(attachment);
    const detach = () => {
      if (host.attachments.delete(attachment)) attachment.detach();
    };
    return {
      draw: (choice) => {
        host.assertUsable();
        // While a lost device is being replaced, the canvas keeps what it shows.
        if (host.device.loss) return;
        sampler.draw(choice);
        painter.draw();
      },
      detach,
      [Symbol.dispose]: detach,
    };
  }

  /** Frees all of them, the caller's own too. */
  dispose(): void {
    for (const sampler of this.made) sampler.dispose();
    this.shared.clear();
  }
}
