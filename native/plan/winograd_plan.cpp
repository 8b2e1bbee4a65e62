// Short bilinear algorithms (short_algorithm.hpp) with channels in lanes: fewer multiplications than a direct convolution has.
//
//   image     [pixels][pitch]: a region of the input with channels contiguous. A dilation needs no copy:
//             tiles read pixels a dilation apart, and a pixel of zeros where they reach into the padding.
//   weights   [group][block of channels][point][tap group][channels][block lanes]: G applied to every kernel
//   parts     one after the other, those tiles that one nest of algorithms computes (short_part.hpp)
//   result    [pixels][pitch]: the parts' outputs; transposed to channels first, or the output itself
#include "plan/winograd_plan.hpp"

#include <algorithm>
#include <optional>

#include "kernels/table.hpp"
#include "plan/candidate.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/direct_fallback.hpp"
#include "plan/input_limit.hpp"
#include "plan/memory.hpp"
#include "plan/short_part.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/transformed_weights.hpp"
#include "plan/workspace.hpp"

namespace atrous {
namespace {

// Of every part of a scheme, null where it has none.
struct PackedParts {
  std::shared_ptr<TransformedWeights> of[ShortScheme::most_parts];

  double largest_sum() const {
    double largest = 0;
    for (const auto& packed : of) {
      if (packed) largest = std::max(largest, packed->largest_sum);
    }
    return largest;
  }
};

class WinogradPlan final : public ConvPlan {
 public:
  WinogradPlan(const PlanRequest& request, const ShortScheme& scheme, PackedParts packed)
      : ConvPlan(request),
        scheme_(scheme),
        padded_(with_padding_applied(request.shape)),
        image_(request.shape, request.kernels->lanes),
        zeros_(ShortPart::zero_floats(request)),
        limit_(scheme, packed.largest_sum()),
        fallback_(request) {
    if (!zeros_) return;
    std::fill_n(zeros_.data(), zeros_.size(), 0.0f);
    for (int i = 0; i < ShortScheme::most_parts; ++i) {
      if (!packed.of[i]) continue;
      const ShortPiece pieces[3] = {scheme.piece(i, 0), scheme.piece(i, 1), scheme.piece(i, 2)};
      parts_[i].emplace(request, scheme.part(i), pieces, std::move(packed.of[i]), zeros_.data());
    }
    if (complete()) lay_out_workspace(request);
  }

  bool complete() const {
    bool complete = zeros_ && fallback_;
    each_part([&](const ShortPart& part) { complete &= part.complete(); });
    return complete;
  }

  const char* algorithm() const override { return winograd_candidate.name; }
  const ShortScheme* short_scheme() const override { return &scheme_; }
  size_t workspace_bytes() const override { return sizeof(float) * (shared_floats_ + threads_ * thread_floats_); }
  size_t weight_bytes() const override {
    size_t bytes = fallback_.bytes();
    each_part(
        [&](const ShortPart& part) { bytes += part.packed()->weight.size_bytes() + part.packed()->bias.size_bytes(); });
    return bytes;
  }
  // Calls body(part) for all of them.
  template <class Body>
  void each_part(Body body) const {
    for (const std::optional<ShortPart>& part : parts_) {
      if (part) body(*part);
    }
  }

 private:
  // What one thread works in.
  struct ThreadScratch {
    ShortPart::Scratch step;
    float *image, *inputs, *products, *result;  // of a region of its own
  };

  // The parts have the same regions.
  const ShortAxis& axis(int i) const { return parts_[0]->axis(i); }
  // All elements of an axis that a region's tiles read.
  Interval inputs(int i, int64_t region) const {
    Interval all = axis(i).inputs(region);
    each_part([&](const ShortPart& part) {
      const Interval of = part.axis(i).inputs(region);
      const int64_t begin = std::min(all.begin, of.begin), end = std::max(all.begin + all.size, of.begin + of.size);
      all = {begin, end - begin};
    });
    return all;
  }

  void lay_out_workspace(const PlanRequest& request) {
    const ConvShape& s = request.shape;
    int64_t in_pixels = 1, out_pixels = 1;
    regions_ = 1;
    for (int i = 0; i < 3; ++i) {
      regions_ *= axis(i).regions();
      int64_t most = 0;
      for (int64_t r = 0; r < axis(i).regions(); ++r) most = std::max(most, inputs(i, r).size);
      in_pixels *= most;
      out_pixels *= axis(i).outputs(0).size;
    }
    result_pitch_ = s.layout == Layout::channels_last ? s.out_channels : spread(s.out_channels);
    const int64_t result_floats = s.layout == Layout::channels_last ? 0 : whole_lines(out_pixels * result_pitch_);
    // Whole vectors are read of the last pixel too.
    const int64_t lanes = request.kernels->lanes;
    image_floats_ =
        regions_ == 1 ? whole_lines(image_.floats() + lanes) : whole_lines(in_pixels * image_.pitch() + lanes);

    double multiply_adds = 0;
    int64_t from = 0, to = 0;
    each_part([&](const ShortPart& part) {
      multiply_adds += part.multiply_adds();
      input_floats_ = std::max(input_floats_, part.input_floats());
      product_floats_ = std::max(product_floats_, part.product_floats());
      transform_floats_ = std::max(transform_floats_, part.transform_floats());
      from = std::max(from, part.from_pointers());
      to = std::max(to, part.to_pointers());
    });
    threads_ = useful_threads(request.threads, multiply_adds);
    const auto lines_of_pointers = [](int64_t count) {
      return whole_lines(ceil_div(count * static_cast<int64_t>(sizeof(void*)), 4));
    };
    from_floats_ = lines_of_pointers(from);
    to_floats_ = lines_of_pointers(to);
    thread_floats_ = transform_floats_ + from_floats_ + to_floats_;
    if (regions_ == 1) {
      shared_floats_ = image_floats_ + s.groups * (input_floats_ + product_floats_) + result_floats;
    } else {
      thread_floats_ += image_floats_ + input_floats_ + product_floats_ + result_floats;
    }
  }

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    for (int64_t n = 0; n < s.batch; ++n) {
      const int64_t size = s.in_channels * s.in_pixels();
      const float* from = input + n * size;
      float* to = output + n * s.out_channels * s.out_pixels();
      if (!limit_.holds(from, size, threads_)) {
        if (!fallback_.run(from, to)) return false;
      } else if (regions_ == 1) {
        run_whole(from, to, workspace);
      } else {
        run_regions(from, to, workspace);
      }
    }
    for (int worker = 0; worker < threads_; ++worker) {
      float* const lists = thread_scratch(workspace, worker).step.transform + transform_floats_;
      clear_list(lists, lists + from_floats_ + to_floats_);
    }
    return true;
  }

  ThreadScratch thread_scratch(float* workspace, int worker) const {
    float* memory = workspace + shared_floats_ + worker * thread_floats_;
    ThreadScratch scratch{};
    scratch.step.transform = memory;
    scratch.step.from = reinterpret_cast<const float**>(memory += transform_floats_);
    scratch.step.to = reinterpret_cast<float**>(memory += from_floats_);
    scratch.image = memory += to_floats_;
    scratch.inputs = memory += image_floats_;
    scratch.products = memory += input_floats_;
    scratch.result = memory + product_floats_;
    return scratch;
  }

  ShortRegion region_at(int64_t index) const {
    ShortRegion region{};
    region.index[2] = index % axis(2).regions();
    region.index[1] = index / axis(2).regions() % axis(1).regions();
    region.index[0] = index / axis(2).regions() / axis(1).regions();
    for (int i = 0; i < 3; ++i) {
      region.in.axis[i] = inputs(i, region.index[i]);
      region.out.axis[i] = axis(i).outputs(region.index[i]);
    }
    region.in.pitch = image_.pitch();
    region.out.pitch = result_pitch_;
    return region;
  }

  // The image as one region: each step shared among the threads.
  void run_whole(const float* input, float* output, float* workspace) const {
    const ConvShape& s = shape();
    ShortRegion region = region_at(0);
    float *const inputs = workspace + image_floats_, *const products = inputs + s.groups * input_floats_;
    region.image = image_.fill(input, workspace, kernels(), threads_);
    for (int i = 0; i < 3; ++i) region.in.axis[i] = {0, padded_.input[i]};
    region.result = s.layout == Layout::channels_last ? output : products + s.groups * product_floats_;
    each_part([&](const ShortPart& part) {
      // Calls step(region of a group, group, begin, end, worker) for the parts of each group's work.
      const auto share = [&](const Split& split, auto step) {
        parallel_for(threads_, s.groups * split.parts, [&](int64_t item, int worker) {
          const int64_t group = item / split.parts, i = item % split.parts;
          ShortRegion of = region;
          of.inputs = inputs + group * input_floats_;
          of.products = products + group * product_floats_;
          step(of, group, split.begin(i), split.end(i), worker);
        });
      };
      const auto scratch_of = [&](int worker) { return thread_scratch(workspace, worker).step; };
      // Six tiles an item: a transform of 256 channels takes about 20 µs.
      const Split tiles = Split::at_most(part.tiles(region.index), 6);
      const Split panels = threads_ > 1 ? Split::into(part.panels(), std::min<int64_t>(part.panels(), 8 * threads_))
                                        : Split::into(part.panels(), 1);
      share(tiles, [&](const ShortRegion& of, int64_t group, int64_t begin, int64_t end, int worker) {
        part.transform_inputs(of, group, begin, end, scratch_of(worker));
      });
      share(panels, [&](const ShortRegion& of, int64_t group, int64_t begin, int64_t end, int) {
        part.multiply(of, group, begin, end);
      });
      share(tiles, [&](const ShortRegion& of, int64_t group, int64_t begin, int64_t end, int worker) {
        part.transform_products(of, group, begin, end, scratch_of(worker));
      });
    });
    if (s.layout == Layout::channels_last) return;
    const Split chunks = Split::at_most(s.out_pixels(), 128);
    parallel_for(threads_, chunks.parts, [&](int64_t chunk, int) {
      const int64_t first = chunks.begin(chunk);
      kernels().transpose(region.result + first * result_pitch_, result_pitch_, output + first, s.out_pixels(),
                          chunks.size(chunk), s.out_channels);
    });
  }

  // Region by region, each on one thread.
  void run_regions(const float* input, float* output, float* workspace) const {
    const ConvShape& s = shape();
    const bool in_place = image_.floats() == 0, last = s.layout == Layout::channels_last;
    parallel_for(threads_, regions_, [&](int64_t item, int worker) {
      const ThreadScratch scratch = thread_scratch(workspace, worker);
      ShortRegion region = region_at(item);
      region.inputs = scratch.inputs;
      region.products = scratch.products;
      if (in_place) {
        region.image = input;
        for (int i = 0; i < 3; ++i) region.in.axis[i] = {0, s.input[i]};
      } else {
        fill_image(input, region.in, scratch.image);
        region.image = scratch.image;
      }
      region.result = last ? output : scratch.result;
      if (last) {
        for (int i = 0; i < 3; ++i) region.out.axis[i] = {0, s.output[i]};
      }
      each_part([&](const ShortPart& part) {
        const int64_t tiles = part.tiles(region.index);
        for (int64_t group = 0; group < s.groups; ++group) {
          part.transform_inputs(region, group, 0, tiles, scratch.step);
          part.multiply(region, group, 0, part.panels());
          part.transform_products(region, group, 0, tiles, scratch.step);
        }
      });
      if (!last) transpose_result(region, output);
    });
  }

  void fill_image(const float* input, const Box& box, float* image) const {
    const ConvShape& s = shape();
    const auto [planes, rows, columns] = box.axis;
    for (int64_t z = planes.begin; z < planes.begin + planes.size; ++z) {
      for (int64_t y = rows.begin; y < rows.begin + rows.size; ++y) {
        const int64_t pixel = (z * s.input[1] + y) * s.input[2] + columns.begin;
        float* to = image + box.offset(z, y, columns.begin);
        if (s.layout == Layout::channels_first) {
          kernels().transpose(input + pixel, s.in_pixels(), to, box.pitch, s.in_channels, columns.size);
        } else {
          for (int64_t x = 0; x < columns.size; ++x) {
            std::copy_n(input + (pixel + x) * s.in_channels, s.in_channels, to + x * box.pitch);
          }
        }
      }
    }
  }

  void transpose_result(const ShortRegion& region, float* output) const {
    const ConvShape& s = shape();
    const auto [planes, rows, columns] = region.out.axis;
    for (int64_t z = planes.begin; z < planes.begin + planes.size; ++z) {
      for (int64_t y = rows.begin; y < rows.begin + rows.size; ++y) {
        const int64_t pixel = (z * s.output[1] + y) * s.output[2] + columns.begin;
        kernels().transpose(region.result + region.out.offset(z, y, columns.begin), result_pitch_, output + pixel,
                            s.out_pixels(), columns.size, s.out_channels);
      }
    }
  }

  ShortScheme scheme_;
  ConvShape padded_;
  ChannelsLastImage image_;
  AlignedFloats zeros_;
  InputLimit limit_;
  DirectFallback fallback_;
  std::optional<ShortPart> parts_[ShortScheme::most_parts];  // the first one always
  int threads_ = 1;
  int64_t regions_ = 1, result_pitch_ = 0;
  // Parts of the workspace, in floats: shared by the threads, and of each.
  int64_t shared_floats_ = 0, thread_floats_ = 0;
  int64_t transform_floats_ = 0, from_floats_ = 0, to_floats_ = 0, image_floats_ = 0, input_floats_ = 0,
          product_floats_ = 0;
};

double cost(const PlanRequest& request) {
  if (!may_transform(request)) return not_accepted;
  ShortScheme scheme;
  return choose_scheme(request, &scheme) ? scheme.cycles : not_accepted;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  ShortScheme scheme;
  return choose_scheme(request, &scheme) ? create_winograd(request, scheme, sibling) : nullptr;
}

}  // namespace

std::shared_ptr<ConvPlan> create_winograd(const PlanRequest& request, const ShortScheme& scheme,
                                          const ConvPlan* sibling) {
  const auto* const lender =
      sibling && sibling->algorithm() == winograd_candidate.name && sibling->isa() == request.kernels->name
          ? static_cast<const WinogradPlan*>(sibling)
          : nullptr;
  PackedParts packed;
  for (int i = 0; i < ShortScheme::most_parts; ++i) {
    if (!scheme.has_part(i)) continue;
    const ShortScheme nest = scheme.part(i);
    if (lender) {
      lender->each_part([&](const ShortPart& part) {
        if (part.nest().same_weights(nest)) packed.of[i] = part.packed();
      });
    }
    if (!packed.of[i]) {
      packed.of[i] = transform_weights(request, nest, channel_blocks(request), request.kernels->lanes);
    }
    if (!packed.of[i]) return nullptr;
  }
  std::shared_ptr<WinogradPlan> plan(new (std::nothrow) WinogradPlan(request, scheme, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

const Candidate winograd_candidate{"winograd-k-lanes", cost, create};

}  // namespace atrous
