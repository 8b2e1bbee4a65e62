// Arguments of exported functions, read without trust. The readers make the error and leave throwing it to the caller,
// who may have to reject a promise instead.
#pragma once
#include <node_api.h>

#include <cstdint>

namespace atrous {

// A Float32Array's memory: null and 0 when its buffer is detached.
struct FloatView {
  float* data = nullptr;
  int64_t length = 0;
  napi_value buffer = nullptr;  // ArrayBuffer or SharedArrayBuffer
};

// False with *error set when `value` is no Float32Array. A fake prototype does not help: the engine looks at the object
// itself.
bool read_floats(napi_env env, napi_value value, const char* name, FloatView* view, napi_value* error);

// Also demands the length that a plan computed.
bool read_floats(napi_env env, napi_value value, const char* name, int64_t length, FloatView* view, napi_value* error);

// An Int32Array that no other thread can change: what was checked stays.
bool read_integers(napi_env env, napi_value value, const char* name, const int32_t** data, int64_t* length,
                   napi_value* error);

bool read_number(napi_env env, napi_value value, const char* name, double* number, napi_value* error);

// Texts of `capacity` bytes or more are cut: no name that is looked up is as long.
bool read_text(napi_env env, napi_value value, const char* name, char* text, size_t capacity, napi_value* error);

bool is_null_or_undefined(napi_env env, napi_value value);

}  // namespace atrous
