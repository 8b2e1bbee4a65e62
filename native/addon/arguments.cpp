// Arguments by bare Node-API calls: the C interface needs nothing but Node's headers, and costs half of what its C++
// wrapper does.
#include "addon/arguments.hpp"

#include "addon/errors.hpp"

namespace atrous {

bool read_floats(napi_env env, napi_value value, const char* name, FloatView* view, napi_value* error) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  // One call of 30 ns: node-addon-api's wrappers make five. `data` has the view's byte offset in it already.
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &view->buffer, nullptr) != napi_ok ||
      type != napi_float32_array) {
    *error = argument_type_error(env, "Expected %s to be a Float32Array", name);
    return false;
  }
  view->data = static_cast<float*>(data);
  view->length = static_cast<int64_t>(length);
  return true;
}

bool read_floats(napi_env env, napi_value value, const char* name, int64_t length, FloatView* view, napi_value* error) {
  if (!read_floats(env, value, name, view, error)) return false;
  if (view->length == length) return true;
  *error = argument_range_error(env, "Expected %s to have length %lld, received length %lld", name,
                                static_cast<long long>(length), static_cast<long long>(view->length));
  return false;
}

bool read_integers(napi_env env, napi_value value, const char* name, const int32_t** data, int64_t* length,
                   napi_value* error) {
  napi_typedarray_type type;
  size_t count;
  void* integers;
  napi_value buffer;
  bool unshared = false;
  if (napi_get_typedarray_info(env, value, &type, &count, &integers, &buffer, nullptr) != napi_ok ||
      type != napi_int32_array || napi_is_arraybuffer(env, buffer, &unshared) != napi_ok || !unshared) {
    *error = argument_type_error(env, "Expected %s to be an Int32Array of unshared memory", name);
    return false;
  }
  *data = static_cast<const int32_t*>(integers);
  *length = static_cast<int64_t>(count);
  return true;
}

bool read_number(napi_env env, napi_value value, const char* name, double* number, napi_value* error) {
  if (napi_get_value_double(env, value, number) == napi_ok) return true;
  *error = argument_type_error(env, "Expected %s to be a number", name);
  return false;
}

bool read_text(napi_env env, napi_value value, const char* name, char* text, size_t capacity, napi_value* error) {
  if (napi_get_value_string_utf8(env, value, text, capacity, nullptr) == napi_ok) return true;
  *error = argument_type_error(env, "Expected %s to be a string", name);
  return false;
}

bool is_null_or_undefined(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

}  // namespace atrous
