// What changes from dispatch to dispatch; the words' order is TaskParameters' in src/gpu/task-parameters.ts.
struct Task {
  tokens: u32, // T of this dispatch
  first: u32, // first row read of the input
  result: u32, // first row written of the results
  keep: u32, // candidates kept a chunk: a power of two
  chunk: u32, // candidates that one workgroup sorts: a power of two
  count: u32, // candidates a row to select from
  source_stride: u32, // candidates from row to row of what is selected from
  target_stride: u32, // candidates from row to row of what is written
  wanted: u32, // ids whose logits are wanted
  masked: u32, // 1 when the vocabulary mask counts
}
@group(0) @binding(0) var<uniform> task: Task;
