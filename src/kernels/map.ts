export * from '../graph/map.ts';
