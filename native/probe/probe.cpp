// A second addon, for tests only: vector operations, kernels and plans one by one, each of them forced.
#include <napi.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "isa/dispatch.hpp"
#include "kernels/table.hpp"
#include "plan/candidate.hpp"
#include "plan/choose.hpp"
#include "probe/guarded_pages.hpp"

namespace atrous {
namespace {

const KernelTable& kernels_of(const Napi::Value& isa) {
  return *find_kernels(isa.As<Napi::String>().Utf8Value().c_str());
}

float* floats(const Napi::Value& array) { return array.As<Napi::Float32Array>().Data(); }

ptrdiff_t integer(const Napi::Value& object, const char* name) {
  return static_cast<ptrdiff_t>(object.As<Napi::Object>().Get(name).ToNumber().Int64Value());
}

// { lanes, kLanes: boolean[vectors][pixels], wLanes: boolean[outputs][vectors] }: which tiles an instruction set has.
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable& kernels = kernels_of(info[0]);
  Napi::Array k = Napi::Array::New(env), w = Napi::Array::New(env);
  for (uint32_t vectors = 0; vectors < KernelTable::max_k_vectors; ++vectors) {
    Napi::Array row = Napi::Array::New(env);
    for (uint32_t pixels = 0; pixels < KernelTable::max_k_pixels; ++pixels) {
      row.Set(pixels, kernels.k_lanes[vectors][pixels] != nullptr);
    }
    k.Set(vectors, row);
  }
  for (uint32_t outputs = 0; outputs < KernelTable::max_w_outputs; ++outputs) {
    Napi::Array row = Napi::Array::New(env);
    for (uint32_t vectors = 0; vectors < KernelTable::max_w_vectors; ++vectors) {
      row.Set(vectors, kernels.w_lanes[outputs][vectors] != nullptr);
    }
    w.Set(outputs, row);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("lanes", kernels.lanes);
  result.Set("kLanes", k);
  result.Set("wLanes", w);
  return result;
}

// vec(isa, operation, inputs, count, out): the operands lie one after the other in `inputs`.
Napi::Value vec(const Napi::CallbackInfo& info) {
  const KernelTable& kernels = kernels_of(info[0]);
  const VecOperations& v = kernels.vec;
  const std::string name = info[1].As<Napi::String>();
  const float* in = floats(info[2]);
  const int count = info[3].ToNumber().Int32Value(), n = kernels.lanes;
  float* out = floats(info[4]);
  if (name == "loadTail") {
    GuardedFloats guarded(in, count, GuardedFloats::Edge::end);
    v.load_tail(guarded.data(), count, out);
  } else if (name == "storeTail") {
    GuardedFloats guarded(count, GuardedFloats::Edge::end);
    v.store_tail(in, count, guarded.data());
    if (count > 0) std::memcpy(out, guarded.data(), static_cast<size_t>(count) * sizeof(float));
  } else if (name == "broadcast") {
    v.broadcast(in, out);
  } else if (name == "add") {
    v.add(in, in + n, out);
  } else if (name == "multiplyAdd") {
    v.multiply_add(in, in + n, in + 2 * n, out);
  } else if (name == "relu") {
    v.relu(in, out);
  } else if (name == "transpose") {
    v.transpose(in, out);
  } else {
    Napi::Error::New(info.Env(), "no vector operation " + name).ThrowAsJavaScriptException();
  }
  return info.Env().Undefined();
}

// transpose(isa, in, inStride, out, outStride, rows, columns)
Napi::Value transpose(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t i) { return static_cast<ptrdiff_t>(info[i].ToNumber().Int64Value()); };
  kernels_of(info[0]).transpose(floats(info[1]), number(2), floats(info[3]), number(4), number(5), number(6));
  return info.Env().Undefined();
}

// kLanes(isa, vectors, pixels, { inputPixelStride, … }, input, weight, bias, output): the fields of KLanesTile.
Napi::Value k_lanes(const Napi::CallbackInfo& info) {
  const Napi::Value& o = info[3];
  const auto axis = [&](const char* name, uint32_t i) {
    return static_cast<ptrdiff_t>(o.As<Napi::Object>().Get(name).As<Napi::Array>().Get(i).ToNumber().Int64Value());
  };
  KLanesTile tile{};
  tile.input = floats(info[4]);
  tile.weight = floats(info[5]);
  tile.bias = floats(info[6]);
  tile.output = floats(info[7]);
  tile.input_pixel_stride = integer(o, "inputPixelStride");
  tile.output_pixel_stride = integer(o, "outputPixelStride");
  tile.channels = static_cast<int32_t>(integer(o, "channels"));
  tile.last_lanes = static_cast<int32_t>(integer(o, "lastLanes"));
  tile.relu = integer(o, "relu") != 0;
  for (uint32_t i = 0; i < 3; ++i) {
    tile.tap_count[i] = static_cast<int32_t>(axis("tapCount", i));
    tile.tap_input_stride[i] = axis("tapInputStride", i);
    tile.tap_weight_stride[i] = axis("tapWeightStride", i);
  }
  kernels_of(info[0]).k_lanes[info[1].ToNumber().Int32Value() - 1][info[2].ToNumber().Int32Value() - 1](tile);
  return info.Env().Undefined();
}

// wLanes(isa, outputs, vectors, { channelStride, … }, input, weight, bias, output): the fields of WLanesTile.
Napi::Value w_lanes(const Napi::CallbackInfo& info) {
  const Napi::Value& o = info[3];
  const Napi::Array offsets = o.As<Napi::Object>().Get("tapOffset").As<Napi::Array>();
  const std::unique_ptr<ptrdiff_t[]> tap_offset(new ptrdiff_t[offsets.Length()]);
  for (uint32_t t = 0; t < offsets.Length(); ++t) {
    tap_offset[t] = static_cast<ptrdiff_t>(offsets.Get(t).ToNumber().Int64Value());
  }
  WLanesTile tile{};
  tile.input = floats(info[4]);
  tile.weight = floats(info[5]);
  tile.bias = floats(info[6]);
  tile.output = floats(info[7]);
  tile.channel_stride = integer(o, "channelStride");
  tile.tap_offset = tap_offset.get();
  tile.taps = static_cast<int32_t>(offsets.Length());
  tile.channels = static_cast<int32_t>(integer(o, "channels"));
  tile.input_vector_stride = integer(o, "inputVectorStride");
  tile.output_channel_stride = integer(o, "outputChannelStride");
  tile.output_vector_stride = integer(o, "outputVectorStride");
  tile.lanes_to_store = static_cast<int32_t>(integer(o, "lanesToStore"));
  tile.last_lanes_to_store = static_cast<int32_t>(integer(o, "lastLanesToStore"));
  tile.relu = integer(o, "relu") != 0;
  kernels_of(info[0]).w_lanes[info[1].ToNumber().Int32Value() - 1][info[2].ToNumber().Int32Value() - 1](tile);
  return info.Env().Undefined();
}

// depthwise(isa, size, rows, { inputRowStride, dilation, outputRowStride, width, relu }, input, weight, bias, output)
Napi::Value depthwise(const Napi::CallbackInfo& info) {
  const Napi::Value& o = info[3];
  DepthwiseTile tile{};
  tile.input = floats(info[4]);
  tile.weight = floats(info[5]);
  tile.bias = floats(info[6]);
  tile.output = floats(info[7]);
  tile.input_row_stride = integer(o, "inputRowStride");
  tile.dilation = integer(o, "dilation");
  tile.output_row_stride = integer(o, "outputRowStride");
  tile.width = integer(o, "width");
  tile.relu = integer(o, "relu") != 0;
  const int size = info[1].ToNumber().Int32Value();
  kernels_of(info[0]).depthwise[size == 3 ? 0 : 1][info[2].ToNumber().Int32Value() - 1](tile);
  return info.Env().Undefined();
}

// runPlan(candidate, shape, weight, bias, isa, threads, input, edge): a plan of the named candidate, with input and
// output that begin or end at an inaccessible page. Null where the candidate does not accept the problem.
Napi::Value run_plan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].As<Napi::String>();
  PlanRequest request{};
  std::memcpy(&request.shape, info[1].As<Napi::Int32Array>().Data(), sizeof request.shape);
  request.weight = floats(info[2]);
  request.bias = info[3].IsNull() ? nullptr : floats(info[3]);
  request.kernels = &kernels_of(info[4]);
  request.threads = info[5].ToNumber().Int32Value();
  request.family = AlgorithmFamily::any;
  const GuardedFloats::Edge edge =
      info[7].As<Napi::String>().Utf8Value() == "begin" ? GuardedFloats::Edge::begin : GuardedFloats::Edge::end;

  const Candidate* candidate = find_candidate(name.c_str());
  if (candidate == nullptr) {
    Napi::Error::New(env, "no candidate " + name).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (!candidate->accepts(request)) return env.Null();
  const int64_t output_size = request.shape.output_size();
  GuardedFloats input(floats(info[6]), request.shape.input_size(), edge), output(output_size, edge);
  const std::shared_ptr<ConvPlan> plan = candidate->create(request, nullptr);
  if (!plan || plan->algorithm() != name || !plan->run(input.data(), output.data())) {
    Napi::Error::New(env, name + " did not run").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Float32Array result = Napi::Float32Array::New(env, static_cast<size_t>(output_size));
  if (output_size > 0) std::memcpy(result.Data(), output.data(), static_cast<size_t>(output_size) * sizeof(float));
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
  exports.Set("kLanes", Napi::Function::New(env, k_lanes));
  exports.Set("wLanes", Napi::Function::New(env, w_lanes));
  exports.Set("depthwise", Napi::Function::New(env, depthwise));
  exports.Set("runPlan", Napi::Function::New(env, run_plan));
  return exports;
}

}  // namespace
}  // namespace atrous

static Napi::Object InitProbe(Napi::Env env, Napi::Object exports) { return atrous::init(env, exports); }
NODE_API_MODULE(atrous_probe, InitProbe)
