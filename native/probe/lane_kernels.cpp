#include "probe/lane_kernels.hpp"

#include <cstring>
#include <memory>
#include <string>

#include "kernels/table.hpp"
#include "probe/arguments.hpp"

namespace atrous {
namespace {

void poison(GuardedFloats& memory) {
  if (memory.size() > 0) std::memset(memory.data(), 0xff, static_cast<size_t>(memory.size()) * sizeof(float));
}

GuardedFloats guarded_or_none(const char* name, const Napi::Value& array, Edge edge) {
  return array.IsNull() ? GuardedFloats(name, 0, edge) : guarded(name, array, edge);
}

int64_t rows_of(const int32_t (&axes)[2]) { return int64_t{axes[0]} * axes[1]; }

// LaneRows and what it points to.
struct LaneRowsArguments {
  LaneRows map{};
  GuardedFloats depth, height;
  std::unique_ptr<ChunkRun[]> runs;

  LaneRowsArguments(const Fields& fields, Edge edge)
      : depth(guarded("matrix[0]", fields.object.Get("matrix").As<Napi::Array>().Get(0u), edge)),
        height(guarded("matrix[1]", fields.object.Get("matrix").As<Napi::Array>().Get(1u), edge)) {
    const Napi::Array list = fields.object.Get("runs").As<Napi::Array>();
    runs.reset(new ChunkRun[list.Length()]);
    for (uint32_t r = 0; r < list.Length(); ++r) {
      const Napi::Array run = list.Get(r).As<Napi::Array>();
      runs[r] = {integer(run.Get(0u)), integer(run.Get(1u)), integer(run.Get(2u))};
    }
    for (uint32_t axis = 0; axis < 2; ++axis) {
      map.from[axis] = static_cast<int32_t>(fields.element("from", axis));
      map.to[axis] = static_cast<int32_t>(fields.element("to", axis));
      map.structure[axis] = static_cast<ShortStructure>(fields.element("structure", axis));
    }
    map.matrix[0] = depth.data();
    map.matrix[1] = height.data();
    map.runs = runs.get();
    map.run_count = static_cast<int32_t>(list.Length());
    map.chunk_length = static_cast<int32_t>(fields["chunkLength"]);
    map.channels = static_cast<int32_t>(fields["channels"]);
    map.line_stride = fields["lineStride"];
    map.channel_stride = fields["channelStride"];
    map.row_channel_stride = fields["rowChannelStride"];
  }
  explicit operator bool() const { return depth && height; }

  // The rows at `rowOffset` of an array; −1: null.
  std::unique_ptr<float*[]> rows_in(float* array, const int32_t (&axes)[2], const Fields& fields) const {
    const int64_t count = rows_of(axes);
    std::unique_ptr<float*[]> rows(new float*[count]);
    for (int64_t i = 0; i < count; ++i) {
      const ptrdiff_t offset = fields.element("rowOffset", static_cast<uint32_t>(i));
      rows[i] = offset < 0 ? nullptr : array + offset;
    }
    return rows;
  }
};

// rowsToChunks(isa, { title, matrix, structure, from, to, runs: [column, element, length][], chunkLength, channels,
// lineStride, channelStride, rowChannelStride, rows, rowOffset, zeros: how many, chunks }, edge): `rowOffset` says where
// in `rows` each of them begins; −1: it is null. `chunks` is written in place.
Napi::Value rows_to_chunks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  const LaneRowsArguments arguments(fields, edge);
  GuardedFloats rows = guarded("rows", fields.object.Get("rows"), edge), zeros("zeros", fields["zeros"], edge);
  GuardedFloats chunks = guarded("chunks", fields.object.Get("chunks"), edge);
  if (!arguments || !rows || !zeros || !chunks) return fail(env, "no memory");
  const std::unique_ptr<float*[]> pointers = arguments.rows_in(rows.data(), arguments.map.from, fields);
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernels->rows_to_chunks({arguments.map, pointers.get(), zeros.data(), chunks.data()});
  }
  copy_back(chunks, fields.object.Get("chunks"));
  return env.Undefined();
}

// chunksToRows(isa, { … as above, unwanted: how many, bias, relu }, edge): whether all is finite; `rows` are written in
// place.
Napi::Value chunks_to_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  const LaneRowsArguments arguments(fields, edge);
  GuardedFloats chunks = guarded("chunks", fields.object.Get("chunks"), edge);
  GuardedFloats rows = guarded("rows", fields.object.Get("rows"), edge);
  GuardedFloats unwanted("unwanted", fields["unwanted"], edge);
  GuardedFloats bias = guarded("bias", fields.object.Get("bias"), edge);
  if (!arguments || !chunks || !rows || !unwanted || !bias) return fail(env, "no memory");
  const std::unique_ptr<float*[]> pointers = arguments.rows_in(rows.data(), arguments.map.to, fields);
  bool finite;
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    finite = kernels->chunks_to_rows(
        {arguments.map, chunks.data(), pointers.get(), unwanted.data(), bias.data(), fields["relu"] != 0});
  }
  copy_back(rows, fields.object.Get("rows"));
  return Napi::Boolean::New(env, finite);
}

// LaneWidth and what it points to; planes hold NaNs.
struct LaneWidthArguments {
  LaneWidth map{};
  GuardedFloats matrix, planes;

  LaneWidthArguments(const Fields& fields, Edge edge)
      : matrix(guarded("matrix", fields.object.Get("matrix"), edge)), planes("planes", 8 * fields["planePitch"], edge) {
    map.matrix = matrix.data();
    map.structure = static_cast<ShortStructure>(fields["structure"]);
    map.from = static_cast<int32_t>(fields["from"]);
    map.to = static_cast<int32_t>(fields["to"]);
    map.tiles = static_cast<int32_t>(fields["tiles"]);
    map.phases = static_cast<int32_t>(fields["phases"]);
    map.channels = static_cast<int32_t>(fields["channels"]);
    map.chunk_stride = fields["chunkStride"];
    map.chunk_channel_stride = fields["chunkChannelStride"];
    map.point_stride = fields["pointStride"];
    map.lane_channel_stride = fields["laneChannelStride"];
    map.plane_pitch = fields["planePitch"];
    map.planes = planes.data();
    if (planes) poison(planes);
  }
  explicit operator bool() const { return matrix && planes; }
};

// chunksToLanes(isa, { title, matrix, structure, from, to, tiles, phases, channels, chunkStride, chunkChannelStride,
// pointStride, laneChannelStride, planePitch, chunks, lanes }, edge): `lanes` are written in place.
Napi::Value chunks_to_lanes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  const LaneWidthArguments arguments(fields, edge);
  GuardedFloats chunks = guarded("chunks", fields.object.Get("chunks"), edge);
  GuardedFloats lanes = guarded("lanes", fields.object.Get("lanes"), edge);
  if (!arguments || !chunks || !lanes) return fail(env, "no memory");
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernels->chunks_to_lanes({arguments.map, chunks.data(), lanes.data()});
  }
  copy_back(lanes, fields.object.Get("lanes"));
  return env.Undefined();
}

// lanesToChunks(isa, { … as above, bias: or null, relu }, edge): whether all is finite; `chunks` are written in place.
Napi::Value lanes_to_chunks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[1]);
  const Edge edge = edge_of(info[2]);
  const LaneWidthArguments arguments(fields, edge);
  GuardedFloats lanes = guarded("lanes", fields.object.Get("lanes"), edge);
  GuardedFloats chunks = guarded("chunks", fields.object.Get("chunks"), edge);
  const Napi::Value bias_value = fields.object.Get("bias");
  GuardedFloats bias = guarded_or_none("bias", bias_value, edge);
  if (!arguments || !lanes || !chunks || !bias) return fail(env, "no memory");
  bool finite;
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    finite = kernels->lanes_to_chunks(
        {arguments.map, lanes.data(), chunks.data(), bias_value.IsNull() ? nullptr : bias.data(), fields["relu"] != 0});
  }
  copy_back(chunks, fields.object.Get("chunks"));
  return Napi::Boolean::New(env, finite);
}

// pointProducts(isa, outputs, vectors, { title, input, inputPointStride, offset, points, weight, output,
// outputPointStride, outputChannelStride, tiles }, edge): `output` is written in place.
Napi::Value point_products(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(info[3]);
  const Edge edge = edge_of(info[4]);
  const PointProductsKernel kernel = kernels->point_products[integer(info[1]) - 1][integer(info[2]) - 1];
  if (!kernel) return fail(env, "no such products: " + fields.title());
  const uint32_t depth = fields.object.Get("offset").As<Napi::Array>().Length();
  const std::unique_ptr<ptrdiff_t[]> offset(new ptrdiff_t[depth]);
  for (uint32_t j = 0; j < depth; ++j) offset[j] = fields.element("offset", j);
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge);
  GuardedFloats weight = guarded("weight", fields.object.Get("weight"), edge);
  GuardedFloats output = guarded("output", fields.object.Get("output"), edge);
  if (!input || !weight || !output) return fail(env, "no memory");
  PointProducts products{};
  products.input = input.data();
  products.input_point_stride = fields["inputPointStride"];
  products.offset = offset.get();
  products.depth = static_cast<int32_t>(depth);
  products.points = static_cast<int32_t>(fields["points"]);
  products.weight = weight.data();
  products.output = output.data();
  products.output_point_stride = fields["outputPointStride"];
  products.output_channel_stride = fields["outputChannelStride"];
  products.tiles = static_cast<int32_t>(fields["tiles"]);
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernel(products);
  }
  copy_back(output, fields.object.Get("output"));
  return env.Undefined();
}

}  // namespace

void export_lane_kernels(Napi::Env env, Napi::Object exports) {
  exports.Set("rowsToChunks", Napi::Function::New(env, rows_to_chunks));
  exports.Set("chunksToRows", Napi::Function::New(env, chunks_to_rows));
  exports.Set("chunksToLanes", Napi::Function::New(env, chunks_to_lanes));
  exports.Set("lanesToChunks", Napi::Function::New(env, lanes_to_chunks));
  exports.Set("pointProducts", Napi::Function::New(env, point_products));
}

}  // namespace atrous
