// result = a, a run of 16 vectors to an invocation: less to schedule where invocations are dear.

const RUN = 16u;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * RUN;
  for (var i = first; i < first + RUN; i++) {
    result[i] = a[i];
  }
}
