// In Node on Dawn, as the README says.
import { create } from 'webgpu';
import { train } from './compiled/train.js';

console.log(JSON.stringify(await train({ gpu: create([]) })));
// Dawn would keep the process alive for as long as it holds devices.
process.exit();
