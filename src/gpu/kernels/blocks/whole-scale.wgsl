// Of types with one scale a block: values are scale · element + minimum, for each of four rows.
struct Scale {
  scale: vec4<f32>,
  minimum: vec4<f32>,
}
// What near and far elements of a block add up to, and what they are multiplied with.
alias Sums = vec4<f32>;
alias Total = f32;

fn sums_of(near: vec4<f32>, far: vec4<f32>) -> Sums {
  return near + far;
}

fn add_near(sums: Sums, value: vec4<f32>) -> Sums {
  return sums + value;
}

fn add_far(sums: Sums, value: vec4<f32>) -> Sums {
  return sums + value;
}

fn total_of(near: vec4<f32>, far: vec4<f32>) -> Total {
  return dot(near + far, vec4<f32>(1.0));
}

fn scaled(scale: Scale, sums: Sums, total: Total) -> vec4<f32> {
  return scale.scale * sums + scale.minimum * total;
}

// Four elements of a tile, each of one row or of four, as values.
fn near_value(scale: Scale, element: vec4<f32>) -> vec4<f32> {
  return element * scale.scale + scale.minimum;
}

fn far_value(scale: Scale, element: vec4<f32>) -> vec4<f32> {
  return element * scale.scale + scale.minimum;
}
