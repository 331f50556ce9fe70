// Of types with a scale for each 16 elements: the near elements of a block have one, the far ones another.
struct Scale {
  near: vec4<f32>,
  far: vec4<f32>,
  near_minimum: vec4<f32>,
  far_minimum: vec4<f32>,
}
struct Sums {
  near: vec4<f32>,
  far: vec4<f32>,
}
alias Total = vec2<f32>;

fn sums_of(near: vec4<f32>, far: vec4<f32>) -> Sums {
  return Sums(near, far);
}

fn add_near(sums: Sums, value: vec4<f32>) -> Sums {
  return Sums(sums.near + value, sums.far);
}

fn add_far(sums: Sums, value: vec4<f32>) -> Sums {
  return Sums(sums.near, sums.far + value);
}

fn total_of(near: vec4<f32>, far: vec4<f32>) -> Total {
  return vec2<f32>(dot(near, vec4<f32>(1.0)), dot(far, vec4<f32>(1.0)));
}

fn scaled(scale: Scale, sums: Sums, total: Total) -> vec4<f32> {
  return scale.near * sums.near + scale.far * sums.far + scale.near_minimum * total.x + scale.far_minimum * total.y;
}

fn near_value(scale: Scale, element: vec4<f32>) -> vec4<f32> {
  return element * scale.near + scale.near_minimum;
}

fn far_value(scale: Scale, element: vec4<f32>) -> vec4<f32> {
  return element * scale.far + scale.far_minimum;
}
