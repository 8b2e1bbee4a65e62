// What the probe's functions read from JavaScript: kernels by name, arrays at inaccessible pages, fields of an object.
#pragma once
#include <napi.h>

#include <cstring>
#include <string>

#include "isa/dispatch.hpp"
#include "plan/conv_shape.hpp"
#include "plan/workspace.hpp"
#include "probe/guarded_pages.hpp"

namespace atrous {

using Edge = GuardedFloats::Edge;

inline Napi::Value fail(Napi::Env env, const std::string& message) {
  Napi::Error::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

// Null, with an exception pending, for a name that is none.
inline const KernelTable* kernels_of(const Napi::Value& isa) {
  const std::string name = isa.ToString();
  const KernelTable* const kernels = find_kernels(name.c_str());
  if (!kernels) fail(isa.Env(), "no instruction set " + name);
  return kernels;
}

inline int integer(const Napi::Value& value) { return value.ToNumber().Int32Value(); }

inline Edge edge_of(const Napi::Value& name) {
  return name.ToString().Utf8Value() == "begin" ? Edge::begin : Edge::end;
}

inline GuardedFloats guarded(const char* name, const Napi::Value& array, Edge edge) {
  const Napi::Float32Array floats = array.As<Napi::Float32Array>();
  return GuardedFloats(name, floats.Data(), static_cast<int64_t>(floats.ElementLength()), edge);
}

inline void copy_back(GuardedFloats& from, const Napi::Value& array) {
  if (from.size() > 0) {
    std::memcpy(array.As<Napi::Float32Array>().Data(), from.data(), static_cast<size_t>(from.size()) * sizeof(float));
  }
}

// Arguments as the properties of a JavaScript object: those of a kernel are the fields of its tile in table.hpp, in
// camel case.
struct Fields {
  Napi::Object object;

  explicit Fields(const Napi::Value& value) : object(value.As<Napi::Object>()) {}

  ptrdiff_t operator[](const char* name) const {
    return static_cast<ptrdiff_t>(object.Get(name).ToNumber().Int64Value());
  }
  ptrdiff_t element(const char* name, uint32_t index) const {
    return static_cast<ptrdiff_t>(object.Get(name).As<Napi::Array>().Get(index).ToNumber().Int64Value());
  }
  std::string title() const { return object.Get("title").ToString(); }
};

inline ConvShape shape_of(const Napi::Value& integers) {
  ConvShape shape;
  std::memcpy(&shape, integers.As<Napi::Int32Array>().Data(), sizeof shape);
  return shape;
}

// Scratch that is lent next holds NaNs: what a plan reads before it writes it shows.
inline void poison_workspace(size_t bytes) {
  Workspace workspace(static_cast<int64_t>(bytes / sizeof(float)));
  if (workspace) std::memset(workspace.data(), 0xff, bytes);
}

}  // namespace atrous
