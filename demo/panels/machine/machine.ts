import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { followLayers, followMachine, followMaps, followPicked } from '../../machine.ts';
import { MachineFilters } from './filters.ts';
import { MachineMemory } from './memory.ts';
import { MachineNetworks } from './networks.ts';
import { MachineStep } from './step.ts';

/** What runs: the networks layer by layer, a step kernel by kernel, the memory byte by byte. */
export function Machine() {
  useEffect(() => {
    const ends = [followLayers(), followPicked(), followMaps(), followMachine()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  return h(
    'div',
    { class: 'machine' },
    h(MachineNetworks, {}),
    h(MachineFilters, {}),
    h(MachineStep, {}),
    h(MachineMemory, {}),
  );
}
