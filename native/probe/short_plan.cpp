#include "probe/short_plan.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/lane_axis.hpp"
#include "plan/lane_scheme.hpp"
#include "plan/memory.hpp"
#include "plan/short_algorithm.hpp"
#include "plan/short_axis.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"
#include "plan/winograd_plan.hpp"
#include "plan/winograd_w_lanes_plan.hpp"
#include "probe/arguments.hpp"

namespace atrous {
namespace {

Napi::Float64Array doubles(Napi::Env env, const double* values, int count) {
  Napi::Float64Array array = Napi::Float64Array::New(env, static_cast<size_t>(count));
  std::memcpy(array.Data(), values, sizeof(double) * static_cast<size_t>(count));
  return array;
}

// shortAlgorithms(): { form, outputs, inputs, taps, products, error, a, b, g }[], as in short_algorithms.inc.
Napi::Value list(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  Napi::Array result = Napi::Array::New(env);
  for (int i = 0; i < count; ++i) {
    const ShortAlgorithm& algorithm = all[i];
    Napi::Object row = Napi::Object::New(env);
    row.Set("form", algorithm.form == ShortForm::open ? "open" : "closed");
    row.Set("outputs", algorithm.outputs);
    row.Set("inputs", algorithm.inputs());
    row.Set("taps", algorithm.taps);
    row.Set("products", algorithm.products);
    row.Set("error", algorithm.error);
    row.Set("a", doubles(env, algorithm.a, algorithm.outputs * algorithm.products));
    row.Set("b", doubles(env, algorithm.b, algorithm.products * algorithm.inputs()));
    row.Set("g", doubles(env, algorithm.g, algorithm.products * algorithm.taps));
    result.Set(static_cast<uint32_t>(i), row);
  }
  return result;
}

constexpr int pointwise = -1, none = -1;

// Null for a number that is none.
const ShortAlgorithm* algorithm_at(int64_t index) {
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  if (index == pointwise) return &pointwise_algorithm;
  return index >= 0 && index < count ? all + index : nullptr;
}

int index_of(const ShortAlgorithm* algorithm) {
  int count;
  return algorithm == &pointwise_algorithm ? pointwise : static_cast<int>(algorithm - short_algorithms(&count));
}

bool fits(const ShortAlgorithm& algorithm, const ConvShape& shape, int axis, int64_t tap_groups) {
  const Axis of = axis_of(with_padding_applied(shape), axis);
  if (of.kernel == 1 || &algorithm == &pointwise_algorithm) {
    return of.kernel == 1 && of.stride == 1 && &algorithm == &pointwise_algorithm && tap_groups == 1;
  }
  return (axis == 2 || tap_groups == 1) &&
         ShortAxis::fits(algorithm, of, static_cast<int>(tap_groups), shape.padding_mode == PaddingMode::zeros);
}

// The same with tiles in lanes: the width's tiles are of four outputs, or of one, a tap a group.
bool fits_lanes(const ShortAlgorithm& algorithm, const ConvShape& shape, int axis, int64_t tap_groups) {
  if (axis < 2) return fits(algorithm, shape, axis, tap_groups);
  const Axis of = axis_of(with_padding_applied(shape), axis);
  return (of.kernel > 1 || &algorithm == &pointwise_algorithm) &&
         LaneAxis::fits(algorithm, of, static_cast<int>(tap_groups));
}

using Fits = bool (*)(const ShortAlgorithm& algorithm, const ConvShape& shape, int axis, int64_t tap_groups);

Napi::Object describe(Napi::Env env, const ShortFit& fit) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("algorithm", index_of(fit.algorithm));
  result.Set("tapGroups", fit.tap_groups);
  result.Set("second", fit.second ? index_of(fit.second) : none);
  result.Set("firstTiles", static_cast<double>(fit.first_tiles));
  return result;
}

// shortFits(shape): for each axis (depth, height, width) all { algorithm, tapGroups, second, firstTiles } that compute it.
// Algorithms are numbers in shortAlgorithms(); −1: an axis of one tap, left as it is, and no second algorithm.
Napi::Value short_fits(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ConvShape shape = shape_of(info[0]);
  Napi::Array result = Napi::Array::New(env);
  for (int axis = 0; axis < 3; ++axis) {
    constexpr int most = 128;
    ShortFit fits[most];
    const int count = ShortAxis::list_fits(axis_of(with_padding_applied(shape), axis), axis == 2,
                                           shape.padding_mode == PaddingMode::zeros, fits, most);
    Napi::Array fitting = Napi::Array::New(env);
    for (int i = 0; i < count; ++i) fitting.Set(static_cast<uint32_t>(i), describe(env, fits[i]));
    result.Set(static_cast<uint32_t>(axis), fitting);
  }
  return result;
}

// laneFits(shape): the same with tiles in lanes, where no axis has a second algorithm; −1 also along the width.
Napi::Value lane_fits(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ConvShape shape = shape_of(info[0]);
  int count;
  short_algorithms(&count);
  Napi::Array result = Napi::Array::New(env);
  for (int axis = 0; axis < 3; ++axis) {
    Napi::Array fitting = Napi::Array::New(env);
    for (int i = pointwise; i < count; ++i) {
      const ShortAlgorithm& algorithm = *algorithm_at(i);
      const int64_t tap_groups = ceil_div(shape.kernel[axis], algorithm.taps);
      if (!fits_lanes(algorithm, shape, axis, tap_groups)) continue;
      fitting.Set(fitting.Length(), describe(env, ShortFit{&algorithm, nullptr, 0, static_cast<int>(tap_groups)}));
    }
    result.Set(static_cast<uint32_t>(axis), fitting);
  }
  return result;
}

// The algorithms and the tap groups of a scheme; false, with an exception pending, where they do not compute the shape.
bool read_algorithms(const Fields& fields, const ConvShape& shape, Fits fits, ShortScheme* scheme) {
  const int64_t tap_groups = fields["tapGroups"];
  *scheme = {{}, static_cast<int>(tap_groups), {}, 0};
  for (uint32_t i = 0; i < 3; ++i) {
    const ShortAlgorithm* const algorithm =
        algorithm_at(fields.object.Get("algorithms").As<Napi::Array>().Get(i).ToNumber());
    if (!algorithm || !fits(*algorithm, shape, static_cast<int>(i), i == 2 ? tap_groups : 1)) {
      fail(fields.object.Env(), "the scheme does not fit axis " + std::to_string(i));
      return false;
    }
    scheme->axis[i] = algorithm;
  }
  return true;
}

// The plans with channels in lanes, made of one given scheme.
struct ChannelsInLanes {
  using Scheme = ShortScheme;
  static constexpr auto create = create_winograd;

  static const ShortScheme& nest(const ShortScheme& scheme) { return scheme; }

  // False, with an exception pending, for a scheme that does not compute the shape.
  static bool read(const Napi::Value& value, const PlanRequest& request, ShortScheme* scheme) {
    const Fields fields(value);
    const ConvShape& shape = request.shape;
    if (!read_algorithms(fields, shape, fits, scheme)) return false;
    for (uint32_t i = 0; i < 3; ++i) {
      const int64_t region = fields.element("region", i), unit = int64_t{scheme->axis[i]->outputs} * shape.dilation[i];
      const bool whole = region == shape.output[i];
      const int64_t second = fields.element("second", i), first_tiles = fields.element("firstTiles", i);
      if (second != none) {
        scheme->second[i] = algorithm_at(second);
        scheme->first_tiles[i] = first_tiles;
        const Axis axis = axis_of(with_padding_applied(shape), static_cast<int>(i));
        if (!whole || first_tiles < 1 || !scheme->second[i] ||
            !ShortAxis::fits(*scheme->axis[i], *scheme->second[i], axis, shape.padding_mode == PaddingMode::zeros)) {
          fail(value.Env(), "the scheme's mixed tiles do not fit axis " + std::to_string(i));
          return false;
        }
      }
      if (!(whole || (region > 0 && region % unit == 0 && shape.padding_mode == PaddingMode::zeros))) {
        fail(value.Env(), "the scheme's regions do not fit axis " + std::to_string(i));
        return false;
      }
      scheme->region[i] = region;
    }
    return true;
  }
};

// The plans with tiles in lanes; likewise.
struct TilesInLanes {
  using Scheme = LaneScheme;
  static constexpr auto create = create_winograd_w_lanes;

  static const ShortScheme& nest(const LaneScheme& scheme) { return scheme.nest; }

  static bool read(const Napi::Value& value, const PlanRequest& request, LaneScheme* scheme) {
    const Fields fields(value);
    *scheme = {};
    if (!read_algorithms(fields, request.shape, fits_lanes, &scheme->nest)) return false;
    if (scheme->nest.points() == 1) {
      fail(value.Env(), "the scheme has no algorithm along any axis");
      return false;
    }
    const ConvShape shape = with_padding_applied(request.shape);
    const Axis width = axis_of(shape, 2);
    int64_t rows = 1;
    for (int i = 0; i < 2; ++i) {
      const Axis axis = axis_of(shape, i);
      rows *= ShortAxis::count_tiles(ShortPiece(*scheme->nest.axis[i]), axis, 1, axis.output);
    }
    const int64_t phases = LaneAxis::count_phases(width), panel = fields["panel"];
    // At most so many.
    scheme->rows = std::min<int64_t>(fields["rows"], rows);
    scheme->tiles = std::min<int64_t>(fields["tiles"], LaneAxis::count_tiles(*scheme->nest.axis[2], width));
    scheme->phases = std::min<int64_t>(fields["phases"], phases);
    scheme->vectors = fields["vectors"];
    if (scheme->rows < 1 || scheme->tiles < 1 || scheme->phases < 1 || panel < 1 ||
        panel > KernelTable::max_w_outputs || scheme->vectors < 1 || scheme->vectors > KernelTable::max_w_vectors) {
      fail(value.Env(), "the scheme's pieces or panels are out of range");
      return false;
    }
    scheme->panels = Split::at_most(shape.out_channels_per_group(), panel);
    if ((scheme->phases < phases && scheme->phases % request.kernels->lanes != 0) ||
        !request.kernels->point_products[scheme->panels.largest() - 1][scheme->vectors - 1]) {
      fail(value.Env(), "the scheme does not fit the kernels");
      return false;
    }
    return true;
  }
};

// chooseShort({ shape, weight, bias, isa, threads, algorithm, tolerance }): the { scheme, error } that the short
// algorithms' family takes, or null where it does not accept the problem.
Napi::Value choose(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string family = fields.object.Get("algorithm").ToString();
  const Napi::Value bias = fields.object.Get("bias");
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.weight = fields.object.Get("weight").As<Napi::Float32Array>().Data();
  request.bias = bias.IsNull() ? nullptr : bias.As<Napi::Float32Array>().Data();
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  request.family = family == "direct"     ? AlgorithmFamily::direct
                   : family == "winograd" ? AlgorithmFamily::winograd
                                          : AlgorithmFamily::any;
  request.tolerance = fields.object.Get("tolerance").ToNumber();
  ShortScheme scheme;
  if (winograd_candidate.cost(request) == not_accepted || !choose_scheme(request, &scheme)) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  result.Set("scheme", describe(env, scheme));
  result.Set("error", scheme.error(request.shape.in_channels_per_group()));
  return result;
}

// runShort or runLanes({ title, shape, weight, bias, isa, threads, edge, scheme, sibling, inputs }): one plan of the
// scheme run on one input after the other. `sibling`: { shape, scheme } of a plan that lends its weights.
// { outputs, allocations: those of making the plan, error, workspaceBytes, weightBytes }
template <class Family>
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string title = fields.title();
  const Edge edge = edge_of(fields.object.Get("edge"));
  const Napi::Value bias_value = fields.object.Get("bias"), sibling_value = fields.object.Get("sibling");
  const Napi::Array inputs = fields.object.Get("inputs").As<Napi::Array>();
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  typename Family::Scheme scheme;
  if (!Family::read(fields.object.Get("scheme"), request, &scheme)) return env.Undefined();

  GuardedFloats weight = guarded("weight", fields.object.Get("weight"), edge);
  GuardedFloats bias = guarded("bias", bias_value.IsNull() ? Napi::Float32Array::New(env, 0) : bias_value, edge);
  if (!weight || !bias) return fail(env, "no memory");
  if (weight.size() != request.shape.weight_size() ||
      bias.size() != (bias_value.IsNull() ? 0 : request.shape.out_channels)) {
    return fail(env, "arrays of other sizes than the shape's: " + title);
  }
  request.weight = weight.data();
  request.bias = bias_value.IsNull() ? nullptr : bias.data();
  const FaultReport report(title.c_str());
  std::shared_ptr<ConvPlan> sibling;
  if (!sibling_value.IsUndefined()) {
    const Fields of(sibling_value);
    PlanRequest other = request;
    typename Family::Scheme other_scheme;
    other.shape = shape_of(of.object.Get("shape"));
    if (!Family::read(of.object.Get("scheme"), other, &other_scheme)) return env.Undefined();
    sibling = Family::create(other, other_scheme, nullptr);
    if (!sibling) return fail(env, "no memory");
  }
  const int64_t before_plan = allocation_count();
  const std::shared_ptr<ConvPlan> plan = Family::create(request, scheme, sibling.get());
  if (!plan) return fail(env, "no memory");
  const int64_t allocations = allocation_count() - before_plan;
  weight.withdraw();
  bias.withdraw();

  Napi::Object result = Napi::Object::New(env);
  Napi::Array outputs = Napi::Array::New(env);
  for (uint32_t i = 0; i < inputs.Length(); ++i) {
    GuardedFloats input = guarded("input", inputs[i], edge), output("output", request.shape.output_size(), edge);
    if (!input || !output) return fail(env, "no memory");
    if (input.size() != request.shape.input_size()) return fail(env, "an input of another size: " + title);
    std::memset(output.data(), 0xff, static_cast<size_t>(output.size()) * sizeof(float));
    poison_workspace(plan->workspace_bytes());
    if (!plan->run(input.data(), output.data())) return fail(env, "no memory");
    Napi::Float32Array values = Napi::Float32Array::New(env, static_cast<size_t>(output.size()));
    copy_back(output, values);
    outputs.Set(i, values);
  }
  result.Set("outputs", outputs);
  result.Set("allocations", static_cast<double>(allocations));
  result.Set("error", Family::nest(scheme).error(request.shape.in_channels_per_group()));
  result.Set("workspaceBytes", static_cast<double>(plan->workspace_bytes()));
  result.Set("weightBytes", static_cast<double>(plan->weight_bytes()));
  return result;
}

// lanePieces({ axis, algorithm, tapGroups, tiles, phases }): { tiles, phases, inputColumn, outputColumn, inputs, outputs }
// of each piece of the width, the last two [column, element, length][]. Null where the algorithm does not compute it.
Napi::Value lane_pieces(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const Fields of(fields.object.Get("axis"));
  const Axis axis{of["input"], of["output"], of["kernel"], of["stride"], of["dilation"], of["padding"]};
  const ShortAlgorithm* const algorithm = algorithm_at(fields["algorithm"]);
  const int tap_groups = static_cast<int>(fields["tapGroups"]);
  if (!algorithm || !LaneAxis::fits(*algorithm, axis, tap_groups)) return env.Null();
  const LaneAxis width(*algorithm, axis, tap_groups, fields["tiles"], fields["phases"]);
  if (!width.complete()) return fail(env, "no memory");
  const auto list_runs = [&](const LaneAxis::Runs& runs) {
    Napi::Array list = Napi::Array::New(env);
    for (int32_t r = 0; r < runs.count; ++r) {
      const int32_t numbers[] = {runs.data[r].column, runs.data[r].element, runs.data[r].length};
      Napi::Array run = Napi::Array::New(env);
      for (uint32_t i = 0; i < 3; ++i) run.Set(i, numbers[i]);
      list.Set(static_cast<uint32_t>(r), run);
    }
    return list;
  };
  Napi::Array result = Napi::Array::New(env);
  for (int64_t i = 0; i < width.pieces(); ++i) {
    Napi::Object piece = Napi::Object::New(env);
    piece.Set("tiles", static_cast<double>(width.tiles(i)));
    piece.Set("phases", static_cast<double>(width.phases(i)));
    piece.Set("inputColumn", static_cast<double>(width.input_column(i)));
    piece.Set("outputColumn", static_cast<double>(width.output_column(i)));
    piece.Set("inputs", list_runs(width.inputs(i)));
    piece.Set("outputs", list_runs(width.outputs(i)));
    result.Set(static_cast<uint32_t>(i), piece);
  }
  return result;
}

}  // namespace

Napi::Object describe(Napi::Env env, const ShortScheme& scheme) {
  Napi::Object result = Napi::Object::New(env);
  Napi::Array algorithms = Napi::Array::New(env), region = Napi::Array::New(env);
  Napi::Array second = Napi::Array::New(env), first_tiles = Napi::Array::New(env);
  for (uint32_t i = 0; i < 3; ++i) {
    algorithms.Set(i, index_of(scheme.axis[i]));
    second.Set(i, scheme.second[i] ? index_of(scheme.second[i]) : none);
    first_tiles.Set(i, static_cast<double>(scheme.first_tiles[i]));
    region.Set(i, static_cast<double>(scheme.region[i]));
  }
  result.Set("algorithms", algorithms);
  result.Set("tapGroups", scheme.tap_groups);
  result.Set("region", region);
  result.Set("second", second);
  result.Set("firstTiles", first_tiles);
  return result;
}

void export_short_plans(Napi::Env env, Napi::Object exports) {
  exports.Set("shortAlgorithms", Napi::Function::New(env, list));
  exports.Set("shortFits", Napi::Function::New(env, short_fits));
  exports.Set("laneFits", Napi::Function::New(env, lane_fits));
  exports.Set("lanePieces", Napi::Function::New(env, lane_pieces));
  exports.Set("chooseShort", Napi::Function::New(env, choose));
  exports.Set("runShort", Napi::Function::New(env, run<ChannelsInLanes>));
  exports.Set("runLanes", Napi::Function::New(env, run<TilesInLanes>));
}

}  // namespace atrous
