// A user's worker file, of one line.
import '../../src/worker.ts';
