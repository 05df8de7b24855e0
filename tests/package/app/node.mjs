// In Node on Dawn, as the README says.
import { create, globals } from 'webgpu';
import { train } from './compiled/train.js';

Object.assign(globalThis, globals);
const gpu = create([]);
console.log(JSON.stringify(await train({ gpu })));
// Dawn would keep the process alive for as long as it holds devices.
process.exit();
