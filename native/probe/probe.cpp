// A second addon, for tests only: vector operations, kernels, plans and the arithmetic under them one by one, each of
// them forced, on arrays at the edge of inaccessible pages.
#include <napi.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "isa/dispatch.hpp"
#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/choose.hpp"
#include "plan/split.hpp"
#include "probe/all_plans.hpp"
#include "probe/arguments.hpp"
#include "probe/lane_kernels.hpp"
#include "probe/runs.hpp"
#include "probe/short_plan.hpp"
#include "probe/transposed_plan.hpp"

namespace atrous {
namespace {

// The arrays that every convolution kernel has.
struct TileArrays {
  GuardedFloats input, weight, bias, output;

  TileArrays(const Fields& fields, Edge edge)
      : input(guarded("input", fields.object.Get("input"), edge)),
        weight(guarded("weight", fields.object.Get("weight"), edge)),
        bias(guarded("bias", fields.object.Get("bias"), edge)),
        output(guarded("output", fields.object.Get("output"), edge)) {}

  explicit operator bool() const { return input && weight && bias && output; }

  template <class Tile>
  void assign_to(Tile* tile) {
    tile->input = input.data();
    tile->weight = weight.data();
    tile->bias = bias.data();
    tile->output = output.data();
  }
};

// Runs the kernel on the tile, and brings its output back.
template <class Kernel, class Tile>
Napi::Value run_tile(const Napi::Env& env, Kernel kernel, Tile* tile, const Fields& fields, Edge edge) {
  if (!kernel) return fail(env, "no such tile: " + fields.title());
  TileArrays arrays(fields, edge);
  if (!arrays) return fail(env, "no memory");
  arrays.assign_to(tile);
  tile->relu = fields["relu"] != 0;
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernel(*tile);
  }
  copy_back(arrays.output, fields.object.Get("output"));
  return env.Undefined();
}

template <class Result, class... Arguments>
Napi::Value is_filled(Napi::Env env, Result (*function)(Arguments...)) {
  return Napi::Boolean::New(env, function != nullptr);
}

template <class Slot, size_t count>
Napi::Value is_filled(Napi::Env env, const Slot (&slots)[count]) {
  Napi::Array filled = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) filled.Set(i, is_filled(env, slots[i]));
  return filled;
}

// describe(isa): { lanes, transformWidth, slots, operations }, the latter two with every slot of KernelTable and of VecOperations by
// name: whether it is filled.
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  Napi::Object result = Napi::Object::New(env), slots = Napi::Object::New(env), operations = Napi::Object::New(env);
  slots.Set("k_lanes", is_filled(env, kernels->k_lanes));
  slots.Set("w_lanes", is_filled(env, kernels->w_lanes));
  slots.Set("depthwise_pixels", is_filled(env, kernels->depthwise_pixels));
  slots.Set("depthwise_channels", is_filled(env, kernels->depthwise_channels));
  slots.Set("split_phases", is_filled(env, kernels->split_phases));
  slots.Set("strided_copy", is_filled(env, kernels->strided_copy));
  slots.Set("short_transform", is_filled(env, kernels->short_transform));
  slots.Set("rows_to_chunks", is_filled(env, kernels->rows_to_chunks));
  slots.Set("chunks_to_rows", is_filled(env, kernels->chunks_to_rows));
  slots.Set("chunks_to_lanes", is_filled(env, kernels->chunks_to_lanes));
  slots.Set("lanes_to_chunks", is_filled(env, kernels->lanes_to_chunks));
  slots.Set("point_products", is_filled(env, kernels->point_products));
  slots.Set("transform_kernels", is_filled(env, kernels->transform_kernels));
  slots.Set("transpose", is_filled(env, kernels->transpose));
  slots.Set("map_run", is_filled(env, kernels->map_run));
  slots.Set("combine_runs", is_filled(env, kernels->combine_runs));
  slots.Set("mix_runs", is_filled(env, kernels->mix_runs));
  slots.Set("double_run", is_filled(env, kernels->double_run));
  slots.Set("vec", true);
  slots.Set("multiply_add_burst", is_filled(env, kernels->multiply_add_burst));
  operations.Set("load_tail", is_filled(env, kernels->vec.load_tail));
  operations.Set("store_tail", is_filled(env, kernels->vec.store_tail));
  operations.Set("load_inside", is_filled(env, kernels->vec.load_inside));
  operations.Set("broadcast", is_filled(env, kernels->vec.broadcast));
  operations.Set("add", is_filled(env, kernels->vec.add));
  operations.Set("multiply", is_filled(env, kernels->vec.multiply));
  operations.Set("divide", is_filled(env, kernels->vec.divide));
  operations.Set("larger", is_filled(env, kernels->vec.larger));
  operations.Set("where_negative", is_filled(env, kernels->vec.where_negative));
  operations.Set("power_of_two", is_filled(env, kernels->vec.power_of_two));
  operations.Set("interleave2", is_filled(env, kernels->vec.interleave2));
  operations.Set("multiply_add", is_filled(env, kernels->vec.multiply_add));
  operations.Set("relu", is_filled(env, kernels->vec.relu));
  operations.Set("transpose", is_filled(env, kernels->vec.transpose));
  operations.Set("deinterleave2", is_filled(env, kernels->vec.deinterleave2));
  operations.Set("deinterleave4", is_filled(env, kernels->vec.deinterleave4));
  operations.Set("interleave4", is_filled(env, kernels->vec.interleave4));
  operations.Set("shift_in", is_filled(env, kernels->vec.shift_in));
  result.Set("lanes", kernels->lanes);
  result.Set("transformWidth", kernels->transform_width);
  result.Set("slots", slots);
  result.Set("operations", operations);
  return result;
}

// vec(isa, operation, input, count, output, edge): the operands lie one after the other in `input`, which load_tail
// reads `count` floats of; store_tail writes as many. load_inside takes `count` for where its first lane lies in the
// input.
Napi::Value vec(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const VecOperations& operations = kernels->vec;
  const std::string name = info[1].ToString();
  const int count = integer(info[3]), n = kernels->lanes;
  const Edge edge = edge_of(info[5]);
  GuardedFloats input = guarded("input", info[2], edge), output = guarded("output", info[4], edge);
  if (!input || !output) return fail(env, "no memory");
  const float* const in = input.data();
  float* const out = output.data();
  {
    const std::string title = std::string(kernels->name) + " " + name + " of " + std::to_string(count);
    const FaultReport report(title.c_str());
    if (name == "load_tail") {
      operations.load_tail(in, count, out);
    } else if (name == "load_inside") {
      operations.load_inside(in, count, static_cast<int>(input.size()), out);
    } else if (name == "store_tail") {
      operations.store_tail(in, count, out);
    } else if (name == "broadcast") {
      operations.broadcast(in, out);
    } else if (name == "add") {
      operations.add(in, in + n, out);
    } else if (name == "multiply") {
      operations.multiply(in, in + n, out);
    } else if (name == "divide") {
      operations.divide(in, in + n, out);
    } else if (name == "larger") {
      operations.larger(in, in + n, out);
    } else if (name == "where_negative") {
      operations.where_negative(in, in + n, in + 2 * n, out);
    } else if (name == "power_of_two") {
      operations.power_of_two(in, out);
    } else if (name == "interleave2") {
      operations.interleave2(in, out);
    } else if (name == "multiply_add") {
      operations.multiply_add(in, in + n, in + 2 * n, out);
    } else if (name == "relu") {
      operations.relu(in, out);
    } else if (name == "transpose") {
      operations.transpose(in, out);
    } else if (name == "deinterleave2") {
      operations.deinterleave2(in, out);
    } else if (name == "deinterleave4") {
      operations.deinterleave4(in, count, out);
    } else if (name == "interleave4") {
      operations.interleave4(in, count, out);
    } else if (name == "shift_in") {
      operations.shift_in(in, count, out);
    } else {
      return fail(env, "no vector operation " + name);
    }
  }
  copy_back(output, info[4]);
  return env.Undefined();
}

// Of (isa, { title, input, output, … }, edge): calls body(kernels, fields, input, output) on guarded copies of both.
template <class Body>
Napi::Value from_input_to_output(const Napi::CallbackInfo& info, Body body) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge);
  GuardedFloats output = guarded("output", fields.object.Get("output"), edge);
  if (!input || !output) return fail(env, "no memory");
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    body(*kernels, fields, input, output);
  }
  copy_back(output, fields.object.Get("output"));
  return env.Undefined();
}

// splitPhases(isa, { title, input, rows, width, stride, output, pitch }, edge)
Napi::Value split_phases(const Napi::CallbackInfo& info) {
  return from_input_to_output(info, [](const KernelTable& kernels, const Fields& fields, auto& input, auto& output) {
    kernels.split_phases(input.data(), fields["rows"], fields["width"], fields["stride"], output.data(),
                         fields["pitch"]);
  });
}

// stridedCopy(isa, { title, input, step, output }, edge)
Napi::Value strided_copy(const Napi::CallbackInfo& info) {
  return from_input_to_output(info, [](const KernelTable& kernels, const Fields& fields, auto& input, auto& output) {
    kernels.strided_copy(input.data(), fields["step"], output.size(), output.data());
  });
}

// transpose(isa, { title, input, inputStride, output, outputStride, rows, columns }, edge)
Napi::Value transpose(const Napi::CallbackInfo& info) {
  return from_input_to_output(info, [](const KernelTable& kernels, const Fields& fields, auto& input, auto& output) {
    kernels.transpose(input.data(), fields["inputStride"], output.data(), fields["outputStride"], fields["rows"],
                      fields["columns"]);
  });
}

// subnormalsInWorkspaces(): how many floats of the idle workspaces are subnormal numbers.
Napi::Value subnormals_in_workspaces(const Napi::CallbackInfo& info) {
  // Each takes the smallest one that is left; then there are new ones of a float.
  Workspace workspaces[8] = {Workspace(1), Workspace(1), Workspace(1), Workspace(1),
                             Workspace(1), Workspace(1), Workspace(1), Workspace(1)};
  int64_t count = 0;
  for (Workspace& workspace : workspaces) {
    for (int64_t i = 0; i < workspace.size(); ++i) count += std::fpclassify(workspace.data()[i]) == FP_SUBNORMAL;
  }
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

// kLanes(isa, vectors, pixels, tile, edge)
Napi::Value k_lanes(const Napi::CallbackInfo& info) {
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return info.Env().Undefined();
  const Fields fields(info[3]);
  KLanesTile tile{};
  tile.input_pixel_stride = fields["inputPixelStride"];
  tile.output_pixel_stride = fields["outputPixelStride"];
  tile.channels = static_cast<int32_t>(fields["channels"]);
  tile.last_lanes = static_cast<int32_t>(fields["lastLanes"]);
  for (uint32_t axis = 0; axis < 3; ++axis) {
    tile.tap_count[axis] = static_cast<int32_t>(fields.element("tapCount", axis));
    tile.tap_input_stride[axis] = fields.element("tapInputStride", axis);
    tile.tap_weight_stride[axis] = fields.element("tapWeightStride", axis);
  }
  const KLanesKernel kernel = kernels->k_lanes[integer(info[1]) - 1][integer(info[2]) - 1];
  return run_tile(info.Env(), kernel, &tile, fields, edge_of(info[4]));
}

// wLanes(isa, outputs, vectors, tile, edge): `tapIndex` null where the weights stand in the order of the taps.
Napi::Value w_lanes(const Napi::CallbackInfo& info) {
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return info.Env().Undefined();
  const Fields fields(info[3]);
  const uint32_t taps = fields.object.Get("tapOffset").As<Napi::Array>().Length();
  const std::unique_ptr<ptrdiff_t[]> tap_offset(new ptrdiff_t[taps]);
  for (uint32_t t = 0; t < taps; ++t) tap_offset[t] = fields.element("tapOffset", t);
  const std::unique_ptr<int32_t[]> tap_index(fields.object.Get("tapIndex").IsNull() ? nullptr : new int32_t[taps]);
  for (uint32_t t = 0; tap_index && t < taps; ++t) {
    tap_index[t] = static_cast<int32_t>(fields.element("tapIndex", t));
  }
  WLanesTile tile{};
  tile.channel_stride = fields["channelStride"];
  tile.tap_offset = tap_offset.get();
  tile.tap_index = tap_index.get();
  tile.taps = static_cast<int32_t>(taps);
  tile.channels = static_cast<int32_t>(fields["channels"]);
  tile.input_vector_stride = fields["inputVectorStride"];
  tile.output_channel_stride = fields["outputChannelStride"];
  tile.output_vector_stride = fields["outputVectorStride"];
  tile.lanes_to_store = static_cast<int32_t>(fields["lanesToStore"]);
  tile.last_lanes_to_store = static_cast<int32_t>(fields["lastLanesToStore"]);
  const WLanesKernel kernel = kernels->w_lanes[integer(info[1]) - 1][integer(info[2]) - 1];
  return run_tile(info.Env(), kernel, &tile, fields, edge_of(info[4]));
}

using DepthwiseSlots = DepthwiseKernel (KernelTable::*)[KernelTable::depthwise_sizes][KernelTable::max_depthwise_rows];

// depthwisePixels and depthwiseChannels(isa, slot, rows, tile, edge): slot: any_size … of KernelTable
template <DepthwiseSlots slots>
Napi::Value depthwise(const Napi::CallbackInfo& info) {
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return info.Env().Undefined();
  const Fields fields(info[3]);
  const uint32_t taps = fields.object.Get("tapOffset").As<Napi::Array>().Length();
  const std::unique_ptr<ptrdiff_t[]> tap_offset(new ptrdiff_t[taps]);
  for (uint32_t t = 0; t < taps; ++t) tap_offset[t] = fields.element("tapOffset", t);
  DepthwiseRows tile{};
  tile.tap_planes = 1;
  tile.offset = fields["offset"];
  tile.tap_offset = tap_offset.get();
  tile.tap_begin = static_cast<int32_t>(fields["tapBegin"]);
  tile.tap_end = static_cast<int32_t>(fields["tapEnd"]);
  tile.tap_rows = static_cast<int32_t>(fields["tapRows"]);
  tile.tap_phases = static_cast<int32_t>(fields["tapPhases"]);
  tile.groups = static_cast<int32_t>(fields["groups"]);
  tile.tap_row_stride = fields["tapRowStride"];
  tile.row = fields["row"];
  tile.tap_row_step = fields["tapRowStep"];
  tile.rows = fields["inputRows"];
  tile.weight_row_stride = fields["weightRowStride"];
  tile.weight_tap_stride = fields["weightTapStride"];
  tile.output_row_stride = fields["outputRowStride"];
  tile.width = fields["width"];
  tile.column = fields["column"];
  tile.columns = fields["columns"];
  tile.reach = fields["reach"];
  tile.channels = fields["channels"];
  tile.input_pixel_stride = fields["inputPixelStride"];
  tile.output_pixel_stride = fields["outputPixelStride"];
  const DepthwiseKernel kernel = (kernels->*slots)[integer(info[1])][integer(info[2]) - 1];
  return run_tile(info.Env(), kernel, &tile, fields, edge_of(info[4]));
}

// shortTransform(isa, transform, edge): `inputOffset` and `outputOffset` say where in `input` and `output` each point's
// channels lie; −1: an output that is not wanted.
Napi::Value short_transform(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  const Napi::Array matrices = fields.object.Get("matrix").As<Napi::Array>();
  ShortTransform transform{};
  for (uint32_t axis = 0; axis < 3; ++axis) {
    transform.from[axis] = static_cast<int32_t>(fields.element("from", axis));
    transform.to[axis] = static_cast<int32_t>(fields.element("to", axis));
    transform.structure[axis] = static_cast<ShortStructure>(fields.element("structure", axis));
  }
  transform.vectors = static_cast<int32_t>(fields["vectors"]);
  transform.last_lanes = static_cast<int32_t>(fields["lastLanes"]);
  transform.relu = fields["relu"] != 0;
  const int32_t *from = transform.from, *to = transform.to;
  const int in_points = from[0] * from[1] * from[2], out_points = to[0] * to[1] * to[2];
  GuardedFloats depth = guarded("matrix[0]", matrices[0u], edge), height = guarded("matrix[1]", matrices[1u], edge);
  GuardedFloats width = guarded("matrix[2]", matrices[2u], edge);
  const Napi::Value bias_value = fields.object.Get("bias");
  GuardedFloats bias = guarded("bias", bias_value.IsNull() ? Napi::Float32Array::New(env, 0) : bias_value, edge);
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge);
  GuardedFloats output = guarded("output", fields.object.Get("output"), edge);
  GuardedFloats scratch("scratch", (from[0] * from[1] * to[2] + from[0] * to[1] * to[2]) * kernels->lanes, edge);
  if (!depth || !height || !width || !bias || !input || !output || !scratch) return fail(env, "no memory");
  std::memset(scratch.data(), 0xff, static_cast<size_t>(scratch.size()) * sizeof(float));
  const std::unique_ptr<const float*[]> in(new const float*[in_points]);
  const std::unique_ptr<float*[]> out(new float*[out_points]);
  for (int i = 0; i < in_points; ++i) in[i] = input.data() + fields.element("inputOffset", i);
  for (int i = 0; i < out_points; ++i) {
    const ptrdiff_t offset = fields.element("outputOffset", i);
    out[i] = offset < 0 ? nullptr : output.data() + offset;
  }
  transform.matrix[0] = depth.data();
  transform.matrix[1] = height.data();
  transform.matrix[2] = width.data();
  transform.bias = bias_value.IsNull() ? nullptr : bias.data();
  transform.in = in.get();
  transform.out = out.get();
  transform.scratch = scratch.data();
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernels->short_transform(transform);
  }
  copy_back(output, fields.object.Get("output"));
  return env.Undefined();
}

// Doubles at an inaccessible page.
GuardedFloats guarded_doubles(const char* name, int64_t count, Edge edge) { return {name, 2 * count, edge}; }

GuardedFloats guarded_doubles(const char* name, const Napi::Value& array, Edge edge) {
  const Napi::Float64Array doubles = array.As<Napi::Float64Array>();
  const int64_t count = static_cast<int64_t>(doubles.ElementLength());
  return {name, reinterpret_cast<const float*>(doubles.Data()), 2 * count, edge};
}

double* doubles_of(GuardedFloats& memory) { return reinterpret_cast<double*>(memory.data()); }

// transformKernels(isa, { title, matrix, taps, products, input, output, sum }, edge): products transformWidth + 3 floats
// apart
Napi::Value transform_kernels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  KernelTransform transform{};
  for (uint32_t axis = 0; axis < 3; ++axis) {
    transform.taps[axis] = static_cast<int32_t>(fields.element("taps", axis));
    transform.products[axis] = static_cast<int32_t>(fields.element("products", axis));
  }
  const int32_t *taps = transform.taps, *products = transform.products;
  const Napi::Array matrices = fields.object.Get("matrix").As<Napi::Array>();
  GuardedFloats depth = guarded_doubles("matrix[0]", matrices[0u], edge);
  GuardedFloats height = guarded_doubles("matrix[1]", matrices[1u], edge);
  GuardedFloats width = guarded_doubles("matrix[2]", matrices[2u], edge);
  // Both hold the kernels after any of the axes.
  const int64_t points = int64_t{products[0]} * products[1] * products[2];
  const int64_t largest = std::max({int64_t{taps[0]} * taps[1] * taps[2], int64_t{taps[0]} * taps[1] * products[2],
                                    int64_t{taps[0]} * products[1] * products[2], points});
  GuardedFloats first = guarded_doubles("values[0]", largest * kernels->transform_width, edge);
  GuardedFloats second = guarded_doubles("values[1]", largest * kernels->transform_width, edge);
  if (!depth || !height || !width || !first || !second) return fail(env, "no memory");
  std::memset(second.data(), 0xff, static_cast<size_t>(second.size()) * sizeof(float));
  const Napi::Float64Array input = fields.object.Get("input").As<Napi::Float64Array>();
  std::memcpy(first.data(), input.Data(), input.ByteLength());
  transform.matrix[0] = doubles_of(depth);
  transform.matrix[1] = doubles_of(height);
  transform.matrix[2] = doubles_of(width);
  transform.values[0] = doubles_of(first);
  transform.values[1] = doubles_of(second);
  // Written 3 floats apart, to see that what lies between stays.
  const int64_t stride = kernels->transform_width + 3, floats = (points - 1) * stride + kernels->transform_width;
  const Napi::Value out_value = fields.object.Get("output"), sum_value = fields.object.Get("sum");
  GuardedFloats out = guarded("output", out_value, edge), sum = guarded("sum", sum_value, edge);
  if (!out || !sum) return fail(env, "no memory");
  if (out.size() != floats || sum.size() != floats) return fail(env, "arrays of other sizes: " + fields.title());
  transform.out = out.data();
  transform.sum = sum.data();
  transform.out_stride = transform.sum_stride = stride;
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernels->transform_kernels(transform);
  }
  copy_back(out, out_value);
  copy_back(sum, sum_value);
  return env.Undefined();
}

// multiplyAddBurst(isa, rounds): one lane of the sum over all sums
Napi::Value multiply_add_burst(const Napi::CallbackInfo& info) {
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return info.Env().Undefined();
  return Napi::Number::New(info.Env(),
                           static_cast<double>(kernels->multiply_add_burst(info[1].ToNumber().Int64Value())));
}

// The problem of (shape, weight, isa, threads), which stand at `first` and behind it; without kernels an exception is
// pending.
PlanRequest request_of(const Napi::CallbackInfo& info, size_t first) {
  PlanRequest request{};
  request.shape = shape_of(info[first]);
  request.weight = info[first + 1].As<Napi::Float32Array>().Data();
  request.kernels = kernels_of(info[first + 2]);
  request.threads = integer(info[first + 3]);
  return request;
}

// choose(shape, weight, isa, threads): the name of the candidate that is taken.
Napi::Value choose(const Napi::CallbackInfo& info) {
  const PlanRequest request = request_of(info, 0);
  return request.kernels ? Napi::String::New(info.Env(), choose(request).name) : info.Env().Undefined();
}

// cost(candidate, shape, weight, isa, threads): its estimate, or null where it does not accept the problem.
Napi::Value cost(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].ToString();
  const Candidate* const candidate = find_candidate(name.c_str());
  if (!candidate) return fail(env, "no candidate " + name);
  const PlanRequest request = request_of(info, 1);
  if (!request.kernels) return env.Undefined();
  const double cost = candidate->cost(request);
  return cost < not_accepted ? Napi::Number::New(env, cost) : env.Null();
}

// runPlan({ candidate, title, shape, weight, bias, isa, threads, tolerance, input, edge, siblingShape }): the output of
// the named candidate's plan. Null where it does not accept the problem. The plan borrows the packed weights of a plan
// for `siblingShape`, if it is given.
Napi::Value run_plan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string name = fields.object.Get("candidate").ToString(), title = fields.title();
  const Candidate* const candidate = find_candidate(name.c_str());
  if (!candidate) return fail(env, "no candidate " + name);
  const Edge edge = edge_of(fields.object.Get("edge"));
  const Napi::Value bias_value = fields.object.Get("bias"), sibling_shape = fields.object.Get("siblingShape");
  const Napi::Float32Array no_bias = Napi::Float32Array::New(env, 0);
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  request.tolerance = fields.object.Get("tolerance").ToNumber().DoubleValue();

  const int64_t output_size = request.shape.output_size();
  GuardedFloats weight = guarded("weight", fields.object.Get("weight"), edge);
  GuardedFloats bias = guarded("bias", bias_value.IsNull() ? no_bias : bias_value, edge);
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge), output("output", output_size, edge);
  if (!weight || !bias || !input || !output) return fail(env, "no memory");
  if (weight.size() != request.shape.weight_size() || input.size() != request.shape.input_size() ||
      bias.size() != (bias_value.IsNull() ? 0 : request.shape.out_channels)) {
    return fail(env, "arrays of other sizes than the shape's: " + title);
  }
  request.weight = weight.data();
  request.bias = bias_value.IsNull() ? nullptr : bias.data();
  {
    const FaultReport report(title.c_str());
    if (candidate->cost(request) == not_accepted) return env.Null();
    std::shared_ptr<ConvPlan> sibling;
    if (!sibling_shape.IsUndefined()) {
      PlanRequest other = request;
      other.shape = shape_of(sibling_shape);
      sibling = candidate->create(other, nullptr);
    }
    const std::shared_ptr<ConvPlan> plan = candidate->create(request, sibling.get());
    if (!plan) return fail(env, "no memory");
    if (plan->algorithm() != name || plan->isa() != std::string(request.kernels->name)) {
      return fail(env, std::string("another plan: ") + plan->algorithm() + " " + plan->isa());
    }
    weight.withdraw();
    bias.withdraw();
    poison_workspace(plan->workspace_bytes());
    if (output_size > 0) std::memset(output.data(), 0xff, static_cast<size_t>(output_size) * sizeof(float));
    if (!plan->run(input.data(), output.data())) return fail(env, "no memory");
  }
  Napi::Float32Array result = Napi::Float32Array::New(env, static_cast<size_t>(output_size));
  copy_back(output, result);
  return result;
}

// { input, output, kernel, stride, dilation, padding }
Axis axis_of(const Napi::Value& value) {
  const Fields fields(value);
  return {fields["input"], fields["output"], fields["kernel"], fields["stride"], fields["dilation"], fields["padding"]};
}

// sourceElement(mode, coordinate, size): mode as in ConvShape
Napi::Value source_element(const Napi::CallbackInfo& info) {
  const auto mode = static_cast<PaddingMode>(integer(info[0]));
  const int64_t source = source_element(mode, info[1].ToNumber().Int64Value(), info[2].ToNumber().Int64Value());
  return Napi::Number::New(info.Env(), static_cast<double>(source));
}

// outputsInside(axis, tap)
Napi::Value outputs_inside(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(outputs_inside(axis_of(info[0]), integer(info[1]))));
}

// validTapFraction(axis)
Napi::Value valid_tap_fraction(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), valid_tap_fraction(axis_of(info[0])));
}

// tapRuns(axis): [begin, end, tapBegin, tapEnd][]
Napi::Value tap_runs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const AlignedBuffer<TapRun> runs = tap_runs(axis_of(info[0]));
  if (!runs) return fail(env, "no memory");
  Napi::Array result = Napi::Array::New(env);
  for (int64_t i = 0; i < runs.size(); ++i) {
    const int32_t numbers[] = {runs[i].begin, runs[i].end, runs[i].tap_begin, runs[i].tap_end};
    Napi::Array run = Napi::Array::New(env);
    for (uint32_t j = 0; j < std::size(numbers); ++j) run.Set(j, numbers[j]);
    result.Set(static_cast<uint32_t>(i), run);
  }
  return result;
}

// split(total, limit): { largest, parts: [begin, end, size][] }
Napi::Value split(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Split split = Split::at_most(info[0].ToNumber().Int64Value(), info[1].ToNumber().Int64Value());
  Napi::Array parts = Napi::Array::New(env);
  for (int64_t i = 0; i < split.parts; ++i) {
    const int64_t numbers[] = {split.begin(i), split.end(i), split.size(i)};
    Napi::Array part = Napi::Array::New(env);
    for (uint32_t j = 0; j < std::size(numbers); ++j) part.Set(j, static_cast<double>(numbers[j]));
    parts.Set(static_cast<uint32_t>(i), part);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("largest", static_cast<double>(split.largest()));
  result.Set("parts", parts);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const char* names[16];
  const int count = available_isas(names, static_cast<int>(std::size(names)));
  Napi::Array isas = Napi::Array::New(env);
  for (int i = 0; i < count; ++i) isas.Set(static_cast<uint32_t>(i), names[i]);
  exports.Set("isas", isas);
  exports.Set("describe", Napi::Function::New(env, describe));
  exports.Set("vec", Napi::Function::New(env, vec));
  exports.Set("transpose", Napi::Function::New(env, transpose));
  exports.Set("subnormalsInWorkspaces", Napi::Function::New(env, subnormals_in_workspaces));
  exports.Set("stridedCopy", Napi::Function::New(env, strided_copy));
  exports.Set("splitPhases", Napi::Function::New(env, split_phases));
  exports.Set("kLanes", Napi::Function::New(env, k_lanes));
  exports.Set("wLanes", Napi::Function::New(env, w_lanes));
  exports.Set("depthwisePixels", Napi::Function::New(env, depthwise<&KernelTable::depthwise_pixels>));
  exports.Set("depthwiseChannels", Napi::Function::New(env, depthwise<&KernelTable::depthwise_channels>));
  exports.Set("shortTransform", Napi::Function::New(env, short_transform));
  exports.Set("transformKernels", Napi::Function::New(env, transform_kernels));
  exports.Set("multiplyAddBurst", Napi::Function::New(env, multiply_add_burst));
  exports.Set("choose", Napi::Function::New(env, choose));
  exports.Set("cost", Napi::Function::New(env, cost));
  exports.Set("runPlan", Napi::Function::New(env, run_plan));
  exports.Set("sourceElement", Napi::Function::New(env, source_element));
  exports.Set("outputsInside", Napi::Function::New(env, outputs_inside));
  exports.Set("validTapFraction", Napi::Function::New(env, valid_tap_fraction));
  exports.Set("tapRuns", Napi::Function::New(env, tap_runs));
  exports.Set("split", Napi::Function::New(env, split));
  export_all_plans(env, exports);
  export_lane_kernels(env, exports);
  export_runs(env, exports);
  export_short_plans(env, exports);
  export_transposed_plans(env, exports);
  return exports;
}

}  // namespace
}  // namespace atrous

static Napi::Object InitProbe(Napi::Env env, Napi::Object exports) { return atrous::init(env, exports); }
NODE_API_MODULE(atrous_probe, InitProbe)
