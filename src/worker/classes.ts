import {
  DataError,
  DataFormatError,
  DataReadError,
  DataSizeError,
  EmptyDataError,
  GzipError,
  LabelError,
  NoReadablePicturesError,
  TrailingDataError,
  TruncatedDataError,
} from '../data/errors.ts';
import { FeatureError } from '../evaluation/errors.ts';
import { CheckpointError } from '../gan/checkpoint-metadata.ts';
import { ModelError } from '../gan/dcgan.ts';
import { RunMemoryError } from '../gan/memory.ts';
import { Pictures } from '../gan/pictures.ts';
import { RunLimitError } from '../gan/requirements.ts';
import {
  CanvasError,
  DeviceLostError,
  GpuInternalError,
  GpuValidationError,
  LimitError,
  NoAdapterError,
  NoWebGPUError,
  OutOfMemoryError,
  RecoveryError,
  ShaderError,
} from '../gpu/errors.ts';
import { GanvasError, GraphError, ShapeError } from '../graph/errors.ts';
import { SafetensorsError } from '../io/safetensors-format.ts';
import { ProgramError } from '../training/definition.ts';
import { NonFiniteError } from '../training/metrics.ts';
import { StateError } from '../training/state.ts';
import { WorkerError } from './errors.ts';

/**
 * Classes whose instances cross as copies of the same class: values, and errors that the API exports.
 * By names of their own: minifiers change those of classes. An instance of a class that is not here
 * becomes one of the nearest base class that is.
 */
export const copiedClasses = {
  CanvasError,
  CheckpointError,
  DataError,
  DataFormatError,
  DataReadError,
  DataSizeError,
  DeviceLostError,
  EmptyDataError,
  FeatureError,
  GanvasError,
  GpuInternalError,
  GpuValidationError,
  GraphError,
  GzipError,
  LabelError,
  LimitError,
  ModelError,
  NoAdapterError,
  NonFiniteError,
  NoReadablePicturesError,
  NoWebGPUError,
  OutOfMemoryError,
  Pictures,
  ProgramError,
  RecoveryError,
  RunLimitError,
  RunMemoryError,
  SafetensorsError,
  ShaderError,
  ShapeError,
  StateError,
  TrailingDataError,
  TruncatedDataError,
  WorkerError,
};
